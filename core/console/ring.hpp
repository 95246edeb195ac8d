// A byte queue of fixed capacity. Indices run freely and wrap with their type: head == tail is empty, no slot is wasted.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tiffin {

/// `Capacity` is a power of two.
template <std::size_t Capacity>
class ByteRing {
    static_assert(Capacity > 0 && (Capacity & (Capacity - 1)) == 0 && Capacity <= 1u << 31);

public:
    [[nodiscard]] constexpr bool empty() const { return head_ == tail_; }
    [[nodiscard]] constexpr std::size_t size() const { return tail_ - head_; }
    [[nodiscard]] constexpr std::size_t room() const { return Capacity - size(); }

    /// The oldest byte. Only when not empty.
    [[nodiscard]] constexpr char front() const { return bytes_[head_ & (Capacity - 1)]; }
    constexpr void pop(std::uint32_t count = 1) { head_ += count; }
    /// The oldest bytes that lie behind each other, `most` of them or fewer.
    [[nodiscard]] constexpr std::string_view front_run(std::size_t most) const {
        std::size_t const at = head_ & (Capacity - 1), to_end = Capacity - at;
        auto const count = size() < to_end ? size() : to_end;
        return {bytes_ + at, count < most ? count : most};
    }
    constexpr void clear() { head_ = tail_; }

    /// False, and nothing is stored, when full.
    constexpr bool push(char c) {
        if (room() == 0) return false;
        push_into_room(c);
        return true;
    }
    /// As much of `text` as there is room for.
    void push(std::string_view text) {
        for (std::size_t left = text.size() < room() ? text.size() : room(); left != 0;) {
            std::size_t const at = tail_ & (Capacity - 1), to_end = Capacity - at;
            auto const run = left < to_end ? left : to_end;
            std::copy_n(text.begin(), run, bytes_ + at);
            text.remove_prefix(run);
            tail_ += static_cast<std::uint32_t>(run);
            left -= run;
        }
    }
    /// Only when room() is not 0: for loops that have checked for all their bytes at once.
    constexpr void push_into_room(char c) { bytes_[tail_++ & (Capacity - 1)] = c; }

private:
    char bytes_[Capacity]{};
    std::uint32_t head_{0}, tail_{0};
};

}  // namespace tiffin
