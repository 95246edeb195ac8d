#include "tool/explain/explain.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <tuple>
#include <vector>

#include "abi/guest_map.hpp"
#include "base/addr.hpp"
#include "tool/description/units.hpp"

namespace tiffin {
namespace {

struct Row {
    std::uint64_t base, size;
    std::string what;
};

/// "62.4 MiB": for reading, not for computing.
std::string rough_size(std::uint64_t bytes) {
    if (bytes < (1 << 20)) return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
    return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

std::string table(std::string const& title, std::vector<Row> rows) {
    // By address; what holds another comes before it.
    std::ranges::sort(
        rows, [](Row const& a, Row const& b) { return std::tuple{a.base, b.size, a.what} < std::tuple{b.base, a.size, b.what}; });
    auto out = fmt::format("{}\n", title);
    for (auto const& r : rows)
        out += fmt::format("  {:#014x} .. {:#014x}  {:>12}  {}\n", r.base, r.base + r.size - 1, rough_size(r.size), r.what);
    return out + "\n";
}

/// VMs that are written once, with a `count`: alike but for their names, RAM and device trees.
struct Alike {
    abi::VmRecord const *first, *last;

    [[nodiscard]] std::size_t count() const { return static_cast<std::size_t>(last - first) + 1; }
    [[nodiscard]] std::string names(PlanView const& plan) const {
        auto const name = std::string{plan.string(first->name)};
        return first == last ? name : fmt::format("{} to {}", name, plan.string(last->name));
    }
};

/// "worker" of "worker-12".
std::string_view stem(std::string_view name) { return name.substr(0, name.rfind('-')); }

/// Groups of VMs of one `count` whose RAM lies without a hole, so that one row tells it.
std::vector<Alike> alike(PlanView const& plan) {
    std::vector<Alike> all;
    for (auto const& vm : plan.vms()) {
        if (!all.empty()) {
            auto& [first, last] = all.back();
            bool const same = last->line == vm.line && stem(plan.string(last->name)) == stem(plan.string(vm.name));
            if (same && last->ram_pa + last->ram_size == vm.ram_pa) {
                last = &vm;
                continue;
            }
        }
        all.push_back({&vm, &vm});
    }
    return all;
}

std::string physical(PlanView const& plan) {
    auto const& h = plan.header();
    std::vector<Row> rows;
    for (auto const& m : plan.memory()) rows.push_back({m.base, m.size, "RAM of the board"});
    rows.push_back({h.load_address, h.image_bytes, "  boot image: hypervisor, plan, guest images"});
    rows.push_back({h.load_address + h.image_bytes, h.pool_bytes, "  pool: tables and state of the hypervisor"});
    for (auto const& vms : alike(plan)) {
        auto const size = vms.last->ram_pa + vms.last->ram_size - vms.first->ram_pa;
        auto const each = vms.count() == 1 ? "" : fmt::format(", {} each", rough_size(vms.first->ram_size));
        rows.push_back({vms.first->ram_pa, size, fmt::format("  RAM of {}{}", vms.names(plan), each)});
    }
    if (h.shared_bytes != 0) rows.push_back({h.shared_base, h.shared_bytes, "  memory of the channels"});
    for (auto const& w : plan.windows()) rows.push_back({w.pa, w.size, fmt::format("device {}", plan.string(w.what))});
    auto const& b = plan.board();
    rows.push_back({b.uart, b.uart_size, "console UART (hypervisor)"});
    rows.push_back({b.gicd, b.gicd_size, "GIC distributor (hypervisor)"});
    return table(fmt::format("Physical memory: {}", plan.string(b.name)), rows);
}

/// A piece of the boot image, and whose it is.
struct Piece {
    std::uint64_t size;
    std::string_view what, first;
    std::size_t vms{1};
};

std::string image(PlanView const& plan, Packed const& packed) {
    std::map<std::uint64_t, Piece> pieces;
    for (auto const& vm : plan.vms()) {
        for (auto const& p : plan.payloads_of(vm)) {
            auto const [at, fresh] = pieces.try_emplace(p.image_offset, p.size, plan.string(p.what), plan.string(vm.name));
            if (!fresh) ++at->second.vms;
        }
    }
    std::vector<Row> rows{{0, packed.plan_offset, "hypervisor"}, {packed.plan_offset, packed.plan_bytes, "plan"}};
    std::uint64_t spared = 0;
    for (auto const& [offset, p] : pieces) {
        spared += (p.vms - 1) * p.size;
        auto const others = p.vms == 1 ? "" : fmt::format(" and {} more, one copy for all", p.vms - 1);
        rows.push_back({offset, p.size, fmt::format("{} of {}{}", p.what, p.first, others)});
    }
    auto out = table(fmt::format("Boot image: offsets in the file of {}", rough_size(packed.image.size())), rows);
    if (spared == 0) return out;
    out.pop_back();
    return out + fmt::format(
                     "  One copy for all spares {} of the file. They read the same memory; who writes to a page gets a copy in "
                     "its own RAM.\n\n",
                     rough_size(spared));
}

std::string right_of(abi::VcpuRecord const& v) {
    if (v.policy == abi::Policy::Window) return "in its windows of the core's schedule";
    if (v.policy == abi::Policy::Share) return fmt::format("share, weight {}", v.weight);
    auto out = fmt::format("fixed, priority {}", v.priority);
    if (v.budget_ns == 0) return out;
    out += fmt::format(", {} in every {}, deadline {}", time_text(v.budget_ns), time_text(v.period_ns), time_text(v.deadline_ns));
    return out + ((v.flags & abi::vcpu_background) != 0 ? ", then in the background" : "");
}

Row channel(PlanView const& plan, abi::VmRecord const& vm, std::size_t index) {
    namespace g = abi::guest_map;
    auto const& end = plan.channels_of(vm)[index];
    auto const what =
        fmt::format("channel {} with {}: writes the {} half; doorbell at {:#x}, interrupt {}", plan.string(end.name),
                    plan.string(plan.vms()[end.peer].name), end.side == 0 ? "lower" : "upper",
                    g::channel_doorbells + index * g::channel_doorbell_stride, g::channel_intid + index);
    return {end.ipa, end.size, what};
}

std::string guest(PlanView const& plan, Alike const& vms) {
    namespace g = abi::guest_map;
    auto const& vm = *vms.first;
    std::vector<Row> rows{{vm.ram_ipa, vm.ram_size, "RAM"}, {g::gicd, g::gicd_size, "GIC distributor (emulated)"}};
    for (auto const& p : plan.payloads_of(vm)) rows.push_back({p.ipa, p.size, fmt::format("  {}", plan.string(p.what))});
    if ((vm.flags & abi::vm_has_uart) != 0) rows.push_back({g::pl011, g::pl011_size, "PL011 UART (emulated), interrupt 33"});
    if ((vm.flags & abi::vm_has_rtc) != 0) rows.push_back({g::pl031, g::pl031_size, "PL031 clock (emulated), interrupt 34"});
    if (plan.board().gic_version == abi::GicVersion::V3)
        rows.push_back({g::gicr, g::gicr_stride * vm.vcpus.count, "GIC redistributors (emulated)"});
    else
        rows.push_back({g::gicc, g::gicc_size, "GIC CPU interface (GICV)"});
    for (auto const& w : plan.windows_of(vm))
        rows.push_back({w.ipa, w.size, fmt::format("device {} at {:#x}", plan.string(w.what), w.pa)});
    for (std::size_t i = 0; i < plan.channels_of(vm).size(); ++i) rows.push_back(channel(plan, vm, i));
    auto out = table(
        fmt::format("Guest {} (line {}): starts at {:#x} with x0 = {:#x}", vms.names(plan), vm.line, vm.entry, vm.x0), rows);
    out.pop_back();
    for (auto const& i : plan.interrupts_of(vm)) {
        out += fmt::format("  interrupt {} of the board is {} of the guest, {}\n", i.physical, i.virtual_id,
                           i.edge != 0 ? "edge" : "level");
    }
    std::size_t n = 0;
    for (auto const& v : plan.vcpus_of(vm)) {
        out += fmt::format("  vCPU {} on core {}: {}\n", n++, v.core, right_of(v));
    }
    return out + "\n";
}

}  // namespace

std::string explain(Packed const& packed) {
    auto const plan = packed.plan();
    auto out = physical(plan) + image(plan, packed);
    for (auto const& vms : alike(plan)) out += guest(plan, vms);
    return out;
}

}  // namespace tiffin
