#include "tool/contract/paths.hpp"

#include <algorithm>

namespace tiffin::contract {
namespace {

constexpr Path table[] = {
#include "tool/contract/paths.inc"
};

Path const& path(std::string_view name) { return *std::ranges::find(table, name, &Path::name); }

class Speed {
public:
    Speed(std::uint64_t instructions_per_second, std::uint64_t margin) : per_second_{instructions_per_second}, margin_{margin} {}

    [[nodiscard]] Ns time(Path const& path) const {
        constexpr Ns grain = 10;  // a figure that people read
        auto const exact = static_cast<unsigned __int128>(path.instructions) * (100 + margin_) * second;
        auto const ns = static_cast<Ns>((exact + 100 * per_second_ - 1) / (100 * per_second_));
        return (ns + grain - 1) / grain * grain;
    }

private:
    std::uint64_t per_second_, margin_;
};

/// Locks are first come, first served, so each other core is waited for once, each time. Whoever holds a VM's may itself wait for the
/// console, but not for this core, which would have to hold the console while it wants a VM (core/smp/lock.hpp, the order).
void add_locks(Overheads& o, Speed const& speed, Sharing sharing) {
    if (sharing.cores <= 1) return;
    auto const &vm = path("VM lock"), &console = path("console lock"), &vmid = path("VMID lock");
    auto const others = sharing.cores - 1;
    auto const vm_hold = speed.time(vm) + (others - 1) * speed.time(console);
    o.locks = {{"the console's", console.by_guest, others, speed.time(console)},
               {"that of VMIDs", vmid.by_guest, others, speed.time(vmid)}};
    if (sharing.partners != 0) {
        o.locks.push_back({"a VM's", vm.by_guest, sharing.partners, vm_hold});
        o.lock_late = LockWait{"", vm.by_interrupt, sharing.partners, vm_hold}.total();
    }
    if (sharing.virtio) {  // its holder may wait for a VM's, as often as a path takes one
        auto const hold = speed.time(path("virtio lock")) + vm.by_guest * sharing.partners * vm_hold;
        o.locks.push_back({"that of virtio devices", 1, others, hold});
    }
    for (auto const& wait : o.locks) o.lock += wait.total();
    // An interrupt for a VM that other cores share, and a switch to or from it, want its lock.
    o.interrupt += o.lock_late;
    o.switching += o.lock_late;
}

}  // namespace

std::span<Path const> paths() { return table; }

Overheads overheads_of(std::uint64_t instructions_per_second, std::uint64_t margin, Sharing sharing) {
    Speed const speed{instructions_per_second, margin};
    Overheads o{.switching = speed.time(path("switching")), .interrupt = speed.time(path("interrupt"))};
    o.masked = std::max(speed.time(path("masked")), o.interrupt + o.switching);  // that is one as well
    add_locks(o, speed, sharing);
    return o;
}

Ns whole_wake_charge(Overheads const& overheads, std::span<Task const> tasks) {
    Ns most = 0;
    for (auto const& t : tasks) most = std::max<Ns>(most, 2 + t.devices);
    return overheads.switching + 2 * most * overheads.interrupt;
}

}  // namespace tiffin::contract
