#include "tool/pack/ram.hpp"

#include <algorithm>

#include "base/addr.hpp"

namespace tiffin {

bool FreeRam::take_at(Range wanted) {
    for (std::size_t i = 0; i < free_.size(); ++i) {
        if (!contains(Pa{free_[i].base}, free_[i].size, Pa{wanted.base}, wanted.size)) continue;
        cut(i, wanted);
        return true;
    }
    return false;
}

std::optional<std::uint64_t> FreeRam::take(std::uint64_t size, std::uint64_t alignment, std::uint64_t floor) {
    for (std::size_t i = 0; i < free_.size(); ++i) {
        auto const base = align_up(std::max(free_[i].base, floor), alignment);
        if (!contains(Pa{free_[i].base}, free_[i].size, Pa{base}, size)) continue;
        cut(i, {base, size});
        return base;
    }
    return std::nullopt;
}

std::uint64_t FreeRam::free_at(std::uint64_t address) const {
    for (auto const& r : free_)
        if (address >= r.base && address - r.base < r.size) return r.base + r.size - address;
    return 0;
}

std::uint64_t FreeRam::total() const {
    std::uint64_t sum = 0;
    for (auto const& r : free_) sum += r.size;
    return sum;
}

void FreeRam::cut(std::size_t index, Range taken) {
    auto const old = free_[index];
    free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(index));
    auto const at = free_.begin() + static_cast<std::ptrdiff_t>(index);
    Range const below{old.base, taken.base - old.base};
    Range const above{taken.base + taken.size, old.base + old.size - taken.base - taken.size};
    std::vector<Range> rest;
    for (auto const& r : {below, above}) {
        if (r.size != 0) rest.push_back(r);
    }
    free_.insert(at, rest.begin(), rest.end());
}

}  // namespace tiffin
