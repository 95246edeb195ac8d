// Clients made up by a test: they post requests, and look at what a server made of them. For host tests only.
#pragma once
#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include "guest/sdk/virtio_server.hpp"

namespace tiffin::sdk::testing {

using Bytes = std::vector<std::byte>;

inline Bytes bytes(std::string_view text) {
    Bytes all(text.size());
    std::memcpy(all.data(), text.data(), text.size());
    return all;
}

inline std::string_view text(Bytes const& all) { return {reinterpret_cast<char const*>(all.data()), all.size()}; }

template <class T>
Bytes bytes_of(T const& value) {
    Bytes all(sizeof value);
    std::memcpy(all.data(), &value, sizeof value);
    return all;
}

inline Bytes operator+(Bytes left, Bytes const& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

struct Posted {
    Bytes sent, room;
    bool given{false}, done{false}, told{false};
    std::uint64_t length{0};  // that the used ring says

    /// What the client finds in its room.
    [[nodiscard]] Bytes answer() const {
        return {room.begin(), room.begin() + static_cast<std::ptrdiff_t>(std::min(length, room.size()))};
    }
};

class Clients final : public ServeCalls {
public:
    struct Made {
        abi::virtio::Type type{};
        std::uint64_t client{0}, offered{0}, accepted{0}, status{abi::virtio::driver_ok}, life{0};
        bool started{false};
        std::array<std::uint64_t, 8> config{};
        std::array<std::deque<Posted>, abi::serve::max_queues> queues{};
        Bytes memory{};  // of the client, from address 0 on: what it may attach
        struct Piece {
            std::uint64_t at{0}, note{0};
            std::uint32_t bytes{0};
        };
        std::vector<Piece> pieces = std::vector<Piece>(abi::serve::max_pieces);
    };

    std::uint32_t add(abi::virtio::Type type, std::uint64_t client, std::uint64_t features = 0) {
        made.push_back({.type = type, .client = client, .offered = features, .accepted = features});
        return static_cast<std::uint32_t>(made.size()) - 1;
    }
    /// The reference holds however many are posted later.
    Posted& post(std::uint32_t device, std::uint32_t queue, Bytes sent, std::size_t room = 0) {
        bells |= 1ull << device;
        return made[device].queues[queue].emplace_back(Posted{.sent = std::move(sent), .room = Bytes(room)});
    }
    void reset(std::uint32_t device) {
        for (auto& queue : made[device].queues)
            for (auto& p : queue) p.given = true;
        for (auto& piece : made[device].pieces) piece = {};
        ++made[device].life;
        ++tag_;
        bells |= 1ull << device;
    }

    std::vector<Made> made;
    std::uint64_t bells{0};
    std::uint64_t most_a_call{abi::serve::max_copy};  // fewer: as if pages had to be copied first
    bool no_ram{false};                               // the client's buffers are nowhere

    bool start(std::uint32_t device) override {
        bells |= 1ull << device;
        return made[device].started = true;
    }
    std::optional<Next> next(std::uint32_t device, std::uint32_t queue, std::span<std::byte> buffer) override {
        auto& posted = made[device].queues[queue];
        if (!made[device].started) return std::nullopt;
        for (std::size_t i = 0; i < posted.size(); ++i) {
            if (posted[i].given) continue;
            posted[i].given = true;
            auto const handle = device | queue << 8 | i << 16 | tag_ << 48;
            return Next{handle, posted[i].sent.size(), posted[i].room.size(), read(handle, 0, buffer).value_or(0)};
        }
        for (auto& p : posted) p.told = p.done;
        return std::nullopt;
    }
    Copied read(std::uint64_t handle, std::uint64_t offset, std::span<std::byte> into) override {
        auto* const p = find(handle);
        return p == nullptr ? Copied{}
                            : copy(p->sent, offset, into.size(), [&](auto from, auto n) { std::copy_n(from, n, into.begin()); });
    }
    Copied write(std::uint64_t handle, std::uint64_t offset, std::span<std::byte const> from) override {
        auto* const p = find(handle);
        return p == nullptr ? Copied{}
                            : copy(p->room, offset, from.size(), [&](auto to, auto n) { std::copy_n(from.begin(), n, to); });
    }
    Copied complete(std::uint64_t handle, std::uint64_t offset, std::span<std::byte const> last, bool more) override {
        auto const copied = write(handle, offset, last);
        if (!copied || *copied != last.size()) return copied;
        auto* const p = find(handle);
        p->length = offset + last.size();
        p->done = true;
        p->told |= !more;
        return copied;
    }
    std::uint64_t news() override { return std::exchange(bells, 0); }
    std::optional<std::uint64_t> info(std::uint32_t device, abi::serve::Fact fact) override {
        if (device >= made.size()) return std::nullopt;
        auto const& d = made[device];
        using enum abi::serve::Fact;
        switch (fact) {
            case Type: return static_cast<std::uint64_t>(d.type);
            case Client: return d.client;
            case Features: return d.accepted;
            case Status: return d.status;
            case Queues: return d.queues.size();
            case Life: return d.life;
            case Offered: return d.offered;
            default: return d.config.at(static_cast<std::size_t>(fact) - static_cast<std::size_t>(Config));
        }
    }
    void config(std::uint32_t device, std::uint32_t offset, std::uint64_t value) override {
        made[device].config.at(offset / 8) = value;
    }
    Copied attach(std::uint64_t handle, std::uint32_t first, std::uint32_t count, std::uint32_t place,
                  std::uint64_t note) override {
        auto* const p = find(handle);
        namespace gpu = abi::virtio::gpu;
        gpu::AttachBacking request{};
        if (p == nullptr || p->sent.size() < sizeof request + (std::size_t{first} + count) * sizeof(gpu::MemoryEntry))
            return std::nullopt;
        std::memcpy(&request, p->sent.data(), sizeof request);
        auto& pieces = made[handle & 0xff].pieces;
        if (request.header.type != gpu::Code::ResourceAttachBacking || first + count > request.entries ||
            place + count > pieces.size())
            return std::nullopt;
        for (std::uint32_t i = 0; i < count; ++i) {
            gpu::MemoryEntry entry{};
            std::memcpy(&entry, p->sent.data() + sizeof request + (first + i) * sizeof entry, sizeof entry);
            pieces[place + i] = {.at = entry.address, .note = note, .bytes = entry.length};
        }
        return count;
    }
    void detach(std::uint32_t device, std::uint32_t place, std::uint32_t count) override {
        for (std::uint32_t i = 0; i < count; ++i) made[device].pieces.at(place + i) = {};
    }
    Copied look(std::uint32_t device, std::uint32_t place, std::uint32_t offset, std::span<std::byte> into) override {
        auto const& piece = made[device].pieces.at(place);
        auto const& memory = made[device].memory;
        if (piece.bytes == 0 || offset > piece.bytes) return std::nullopt;
        auto const from = piece.at + offset;
        if (no_ram || from >= memory.size()) return 0;
        auto const n = std::min({into.size(), static_cast<std::size_t>(piece.bytes - offset),
                                 static_cast<std::size_t>(memory.size() - from), static_cast<std::size_t>(most_a_call)});
        std::copy_n(memory.begin() + static_cast<std::ptrdiff_t>(from), n, into.begin());
        return n;
    }
    std::optional<Attached> attached(std::uint32_t device, std::uint32_t place) override {
        auto const& piece = made[device].pieces.at(place);
        if (piece.bytes == 0) return std::nullopt;
        return Attached{piece.bytes, piece.note};
    }

private:
    Posted* find(std::uint64_t handle) {
        auto& p = made.at(handle & 0xff).queues.at(handle >> 8 & 0xff).at(handle >> 16 & 0xffff);
        return p.done || handle >> 48 != tag_ ? nullptr : &p;
    }
    template <class Move>
    Copied copy(Bytes& side, std::uint64_t offset, std::size_t size, Move move) const {
        if (no_ram || offset >= side.size()) return 0;
        auto const n = std::min({size, side.size() - offset, static_cast<std::size_t>(most_a_call)});
        move(side.begin() + static_cast<std::ptrdiff_t>(offset), n);
        return n;
    }

    std::uint64_t tag_{0};
};

}  // namespace tiffin::sdk::testing
