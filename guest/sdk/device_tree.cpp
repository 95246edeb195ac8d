#include "guest/sdk/device_tree.hpp"

namespace tiffin::sdk {

namespace {

constexpr std::uint32_t magic = 0xd00d'feed;
constexpr std::uint32_t begin_node = 1, end_node = 2, prop = 3, nop = 4;
constexpr std::size_t max_blob = 2u << 20;
constexpr unsigned max_cells = 2;

/// The zero-terminated text at `at`, without its end; empty if it runs out of the bytes.
std::string_view text_at(std::span<std::byte const> bytes, std::size_t at) {
    for (auto end = at; end < bytes.size(); ++end)
        if (bytes[end] == std::byte{0}) return {reinterpret_cast<char const*>(bytes.data()) + at, end - at};
    return {};
}

/// True if a `compatible` value (a list of zero-terminated texts) holds `name`.
bool lists(std::span<std::byte const> value, std::string_view name) {
    for (std::size_t at = 0; at < value.size();) {
        auto const one = text_at(value, at);
        if (one == name) return true;
        at += one.size() + 1;
    }
    return false;
}

/// Not substr(): its range check would need the library's exceptions.
std::string_view first_word(std::string_view text) {
    std::size_t size = 0;
    while (size < text.size() && text[size] != ' ') ++size;
    text.remove_suffix(text.size() - size);
    return text;
}

std::span<std::byte const> slice(std::span<std::byte const> of, std::size_t at, std::size_t size) {
    if (at > of.size() || size > of.size() - at) return {};
    return of.subspan(at, size);
}

}  // namespace

/// Goes from property to property, in the order of the structure block.
class DeviceTree::Walk {
public:
    explicit Walk(DeviceTree const& tree) : tree_{tree} {}

    std::optional<Property> next() {
        while (at_ + 4 <= tree_.structure_.size()) {
            auto const token = big(tree_.structure_, at_);
            at_ += 4;
            if (token == prop) return property();
            if (token == begin_node)
                enter();
            else if (token == end_node)
                depth_ = depth_ == 0 ? 0 : depth_ - 1;
            else if (token != nop)
                break;  // the end, or nonsense
        }
        return std::nullopt;
    }

private:
    void enter() {
        node_ = text_at(tree_.structure_, at_);
        at_ = (at_ + node_.size() + 1 + 3) & ~std::size_t{3};
        ++depth_;
    }

    std::optional<Property> property() {
        if (at_ + 8 > tree_.structure_.size()) return std::nullopt;
        std::size_t const size = big(tree_.structure_, at_);
        auto const name = text_at(tree_.strings_, big(tree_.structure_, at_ + 4));
        auto const value = slice(tree_.structure_, at_ + 8, size);
        if (value.size() != size) return std::nullopt;
        at_ = (at_ + 8 + size + 3) & ~std::size_t{3};
        return Property{depth_, node_, name, value};
    }

    DeviceTree const& tree_;
    std::size_t at_{0};
    unsigned depth_{0};
    std::string_view node_{};
};

std::uint32_t DeviceTree::big(std::span<std::byte const> bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
    return value;
}

std::uint64_t DeviceTree::cells(std::span<std::byte const> bytes, std::size_t at, unsigned count) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < count; ++i) value = value << 32 | big(bytes, at + i * 4);
    return value;
}

DeviceTree DeviceTree::in(std::span<std::byte const> blob) {
    DeviceTree tree;
    if (blob.size() < 40 || big(blob, 0) != magic || big(blob, 4) > blob.size()) return tree;
    tree.structure_ = slice(blob, big(blob, 8), big(blob, 36));
    tree.strings_ = slice(blob, big(blob, 12), big(blob, 32));
    return tree;
}

DeviceTree DeviceTree::at(std::uint64_t address) {
    if (address == 0 || address % 8 != 0) return {};
    auto const* bytes = reinterpret_cast<std::byte const*>(address);
    auto const size = big({bytes, 8}, 4);
    return size <= max_blob ? in({bytes, size}) : DeviceTree{};
}

std::string_view DeviceTree::boot_arguments() const {
    for (Walk walk{*this}; auto const p = walk.next();)
        if (p->depth == 2 && p->node == "chosen" && p->name == "bootargs") return text_at(p->value, 0);
    return {};
}

std::optional<DeviceTree::Range> DeviceTree::find_reg(std::string_view compatible, unsigned index) const {
    unsigned address_cells = 2, size_cells = 1, depth = 0;
    char const* node = nullptr;
    bool match = false;
    std::span<std::byte const> reg;
    for (Walk walk{*this}; auto const p = walk.next();) {
        if (p->node.data() != node || p->depth != depth) match = false, reg = {}, node = p->node.data(), depth = p->depth;
        if (depth == 1 && p->name == "#address-cells" && p->value.size() == 4) address_cells = big(p->value, 0);
        if (depth == 1 && p->name == "#size-cells" && p->value.size() == 4) size_cells = big(p->value, 0);
        if (address_cells > max_cells || size_cells > max_cells) return std::nullopt;
        if (p->name == "compatible") match = lists(p->value, compatible);
        if (p->name == "reg") reg = p->value;
        auto const stride = (address_cells + size_cells) * 4;
        if (match && reg.size() >= stride * (index + 1))
            return Range{cells(reg, index * stride, address_cells), cells(reg, index * stride + address_cells * 4, size_cells)};
    }
    return std::nullopt;
}

std::span<std::byte const> DeviceTree::find_property(std::string_view compatible, unsigned index, std::string_view name) const {
    unsigned matches = 0, depth = 0;
    char const* node = nullptr;
    bool match = false;
    for (Walk walk{*this}; auto const p = walk.next();) {
        if (p->node.data() != node || p->depth != depth) match = false, node = p->node.data(), depth = p->depth;
        if (p->name == "compatible" && !match && lists(p->value, compatible)) match = matches++ == index;
        if (match && p->name == name) return p->value;
        if (matches > index + 1) break;
    }
    return {};
}

std::optional<std::string_view> argument(std::string_view arguments, std::string_view key) {
    while (!arguments.empty()) {
        auto word = first_word(arguments);
        arguments.remove_prefix(word.size() == arguments.size() ? word.size() : word.size() + 1);
        if (word.size() <= key.size() || !word.starts_with(key) || word[key.size()] != '=') continue;
        word.remove_prefix(key.size() + 1);
        return word;
    }
    return std::nullopt;
}

std::uint64_t argument(std::string_view arguments, std::string_view key, std::uint64_t fallback) {
    auto const text = argument(arguments, key);
    if (!text || text->empty()) return fallback;
    std::uint64_t value = 0;
    for (char const c : *text) {
        if (c < '0' || c > '9') return fallback;
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, c - '0', &value)) return fallback;
    }
    return value;
}

}  // namespace tiffin::sdk
