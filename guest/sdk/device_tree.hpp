// A reader for flattened device trees (Devicetree Specification, "Flattened Devicetree (DTB) Format") that trusts no length in
// them.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tiffin::sdk {

class DeviceTree {
public:
    struct Range {
        std::uint64_t base, size;
    };

    /// A tree without nodes.
    constexpr DeviceTree() = default;

    /// The tree at `blob`, or an empty one if the bytes are no device tree. Keeps a reference to `blob`.
    static DeviceTree in(std::span<std::byte const> blob);

    /// The tree at an address that a boot loader gave; 0 gives an empty tree. At most 2 MiB, as the boot protocol says.
    static DeviceTree at(std::uint64_t address);

    [[nodiscard]] bool empty() const { return structure_.empty(); }

    /// `/chosen`'s bootargs; empty if there are none.
    [[nodiscard]] std::string_view boot_arguments() const;

    /// Entry `index` of `reg` of the first enabled node, at any depth, that is compatible with `name`. Only the root's cell sizes
    /// are obeyed: on the `virt` map everything that an app looks for hangs on the root.
    [[nodiscard]] std::optional<Range> find_reg(std::string_view compatible, unsigned index = 0) const;

    /// Property `name` of the node that is number `index` of those compatible with `compatible`, in the order of the tree; empty if there
    /// is none. `compatible` stands before `name` in the node, as Tiffin writes it.
    [[nodiscard]] std::span<std::byte const> find_property(std::string_view compatible, unsigned index,
                                                           std::string_view name) const;

    /// The number in `count` (1 or 2) cells of a property, from byte `at` on, which must be there.
    [[nodiscard]] static std::uint64_t cells(std::span<std::byte const> bytes, std::size_t at, unsigned count);

private:
    struct Property {
        unsigned depth;         // 1: of the root node
        std::string_view node;  // the node that it belongs to, with its unit address
        std::string_view name;
        std::span<std::byte const> value;
    };
    class Walk;

    [[nodiscard]] static std::uint32_t big(std::span<std::byte const> bytes, std::size_t at);
    std::span<std::byte const> structure_{};
    std::span<std::byte const> strings_{};
};

/// The value of `key=` among space-separated arguments: value("a=1 b=2", "b") is "2".
std::optional<std::string_view> argument(std::string_view arguments, std::string_view key);

/// The same as an unsigned decimal number; `fallback` if it is absent, not a number, or above 2^64 - 1.
std::uint64_t argument(std::string_view arguments, std::string_view key, std::uint64_t fallback);

}  // namespace tiffin::sdk
