// What the loader's device tree tells: whether the board has the memory that the plan counts on, and, before there is a plan to
// believe, where to print. Nothing else is read from it. Source: Devicetree Specification, "Flattened Devicetree (DTB) Format":
// header, structure block, `/memory` node with `reg`.
#include "base/addr.hpp"
#include "core/console/format.hpp"
#include "hypervisor/panic.hpp"
#include "hypervisor/report.hpp"

namespace tiffin {
namespace {

constexpr std::uint32_t magic = 0xd00dfeed, begin_node = 1, end_node = 2, property = 3, nop = 4;
constexpr std::uint32_t largest = 2u << 20;  // a device tree of more than 2 MiB is none (arm64 boot protocol)

/// Big-endian words of a blob, with every access inside it.
class Blob {
public:
    explicit Blob(std::uint64_t at) : base_{reinterpret_cast<unsigned char const*>(at)} {
        size_ = 40;
        size_ = word(0) == magic && word(4) <= largest ? word(4) : 0;
    }
    [[nodiscard]] bool valid() const { return size_ >= 40; }
    [[nodiscard]] std::uint32_t word(std::uint32_t at) const {
        if (at > size_ || size_ - at < 4) return 0;
        return std::uint32_t{base_[at]} << 24 | std::uint32_t{base_[at + 1]} << 16 | std::uint32_t{base_[at + 2]} << 8 |
               base_[at + 3];
    }
    [[nodiscard]] std::uint64_t long_word(std::uint32_t at) const { return std::uint64_t{word(at)} << 32 | word(at + 4); }
    [[nodiscard]] std::string_view text(std::uint32_t at) const {
        std::uint32_t end = at;
        while (end < size_ && base_[end] != 0) ++end;
        return {reinterpret_cast<char const*>(base_) + at, at < end ? end - at : 0};
    }
    [[nodiscard]] std::uint32_t size() const { return size_; }

private:
    unsigned char const* base_;
    std::uint32_t size_{0};
};

/// Bytes of the plan's memory ranges that lie whole in [from, from + size).
std::uint64_t planned_inside(PlanView const& plan, std::uint64_t from, std::uint64_t size) {
    std::uint64_t bytes = 0;
    for (auto const& memory : plan.memory())
        if (contains(Pa{from}, size, Pa{memory.base}, memory.size)) bytes += memory.size;
    return bytes;
}

/// One node of the second level, as far as it matters here. Two cells for address and size, as 64-bit boards have.
struct Node {
    std::string_view name, compatible;
    std::uint32_t reg{0}, reg_bytes{0};  // where `reg` is in the blob
};

/// Calls `visit(node)` for each child of the root, in order, until it returns true.
template <class Visit>
void for_each_node(Blob const& tree, Visit visit) {
    std::uint32_t at = tree.word(8);
    std::uint32_t const strings = tree.word(12);
    unsigned depth = 0;
    Node node;
    while (at < tree.size()) {
        auto const token = tree.word(at);
        at += 4;
        if (token == begin_node) {
            auto const name = tree.text(at);
            if (++depth == 2) node = {.name = name, .compatible = {}};
            at = static_cast<std::uint32_t>(align_up(at + name.size() + 1, 4));
        } else if (token == end_node) {
            if (depth-- == 2 && visit(node)) return;
        } else if (token == property) {
            auto const length = tree.word(at), name = tree.word(at + 4);
            at += 8;
            if (length > tree.size()) return;
            if (depth == 2 && tree.text(strings + name) == "reg") node.reg = at, node.reg_bytes = length;
            if (depth == 2 && tree.text(strings + name) == "compatible") node.compatible = tree.text(at);
            at = static_cast<std::uint32_t>(align_up(at + length, 4));
        } else if (token != nop) {
            return;
        }
    }
}

/// Bytes of the plan's memory that lie inside the tree's memory nodes.
std::uint64_t found_bytes(PlanView const& plan, Blob const& tree) {
    std::uint64_t counted = 0;
    for_each_node(tree, [&](Node const& node) {
        if (node.name != "memory" && !node.name.starts_with("memory@")) return false;
        for (std::uint32_t cell = 0; cell + 16 <= node.reg_bytes; cell += 16)
            counted += planned_inside(plan, tree.long_word(node.reg + cell), tree.long_word(node.reg + cell + 8));
        return false;
    });
    return counted;
}

bool is_tree(std::uint64_t device_tree) { return device_tree != 0 && device_tree % 8 == 0; }

}  // namespace

void check_memory(PlanView const& plan, std::uint64_t device_tree) {
    if (!is_tree(device_tree)) return;
    Blob const tree{device_tree};
    if (!tree.valid()) return;
    std::uint64_t planned = 0;
    for (auto const& memory : plan.memory()) planned += memory.size;
    auto const found = found_bytes(plan, tree);
    if (found >= planned) return;
    Line why;
    why << "the plan counts on " << (planned >> 20) << " MiB of memory, and this board's device tree confirms " << (found >> 20)
        << " MiB of it; build it for this board";
    refuse(why.view());
}

std::uint64_t find_uart(std::uint64_t device_tree) {
    if (!is_tree(device_tree)) return 0;
    Blob const tree{device_tree};
    std::uint64_t uart = 0;
    for_each_node(tree, [&](Node const& node) {
        if (node.compatible == "arm,pl011" && node.reg_bytes >= 8) uart = tree.long_word(node.reg);
        return uart != 0;
    });
    return uart;
}

}  // namespace tiffin
