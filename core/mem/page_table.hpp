// One builder and walker of translation tables, for EL2's own stage 1 and the guests' stage 2.
//
//   root (level 1) --[1 GiB]--> level 2 --[2 MiB]--> level 3 --[4 KiB]--> page
//        \-- block, where input, output and size allow ---/
//
// Tables lie in memory that EL2 reaches at its physical address.
#pragma once
#include <cstdint>

#include "armv8/translation.hpp"
#include "core/mem/pool.hpp"

namespace tiffin {

class PageTable {
public:
    PageTable() = default;
    explicit PageTable(Pa root) : root_{root} {}

    /// Maps [input, + size) to [output, + size) in the largest leaves that fit. All 4 KiB aligned; nothing there was mapped
    /// before.
    void map(Pool& pool, std::uint64_t input, Pa output, std::uint64_t size, std::uint64_t attributes) {
        while (size != 0) {
            unsigned const level = leaf_level(input, output, size);
            *entry(pool, input, level) = armv8::Descriptor::leaf(output, level, attributes);
            auto const step = armv8::geometry::span(level);
            input += step;
            output = output + step;
            size -= step;
        }
    }

    /// The level-3 descriptor that `input` has, or nullptr if it is reached by a block or not at all.
    [[nodiscard]] std::uint64_t* page(std::uint64_t input) const {
        namespace g = armv8::geometry;
        std::uint64_t* table = words(root_);
        for (unsigned level = g::first_level; level < g::last_level; ++level) {
            auto const descriptor = table[g::index(input, level)];
            if (!armv8::Descriptor::is_table(descriptor, level)) return nullptr;
            table = words(armv8::Descriptor::address(descriptor));
        }
        return &table[g::index(input, g::last_level)];
    }

    [[nodiscard]] Pa root() const { return root_; }

private:
    static std::uint64_t* words(Pa table) { return reinterpret_cast<std::uint64_t*>(table.raw()); }

    static unsigned leaf_level(std::uint64_t input, Pa output, std::uint64_t size) {
        namespace g = armv8::geometry;
        for (unsigned level = g::first_level; level < g::last_level; ++level)
            if (((input | output.raw()) & (g::span(level) - 1)) == 0 && size >= g::span(level)) return level;
        return g::last_level;
    }

    /// The descriptor for `input` at `level`; makes the tables above it.
    std::uint64_t* entry(Pool& pool, std::uint64_t input, unsigned level) {
        namespace g = armv8::geometry;
        std::uint64_t* table = words(root_);
        for (unsigned at = g::first_level; at < level; ++at) {
            auto& descriptor = table[g::index(input, at)];
            if (!armv8::Descriptor::is_valid(descriptor)) descriptor = armv8::Descriptor::table(pool.take(page_size, page_size));
            TIFFIN_INVARIANT(armv8::Descriptor::is_table(descriptor, at));
            table = words(armv8::Descriptor::address(descriptor));
        }
        return &table[g::index(input, level)];
    }

    Pa root_{0};
};

}  // namespace tiffin
