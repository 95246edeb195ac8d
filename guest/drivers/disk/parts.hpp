// Which bytes of the store are whose: `disk.parts=4M,512K`, or `disk.partitions=1,3` of its own table; in the order of the devices.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "abi/serve.hpp"

namespace tiffin::disk {

inline constexpr std::uint64_t sector_bytes = 512;

/// A client's piece of the store.
struct Part {
    std::uint64_t begin{0}, size{0};

    [[nodiscard]] constexpr std::uint64_t sectors() const { return size / sector_bytes; }

    /// Where in the store `bytes` bytes at `sector` lie; nothing if they are not whole sectors, or not all in this part.
    [[nodiscard]] constexpr std::optional<std::uint64_t> find(std::uint64_t sector, std::uint64_t bytes) const {
        if (bytes % sector_bytes != 0 || sector > sectors() || bytes > (sectors() - sector) * sector_bytes) return std::nullopt;
        return begin + sector * sector_bytes;
    }
};

/// All parts, one behind the other.
class Parts {
public:
    /// As `text` says; without one, equal parts for `devices` devices. Nothing if the text is malformed, or asks for more than `size`.
    static std::optional<Parts> make(std::optional<std::string_view> text, std::uint64_t size, std::size_t devices);

    /// As the text says, which numbers partitions: `part(n)` is one of them, or nothing. Nothing if the text is malformed, or names a
    /// partition that is not there or that others overlap.
    template <class Find>
    static std::optional<Parts> of_partitions(std::string_view text, Find part) {
        Parts parts;
        do {
            auto const number = take_number(text);
            auto const one = number ? part(*number) : std::nullopt;
            if (!one || !parts.take(*one)) return std::nullopt;
        } while (!text.empty());
        return parts;
    }

    /// An empty part for a device that has none.
    [[nodiscard]] Part of(std::size_t device) const { return device < count_ ? parts_[device] : Part{}; }

private:
    /// Takes "3" and the comma behind it off the text.
    static std::optional<std::uint64_t> take_number(std::string_view& text);
    bool add(std::uint64_t size, std::uint64_t limit);
    bool take(Part part);

    std::array<Part, abi::serve::max_devices> parts_{};
    std::size_t count_{0};
    std::uint64_t used_{0};
};

}  // namespace tiffin::disk
