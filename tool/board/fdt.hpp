// Reading a flattened device tree with the care that a file from outside needs: a small layer over libfdt that knows cells,
// address translation ("ranges") and interrupt parents. Devicetree Specification v0.4, chapter "Devicetree Basics".
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tiffin {

struct Range {
    std::uint64_t base{0}, size{0};
    friend bool operator==(Range const&, Range const&) = default;
};

constexpr bool overlaps(Range a, Range b) { return a.base < b.base ? a.size > b.base - a.base : b.size > a.base - b.base; }

class Fdt {
public:
    /// Nothing if `blob` is no well-formed device tree.
    static std::optional<Fdt> open(std::vector<std::byte> blob);

    [[nodiscard]] void const* data() const { return blob_.data(); }
    /// Offset of the node at `path` (or alias), or -1.
    [[nodiscard]] int node(std::string_view path) const;
    /// All nodes in tree order, without the root.
    [[nodiscard]] std::vector<int> nodes() const;
    [[nodiscard]] std::vector<int> children(int node) const;
    [[nodiscard]] int parent(int node) const;
    [[nodiscard]] std::string path(int node) const;
    [[nodiscard]] std::string name(int node) const;

    [[nodiscard]] std::span<std::byte const> property(int node, char const* name) const;
    [[nodiscard]] bool has(int node, char const* name) const;
    /// The first string of a property, or empty.
    [[nodiscard]] std::string text(int node, char const* name) const;
    [[nodiscard]] std::vector<std::string> texts(int node, char const* name) const;
    [[nodiscard]] std::vector<std::uint32_t> cells(int node, char const* name) const;
    [[nodiscard]] bool is_compatible(int node, std::string_view name) const;
    [[nodiscard]] bool is_enabled(int node) const;

    /// "reg", translated to CPU addresses. Empty if there is none or a bus on the way has no mapping for it.
    [[nodiscard]] std::vector<Range> reg(int node) const;

    /// The /memreserve/ entries.
    [[nodiscard]] std::vector<Range> memory_reservations() const;

    struct Interrupt {
        std::uint32_t intid;
        bool edge;
    };
    /// "interrupts" of a node whose interrupt parent is the GIC at `gic`; SPIs and PPIs as INTIDs.
    [[nodiscard]] std::vector<Interrupt> interrupts(int node, int gic) const;

private:
    explicit Fdt(std::vector<std::byte> blob) : blob_{std::move(blob)} {}
    [[nodiscard]] unsigned address_cells(int node) const;
    [[nodiscard]] unsigned size_cells(int node) const;
    [[nodiscard]] std::optional<std::uint64_t> translate(int bus, std::uint64_t address) const;
    [[nodiscard]] int interrupt_parent(int node) const;

    std::vector<std::byte> blob_;
};

}  // namespace tiffin
