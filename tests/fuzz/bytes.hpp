// What fuzzers share: an input taken apart piece by piece, and what must hold.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

namespace tiffin::fuzz {

inline void require(bool condition) {
    if (!condition) std::abort();
}

/// An input. What is taken beyond its end is zero.
class Bytes {
public:
    explicit Bytes(std::span<std::uint8_t const> data) : data_{data} {}
    template <class T>
    T take() {
        T value{};
        auto const count = std::min(sizeof value, data_.size());
        std::memcpy(&value, data_.data(), count);
        data_ = data_.subspan(count);
        return value;
    }
    [[nodiscard]] bool empty() const { return data_.empty(); }

private:
    std::span<std::uint8_t const> data_;
};

}  // namespace tiffin::fuzz
