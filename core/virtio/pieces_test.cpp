// Memory that the client of a GPU device has attached, as its server may look at it.
#include <gtest/gtest.h>

#include "core/lifecycle/lifecycle.hpp"
#include "core/virtio/testing.hpp"

namespace tiffin {
namespace {

using namespace testing;
namespace gpu = v::gpu;
using abi::Call;

constexpr std::uint64_t picture = guest_ram + 0xf000;

struct ScreenBoard : VirtioBoard {
    ScreenBoard() : VirtioBoard{{VmSpec{.served_by = {1}, .device = v::Type::Gpu}, VmSpec{}}} {
        driver.start();
        std::memcpy(driver.ram(picture), "what the client shows", 21);
    }

    /// The client's request, as the server has it.
    std::uint64_t request(std::vector<gpu::MemoryEntry> const& entries, gpu::Code type = gpu::Code::ResourceAttachBacking,
                          std::uint32_t said = ~0u) {
        gpu::AttachBacking const head{.header = {.type = type, .flags = 0, .fence_id = 0, .context_id = 0, .padding = 0},
                                      .resource_id = 1,
                                      .entries = said == ~0u ? static_cast<std::uint32_t>(entries.size()) : said};
        std::string text(sizeof head + entries.size() * sizeof(gpu::MemoryEntry), '\0');
        std::memcpy(text.data(), &head, sizeof head);
        std::memcpy(text.data() + sizeof head, entries.data(), text.size() - sizeof head);
        std::ignore = driver.post(text, 24);
        return static_cast<std::uint64_t>(server.next().x0);
    }
    /// One piece of 21 bytes at place 5.
    void attach() { EXPECT_EQ(server.call(Call::ServeAttach, {request({{picture, 21, 0}}), 0, 1, 5, 77}).x0, 1); }
    [[nodiscard]] Answer look(std::uint32_t place, std::uint32_t offset = 0, std::uint64_t bytes = 64) const {
        return server.call(Call::ServeLook, {0, abi::serve::look_at(place, offset), Server::buffer, bytes});
    }
    [[nodiscard]] Answer attached(std::uint64_t place) const { return server.call(Call::ServeAttached, {0, place}); }
};

TEST(Pieces, WhatTheClientAttachedIsSeenAndNothingBehindIt) {
    ScreenBoard board;
    board.attach();
    EXPECT_EQ(board.look(5).x0, 21);
    EXPECT_EQ(board.server.text(21), "what the client shows");
    EXPECT_EQ(board.look(5, 9).x0, 12);
    EXPECT_EQ(board.server.text(12), "client shows");
    EXPECT_EQ(board.look(5, 21).x0, 0);
    EXPECT_EQ(board.look(5, 22).x0, invalid);
    EXPECT_EQ(board.look(5, ~0u).x0, invalid);
}

TEST(Pieces, WhatIsCopiedIsCountedForTheClient) {
    ScreenBoard board;
    board.attach();
    auto const before = board.vm(0).copied;
    for (std::uint32_t const offset : {0u, 9u, 22u}) std::ignore = board.look(5, offset);
    EXPECT_EQ(board.vm(0).copied, before + 33);
    EXPECT_EQ(board.vm(1).copied, 0u);
}

TEST(Pieces, OtherPlacesAreEmpty) {
    ScreenBoard board;
    board.attach();
    EXPECT_EQ(board.look(4).x0, gone);
    EXPECT_EQ(board.look(6).x0, gone);
    EXPECT_EQ(board.attached(4).x0, gone);
    EXPECT_EQ(board.attached(5).x1, 21u);
    EXPECT_EQ(board.attached(5).x2, 77u);
    EXPECT_EQ(board.look(abi::serve::max_pieces).x0, invalid);
    EXPECT_EQ(board.attached(1ull << 32).x0, invalid);
}

TEST(Pieces, ARequestOfAnotherKindNamesNothing) {
    ScreenBoard board;
    auto const other = board.request({{picture, 21, 0}}, gpu::Code::ResourceDetachBacking);
    EXPECT_EQ(board.server.call(Call::ServeAttach, {other, 0, 1, 5, 0}).x0, invalid);
    EXPECT_EQ(board.look(5).x0, gone);
}

TEST(Pieces, EntriesThatTheClientDidNotPostAreNone) {
    ScreenBoard board;
    auto const request = board.request({{picture, 21, 0}, {picture + 21, 1, 0}}, gpu::Code::ResourceAttachBacking, 3);
    auto const attach = [&](std::uint64_t first, std::uint64_t count, std::uint64_t place = 0) {
        return board.server.call(Call::ServeAttach, {request, first, count, place, 0}).x0;
    };
    EXPECT_EQ(attach(2, 1), invalid) << "it says three, and sends two";
    EXPECT_EQ(attach(3, 1), invalid);
    EXPECT_EQ(attach(~0ull, 1), invalid);
    EXPECT_EQ(attach(0, 0), invalid);
    EXPECT_EQ(attach(0, abi::serve::max_attach + 1), invalid);
    EXPECT_EQ(attach(0, 2, abi::serve::max_pieces - 1), invalid);
    EXPECT_EQ(attach(0, 2, ~0ull), invalid);
    EXPECT_EQ(attach(1, 1), 1);
    EXPECT_EQ(board.attached(0).x1, 1u);
}

TEST(Pieces, WhatIsNotTheClientsRamIsNotSeen) {
    ScreenBoard board;
    auto const request = board.request({{guest_ram - 4096, 4096, 0}, {~0ull - 8, 4096, 0}, {guest_ram + (1ull << 40), 64, 0}});
    EXPECT_EQ(board.server.call(Call::ServeAttach, {request, 0, 3, 0, 0}).x0, 3);
    for (std::uint32_t place = 0; place < 3; ++place) EXPECT_EQ(board.look(place).x0, 0) << place;
}

TEST(Pieces, OneLookCopiesFivePagesAtMost) {
    ScreenBoard board;
    EXPECT_EQ(board.server.call(Call::ServeAttach, {board.request({{guest_ram, 6 * page_size, 0}}), 0, 1, 0, 0}).x0, 1);
    EXPECT_EQ(board.look(0, 0, ~0ull).x0, static_cast<std::int64_t>(abi::serve::max_look));
    EXPECT_EQ(board.look(0, 5 * page_size, ~0ull).x0, static_cast<std::int64_t>(page_size)) << "to the piece's end";
}

TEST(Pieces, TheServersBufferMustBeItsOwn) {
    ScreenBoard board;
    board.attach();
    EXPECT_EQ(board.server.call(Call::ServeLook, {0, 5, guest_ram - 4096, 21}).x0, 0);
}

TEST(Pieces, StayWhenTheServerStartsAnewAndGoWithTheClientsDriver) {
    ScreenBoard board;
    board.attach();
    virtio::leave(*board.vcpu(1).vm);
    EXPECT_EQ(board.look(5).x0, not_permitted) << "before ServeStart";
    std::ignore = board.server.start();
    EXPECT_EQ(board.attached(5).x2, 77u);
    EXPECT_EQ(board.look(5).x0, 21);
    virtio::reset(board.device);
    EXPECT_EQ(board.look(5).x0, gone);
    EXPECT_EQ(board.attached(5).x0, gone);
}

TEST(Pieces, AreEmptyWhenTheServerSaysSo) {
    ScreenBoard board;
    board.attach();
    EXPECT_EQ(board.server.call(Call::ServeDetach, {0, 6, 256}).x0, 0);
    EXPECT_EQ(board.look(5).x0, 21);
    EXPECT_EQ(board.server.call(Call::ServeDetach, {0, 5, abi::serve::max_detach + 1}).x0, invalid);
    EXPECT_EQ(board.server.call(Call::ServeDetach, {0, abi::serve::max_pieces, 1}).x0, invalid);
    EXPECT_EQ(board.server.call(Call::ServeDetach, {0, 5, 1}).x0, 0);
    EXPECT_EQ(board.look(5).x0, gone);
}

TEST(Pieces, OtherDevicesHaveNone) {
    VirtioBoard board;
    board.driver.start();
    std::ignore = board.driver.post("x");
    auto const handle = static_cast<std::uint64_t>(board.server.next().x0);
    EXPECT_EQ(board.server.call(Call::ServeAttach, {handle, 0, 1, 0, 0}).x0, invalid);
    EXPECT_EQ(board.server.call(Call::ServeLook, {0, 0, Server::buffer, 8}).x0, invalid);
    EXPECT_EQ(board.server.call(Call::ServeAttached, {0, 0}).x0, invalid);
    EXPECT_EQ(board.server.call(Call::ServeDetach, {0, 0, 1}).x0, invalid);
    EXPECT_EQ(board.server.call(Call::ServeLook, {1, 0, Server::buffer, 8}).x0, invalid) << "no such device";
}

}  // namespace
}  // namespace tiffin
