// A screen and two clients for tests of what is seen where.
#pragma once
#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <vector>

#include "guest/drivers/display/gpu.hpp"
#include "guest/sdk/serve_testing.hpp"

namespace tiffin::display::testing {

using abi::virtio::Type;
using protocol::Code;
using sdk::testing::Bytes;
using sdk::testing::bytes_of;
using sdk::testing::Clients;
using sdk::testing::operator+;

struct Wall final : Output {
    static constexpr std::int32_t wide = 80, high = 70;

    std::vector<std::uint32_t> pixels = std::vector<std::uint32_t>(wide * high, 0x99);
    [[nodiscard]] std::int32_t width() const override { return wide; }
    [[nodiscard]] std::int32_t height() const override { return high; }
    void show(Rect const& where, std::span<std::uint32_t const> shown) override {
        ASSERT_EQ(std::ssize(shown), std::ptrdiff_t{where.width} * where.height);
        for (std::int32_t i = 0; auto const pixel : shown) {
            auto const x = where.x + i % where.width, y = where.y + i / where.width;
            ASSERT_TRUE(x >= 0 && x < wide && y >= 0 && y < high) << x << ' ' << y;
            pixels[index_of(x, y)] = pixel & 0xff'ff'ff, ++i;
        }
        pieces += 1;
    }
    unsigned pieces{0};
    [[nodiscard]] static std::size_t index_of(std::int32_t x, std::int32_t y) {
        return static_cast<std::size_t>(y) * wide + static_cast<std::size_t>(x);
    }
    [[nodiscard]] std::uint32_t at(std::int32_t x, std::int32_t y) const { return pixels.at(index_of(x, y)); }
};

constexpr protocol::Header head(Code type, std::uint32_t flags = 0, std::uint64_t fence = 0) {
    return {.type = type, .flags = flags, .fence_id = fence, .context_id = 5, .padding = 0};
}

/// Two clients with windows of 20 by 10 at (0, 0) and (30, 20).
struct GpuTest : ::testing::Test {
    GpuTest() {
        for (std::uint16_t n = 0; n < 2; ++n) {
            auto const device = clients.add(Type::Gpu, n);
            protocol::Window const window{
                static_cast<std::uint16_t>(30 * n), static_cast<std::uint16_t>(20 * n), 20, 10, 0, 0, {}};
            std::memcpy(&clients.made[device].config[protocol::window_at / 8], &window, sizeof window);
            std::memcpy(&clients.made[device].config[protocol::owner_at / 8], n == 0 ? "tv" : "me", 2);
            clients.made[device].memory = Bytes(0x1'0000);
        }
        begin();
    }
    void begin() {
        server.emplace(clients);
        server->start();
        gpu = std::make_unique<Gpu>(server->devices(), wall);
        work();
    }
    void work() {
        for (unsigned n = 0; n < 2000 && server->round(*gpu); ++n) {
        }
    }
    template <class T>
    protocol::Header ask(T const& request, std::uint32_t device = 0, Bytes const& more = {}) {
        auto& posted = clients.post(device, 0, bytes_of(request) + more, sizeof(protocol::Header));
        work();
        EXPECT_TRUE(posted.done);
        protocol::Header answer{};
        std::memcpy(&answer, posted.room.data(), sizeof answer);
        return answer;
    }
    Code create(std::uint32_t id, std::uint32_t width = 20, std::uint32_t height = 10, std::uint32_t device = 0,
                protocol::Format format = protocol::Format::B8G8R8X8) {
        return ask(protocol::ResourceCreate2d{head(Code::ResourceCreate2d), id, format, width, height}, device).type;
    }
    Code attach(std::uint32_t id, std::vector<protocol::MemoryEntry> const& entries, std::uint32_t device = 0) {
        Bytes more;
        for (auto const& entry : entries) more = more + bytes_of(entry);
        return ask(protocol::AttachBacking{head(Code::ResourceAttachBacking), id, static_cast<std::uint32_t>(entries.size())},
                   device, more)
            .type;
    }
    Code show(std::uint32_t id, protocol::Rectangle part = {0, 0, 20, 10}, std::uint32_t device = 0) {
        return ask(protocol::SetScanout{head(Code::SetScanout), part, 0, id}, device).type;
    }
    Code flush(std::uint32_t id, protocol::Rectangle part = {0, 0, 20, 10}, std::uint32_t device = 0) {
        return ask(protocol::ResourceFlush{head(Code::ResourceFlush), part, id, 0}, device).type;
    }
    void put(std::uint64_t at, std::uint32_t pixel, std::uint32_t device = 0) {
        std::memcpy(clients.made[device].memory.data() + at, &pixel, sizeof pixel);
    }
    /// A picture of the window's size, each pixel of which says where it is, in one piece at 0x1000.
    void make_picture(std::uint32_t id, std::uint32_t device = 0) {
        for (std::uint32_t i = 0; i < 200; ++i) put(0x1000 + 4 * i, 0xff00'0100u + i, device);
        EXPECT_EQ(create(id, 20, 10, device), Code::OkNoData);
        EXPECT_EQ(attach(id, {{0x1000, 800, 0}}, device), Code::OkNoData);
        EXPECT_EQ(show(id, {0, 0, 20, 10}, device), Code::OkNoData);
    }

    Clients clients;
    Wall wall;
    std::optional<sdk::Server> server;
    std::unique_ptr<Gpu> gpu;
};

}  // namespace tiffin::display::testing
