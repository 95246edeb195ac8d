// What the couriers send to each other (guest/apps/courier, guest/linux/tiffin_channel): a number, words from a generator, a checksum.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "guest/sdk/random.hpp"

namespace tiffin::sdk {

class Letter {
public:
    static constexpr std::size_t most_words = 256, least_bytes = 24, most_bytes = most_words * 8;

    /// Letter `number` of a series, at most `longest` bytes (least_bytes..most_bytes) long.
    void write(std::uint64_t number, std::size_t longest) {
        count_ = 2 + mixed(number) % (longest / 8 - 1);
        words_[0] = number;
        for (std::size_t i = 1; i + 1 < count_; ++i) words_[i] = mixed(number << 20 | i);
        words_[count_ - 1] = checksum(count_ - 1);
    }
    [[nodiscard]] std::span<std::byte const> bytes() const { return std::as_bytes(std::span{words_, count_}); }
    /// Where a letter is received.
    [[nodiscard]] std::span<std::byte> room() { return std::as_writable_bytes(std::span{words_}); }
    /// Are the `size` bytes that were received letter `number`?
    [[nodiscard]] bool is_whole(std::size_t size, std::uint64_t number) const {
        auto const count = size / 8;
        return size % 8 == 0 && count >= 2 && count <= most_words && words_[0] == number &&
               words_[count - 1] == checksum(count - 1);
    }
    [[nodiscard]] std::uint64_t number() const { return words_[0]; }

private:
    [[nodiscard]] std::uint64_t checksum(std::size_t count) const {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < count; ++i) sum = mixed(sum ^ words_[i]);
        return sum;
    }

    std::uint64_t words_[most_words]{};
    std::size_t count_{0};
};

}  // namespace tiffin::sdk
