// Does the board have the memory that the plan counts on? The loader's device tree tells; nothing else is read from it.
// Source: Devicetree Specification, "Flattened Devicetree (DTB) Format": header, structure block, `/memory` node with `reg`.
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
        return std::uint32_t{base_[at]} << 24 | std::uint32_t{base_[at + 1]} << 16 | std::uint32_t{base_[at + 2]} << 8 | base_[at + 3];
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

/// Bytes of the plan's memory that lie inside the tree's memory nodes. Two cells for address and size, as 64-bit boards have.
std::uint64_t found_bytes(PlanView const& plan, Blob const& tree) {
    std::uint32_t at = tree.word(8);
    std::uint32_t const strings = tree.word(12);
    unsigned depth = 0;
    bool in_memory = false;
    std::uint64_t counted = 0;
    while (at < tree.size()) {
        auto const token = tree.word(at);
        at += 4;
        if (token == begin_node) {
            auto const name = tree.text(at);
            in_memory = ++depth == 2 && (name == "memory" || name.starts_with("memory@"));
            at = static_cast<std::uint32_t>(align_up(at + name.size() + 1, 4));
        } else if (token == end_node) {
            --depth;
            in_memory = false;
        } else if (token == property) {
            auto const length = tree.word(at), name = tree.word(at + 4);
            at += 8;
            for (std::uint32_t cell = 0; in_memory && tree.text(strings + name) == "reg" && cell + 16 <= length; cell += 16)
                counted += planned_inside(plan, tree.long_word(at + cell), tree.long_word(at + cell + 8));
            if (length > tree.size()) break;
            at = static_cast<std::uint32_t>(align_up(at + length, 4));
        } else if (token != nop) {
            break;
        }
    }
    return counted;
}

}  // namespace

void check_memory(PlanView const& plan, std::uint64_t device_tree) {
    if (device_tree == 0 || device_tree % 8 != 0) return;
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

}  // namespace tiffin
