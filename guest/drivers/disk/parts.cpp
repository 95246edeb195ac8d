#include "guest/drivers/disk/parts.hpp"

#include <algorithm>
#include <span>

namespace tiffin::disk {

namespace {

std::optional<std::uint64_t> take_digits(std::string_view& text) {
    std::uint64_t value = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, text[digits] - '0', &value))
            return std::nullopt;
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
    return value;
}

/// The comma before the next item, or the end. False: neither.
bool take_comma(std::string_view& text) {
    bool const goes_on = text.starts_with(',') && text.size() > 1;
    bool const well = text.empty() || goes_on;
    if (goes_on) text.remove_prefix(1);
    return well;
}

/// Takes "512K", "4M" or "4096" and the comma behind it off the text.
std::optional<std::uint64_t> take_size(std::string_view& text) {
    auto value = take_digits(text);
    if (!value) return std::nullopt;
    std::uint64_t const unit = text.starts_with('K') ? 1 << 10 : text.starts_with('M') ? 1 << 20 : 1;
    if (unit != 1) text.remove_prefix(1);
    if (__builtin_mul_overflow(*value, unit, &*value) || !take_comma(text)) return std::nullopt;
    return value;
}

}  // namespace

bool Parts::add(std::uint64_t size, std::uint64_t limit) {
    if (count_ == parts_.size() || size % sector_bytes != 0 || size > limit - used_) return false;
    parts_[count_++] = {used_, size};
    used_ += size;
    return true;
}

std::optional<std::uint64_t> Parts::take_number(std::string_view& text) {
    auto const value = take_digits(text);
    return value && take_comma(text) ? value : std::nullopt;
}

bool Parts::take(Part part) {
    auto const overlaps = [&](Part const& other) {
        return part.begin < other.begin + other.size && other.begin < part.begin + part.size;
    };
    auto const taken = std::span{parts_}.first(count_);
    if (count_ == parts_.size() || std::ranges::any_of(taken, overlaps)) return false;
    parts_[count_++] = part;
    return true;
}

std::optional<Parts> Parts::make(std::optional<std::string_view> text, std::uint64_t size, std::size_t devices) {
    Parts parts;
    if (!text) {
        for (std::size_t i = 0; i < devices; ++i)
            if (!parts.add(size / devices / sector_bytes * sector_bytes, size)) return std::nullopt;
        return parts;
    }
    do {
        auto const one = take_size(*text);
        if (!one || !parts.add(*one, size)) return std::nullopt;
    } while (!text->empty());
    return parts;
}

}  // namespace tiffin::disk
