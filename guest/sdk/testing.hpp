// Device trees made by hand, for tests. Host only.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tiffin::sdk::testing {

/// Writes the flattened format by hand (Devicetree Specification, "Flattened Devicetree (DTB) Format"): the reader's independent
/// check.
class Blob {
public:
    Blob& node(std::string const& name) { return word(1).text(name); }
    Blob& end() { return word(2); }
    Blob& prop(std::string const& name, std::string const& value) {
        word(3).word(static_cast<std::uint32_t>(value.size())).word(static_cast<std::uint32_t>(strings_.size()));
        strings_ += name + '\0';
        structure_ += value;
        return pad();
    }
    std::vector<std::byte> bytes() {
        word(9);
        std::string out;
        auto const strings_at = static_cast<std::uint32_t>(40 + structure_.size());
        auto const total = strings_at + static_cast<std::uint32_t>(strings_.size());
        for (auto const v : {0xd00dfeedu, total, 40u, strings_at, 0u, 17u, 16u, 0u, static_cast<std::uint32_t>(strings_.size()),
                             static_cast<std::uint32_t>(structure_.size())})
            out += big(v);
        out += structure_ + strings_;
        auto const* data = reinterpret_cast<std::byte const*>(out.data());
        return {data, data + out.size()};
    }
    static std::string big(std::uint32_t v) {
        return {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8), static_cast<char>(v)};
    }
    static std::string range(std::uint32_t base, std::uint32_t size) { return big(0) + big(base) + big(0) + big(size); }

private:
    Blob& word(std::uint32_t v) { return structure_ += big(v), *this; }
    Blob& text(std::string const& t) { return structure_ += t + '\0', pad(); }
    Blob& pad() {
        while (structure_.size() % 4 != 0) structure_ += '\0';
        return *this;
    }
    std::string structure_, strings_;
};

}  // namespace tiffin::sdk::testing
