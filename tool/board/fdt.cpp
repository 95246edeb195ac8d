#include "tool/board/fdt.hpp"

#include <algorithm>
#include <cstring>
#include <libfdt.h>

namespace tiffin {
namespace {

constexpr unsigned max_cells = 4;  // libfdt's FDT_MAX_NCELLS; addresses of more than two are PCI's, which no CPU address is

/// The value of `count` cells, big-endian; the upper ones of more than two are dropped.
std::uint64_t take(std::span<std::uint32_t const> cells) {
    std::uint64_t value = 0;
    for (auto const cell : cells) value = value << 32 | cell;
    return value;
}

}  // namespace

std::optional<Fdt> Fdt::open(std::vector<std::byte> blob) {
    if (blob.size() < sizeof(fdt_header) || fdt_check_full(blob.data(), blob.size()) != 0) return std::nullopt;
    return Fdt{std::move(blob)};
}

int Fdt::node(std::string_view path) const { return fdt_path_offset_namelen(data(), path.data(), static_cast<int>(path.size())); }

std::vector<int> Fdt::nodes() const {
    std::vector<int> all;
    int depth = 0;
    for (int at = fdt_next_node(data(), 0, &depth); at >= 0 && depth > 0; at = fdt_next_node(data(), at, &depth))
        all.push_back(at);
    return all;
}

std::vector<int> Fdt::children(int node) const {
    std::vector<int> all;
    int child = 0;
    fdt_for_each_subnode(child, data(), node) all.push_back(child);
    return all;
}

int Fdt::parent(int node) const { return fdt_parent_offset(data(), node); }

std::string Fdt::path(int node) const {
    char text[1024];
    return fdt_get_path(data(), node, text, sizeof text) == 0 ? text : "";
}

std::string Fdt::name(int node) const {
    int length = 0;
    auto const* text = fdt_get_name(data(), node, &length);
    return text == nullptr ? "" : std::string(text, static_cast<std::size_t>(length));
}

std::span<std::byte const> Fdt::property(int node, char const* name) const {
    int length = 0;
    auto const* value = static_cast<std::byte const*>(fdt_getprop(data(), node, name, &length));
    if (value == nullptr) return {};
    return {value, static_cast<std::size_t>(length)};
}

bool Fdt::has(int node, char const* name) const { return fdt_getprop(data(), node, name, nullptr) != nullptr; }

std::string Fdt::text(int node, char const* name) const {
    auto const all = texts(node, name);
    return all.empty() ? "" : all.front();
}

std::vector<std::string> Fdt::texts(int node, char const* name) const {
    auto const value = property(node, name);
    std::vector<std::string> all;
    auto const* at = reinterpret_cast<char const*>(value.data());
    for (auto const* end = at + value.size(); at < end;) {
        auto const length = strnlen(at, static_cast<std::size_t>(end - at));
        all.emplace_back(at, length);
        at += length + 1;
    }
    return all;
}

std::vector<std::uint32_t> Fdt::cells(int node, char const* name) const {
    auto const value = property(node, name);
    std::vector<std::uint32_t> all(value.size() / 4);
    for (std::size_t i = 0; i < all.size(); ++i) {
        fdt32_t raw = 0;
        std::memcpy(&raw, value.data() + i * 4, 4);
        all[i] = fdt32_to_cpu(raw);
    }
    return all;
}

bool Fdt::is_compatible(int node, std::string_view name) const {
    auto const all = texts(node, "compatible");
    return std::ranges::find(all, name) != all.end();
}

bool Fdt::is_enabled(int node) const {
    auto const status = text(node, "status");
    return status.empty() || status == "okay" || status == "ok";
}

unsigned Fdt::address_cells(int node) const {
    auto const cells_ = cells(node, "#address-cells");
    return cells_.empty() ? 2 : std::min(cells_[0], max_cells);
}

unsigned Fdt::size_cells(int node) const {
    auto const cells_ = cells(node, "#size-cells");
    return cells_.empty() ? 1 : std::min(cells_[0], max_cells);
}

std::vector<Range> Fdt::reg(int node) const {
    auto const bus = parent(node);
    if (bus < 0) return {};
    auto const values = cells(node, "reg");
    auto const address = address_cells(bus), size = size_cells(bus);
    if (address == 0 || address > 2 || size > 2) return {};
    std::vector<Range> ranges;
    for (std::size_t i = 0; i + address + size <= values.size(); i += address + size) {
        auto const cpu = translate(bus, take(std::span{values}.subspan(i, address)));
        if (!cpu) return {};
        ranges.push_back({*cpu, take(std::span{values}.subspan(i + address, size))});
    }
    return ranges;
}

std::optional<std::uint64_t> Fdt::translate(int bus, std::uint64_t address) const {
    for (auto up = parent(bus); up >= 0; bus = up, up = parent(up)) {  // the root has no parent
        if (!has(bus, "ranges")) return std::nullopt;                  // not memory-mapped: an I2C bus, /cpus
        auto const values = cells(bus, "ranges");
        if (values.empty()) continue;  // an identity mapping
        auto const child = address_cells(bus), above = address_cells(up), size = size_cells(bus);
        if (child > 2 || above > 2 || size > 2) return std::nullopt;
        auto const entry = child + above + size;
        bool found = false;
        for (std::size_t i = 0; entry != 0 && i + entry <= values.size() && !found; i += entry) {
            auto const base = take(std::span{values}.subspan(i, child));
            auto const length = take(std::span{values}.subspan(i + child + above, size));
            if (address < base || address - base >= length) continue;
            address = address - base + take(std::span{values}.subspan(i + child, above));
            found = true;
        }
        if (!found) return std::nullopt;
    }
    return address;
}

std::vector<Range> Fdt::memory_reservations() const {
    std::vector<Range> all;
    for (int i = 0; i < fdt_num_mem_rsv(data()); ++i) {
        Range r;
        if (fdt_get_mem_rsv(data(), i, &r.base, &r.size) == 0) all.push_back(r);
    }
    return all;
}

int Fdt::interrupt_parent(int node) const {
    for (auto at = node; at >= 0; at = parent(at)) {
        auto const value = cells(at, "interrupt-parent");
        if (!value.empty()) return fdt_node_offset_by_phandle(data(), value[0]);
    }
    return -1;
}

std::vector<Fdt::Interrupt> Fdt::interrupts(int node, int gic) const {
    constexpr unsigned gic_cells = 3;  // type (0: SPI, 1: PPI), number, flags (low nibble 1, 2: edge; 4, 8: level)
    auto values = cells(node, "interrupts");
    if (interrupt_parent(node) != gic || values.size() % gic_cells != 0) return {};
    std::vector<Interrupt> all;
    for (std::size_t i = 0; i < values.size(); i += gic_cells) {
        auto const first = values[i] == 0 ? 32u : 16u;
        all.push_back({first + values[i + 1], (values[i + 2] & 3) != 0});
    }
    return all;
}

}  // namespace tiffin
