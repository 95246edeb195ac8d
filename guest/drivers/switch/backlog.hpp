// Frames for ports that have no room just now. A port that takes nothing fills its own part and no more.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "abi/serve.hpp"
#include "guest/drivers/switch/frame.hpp"

namespace tiffin::net_switch {

class Backlog {
public:
    static constexpr std::size_t frames = 256, frames_a_port = 64;

    Backlog() {
        for (std::uint16_t i = 0; i < frames; ++i) free_[i] = i;
    }

    /// Keeps a copy behind those that `port` has waiting. False if it has enough of them, or all room is taken.
    bool add(std::uint32_t port, std::span<std::byte const> bytes) {
        Queue& q = queues_[port];
        if (q.count == frames_a_port || free_count_ == 0 || bytes.size() > sizeof(Frame::bytes)) return false;
        auto const place = free_[--free_count_];
        frames_[place].size = bytes.size();
        std::memcpy(frames_[place].bytes, bytes.data(), bytes.size());
        q.places[(q.first + q.count++) % frames_a_port] = place;
        return true;
    }

    [[nodiscard]] bool empty(std::uint32_t port) const { return queues_[port].count == 0; }
    /// The one that has waited longest; there is one.
    [[nodiscard]] std::span<std::byte const> first(std::uint32_t port) const {
        Queue const& q = queues_[port];
        Frame const& f = frames_[q.places[q.first]];
        return {f.bytes, f.size};
    }
    void drop_first(std::uint32_t port) {
        Queue& q = queues_[port];
        free_[free_count_++] = q.places[q.first];
        q.first = static_cast<std::uint16_t>((q.first + 1) % frames_a_port);
        --q.count;
    }
    void drop_all(std::uint32_t port) {
        while (!empty(port)) drop_first(port);
    }

private:
    struct Frame {
        std::size_t size{0};
        alignas(8) std::byte bytes[header + longest]{};
    };
    struct Queue {
        std::array<std::uint16_t, frames_a_port> places{};
        std::uint16_t first{0}, count{0};
    };

    std::array<Frame, frames> frames_{};
    std::array<std::uint16_t, frames> free_{};
    std::size_t free_count_{frames};
    std::array<Queue, abi::serve::max_devices> queues_{};
};

}  // namespace tiffin::net_switch
