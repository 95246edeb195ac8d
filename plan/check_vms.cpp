// Rules about VMs and what is theirs.
#include "abi/guest_map.hpp"
#include "base/addr.hpp"
#include "plan/check.hpp"

namespace tiffin {
namespace {

namespace guest_map = abi::guest_map;

constexpr std::uint64_t physical_limit = 1ull << 40;
constexpr std::uint64_t guest_limit = 1ull << 39;
constexpr std::uint64_t min_ram = 64 << 10;

bool is_name(std::string_view name) {
    if (name.empty() || name.size() > abi::max_name || name[0] < 'a' || name[0] > 'z') return false;
    for (char const c : name) {
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
    }
    return true;
}

/// FNV-1a, folded to an index of RuleCheck::names_seen_.
std::uint32_t name_hash(std::string_view name) {
    std::uint32_t hash = 0x811c'9dc5;
    for (char const c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x0100'0193;
    return (hash ^ (hash >> 12)) & 4095;
}

/// Sets bit `n`; true if it was set before.
bool test_and_set(std::uint64_t* bits, std::uint32_t n) {
    auto const mask = 1ull << (n % 64);
    auto const was = (bits[n / 64] & mask) != 0;
    bits[n / 64] |= mask;
    return was;
}

}  // namespace

bool RuleCheck::vms_are_sound() {
    auto const vms = plan_.vms();
    at("vm", 0);
    if (vms.empty()) return fail("table is empty: nothing to run");
    for (std::size_t i = 0; i < vms.size(); ++i) {
        if (!vm_is_sound(vms[i], i)) return false;
    }
    return slices_cover_the_tables();
}

bool RuleCheck::vm_is_sound(abi::VmRecord const& vm, std::size_t index) {
    at("vm", index);
    if ((vm.flags >> 8) != 0) return fail("has an unknown flag");
    if ((vm.flags & (abi::vm_may_debug | abi::vm_waits_for_debugger)) == abi::vm_waits_for_debugger)
        return fail("waits for a debugger that it forbids");
    if (!name_is_sound(vm, index) || !ram_is_sound(vm) || !slices_are_sound(vm)) return false;
    if (!extras_are_sound(vm) || !life_is_sound(vm, index)) return false;
    return vcpus_are_sound(vm, index) && payloads_are_sound(vm) && windows_are_sound(vm) && interrupts_are_sound(vm);
}

bool RuleCheck::name_is_sound(abi::VmRecord const& vm, std::size_t index) {
    if (!string_exists(vm.name)) return fail("name is outside the string table");
    auto const name = plan_.string(vm.name);
    if (!is_name(name)) return fail("name is not 1..31 of [a-z0-9-], starting with a letter");
    if (!test_and_set(names_seen_, name_hash(name))) return true;
    for (auto const& other : plan_.vms().first(index)) {
        if (plan_.string(other.name) == name) return fail("name is taken by a VM before it");
    }
    return true;
}

bool RuleCheck::ram_is_sound(abi::VmRecord const& vm) {
    auto const& h = plan_.header();
    if (vm.ram_ipa < guest_map::ram || vm.ram_ipa % large_page_size != 0)
        return fail("guest RAM starts below 0x40000000 or misaligned");
    if (vm.ram_size < min_ram || vm.ram_size % page_size != 0) return fail("RAM is below 64 KiB or not whole pages");
    if (vm.ram_ipa > guest_limit || vm.ram_size > guest_limit - vm.ram_ipa) return fail("guest RAM ends above 2^39");
    if (vm.ram_pa % page_size != 0) return fail("RAM is not page-aligned");
    if (vm.ram_size >= large_page_size && vm.ram_pa % large_page_size != 0) return fail("RAM is not 2 MiB aligned");
    if (vm.ram_pa > physical_limit || vm.ram_size > physical_limit - vm.ram_pa) return fail("RAM lies above 2^40");
    if (vm.ram_pa < ram_end_) return fail("RAM overlaps the VM's before it, or VMs are not sorted by ram_pa");
    ram_end_ = vm.ram_pa + vm.ram_size;
    if (overlap(vm.ram_pa, vm.ram_size, h.load_address, h.image_bytes + h.pool_bytes))
        return fail("RAM overlaps the boot image or its pool");
    if (!contains(Ipa{vm.ram_ipa}, vm.ram_size, Ipa{vm.entry}, 4) || vm.entry % 4 != 0)
        return fail("entry is outside RAM or misaligned");
    if (!contains(Ipa{vm.ram_ipa}, vm.ram_size, Ipa{vm.x0}, 1)) return fail("x0 (device tree) is outside RAM");
    return ram_is_in_memory(vm);
}

bool RuleCheck::ram_is_in_memory(abi::VmRecord const& vm) {
    auto const memory = plan_.memory();
    for (; memory_cursor_ < memory.size(); ++memory_cursor_) {  // both tables ascend
        auto const [base, size] = memory[memory_cursor_];
        if (vm.ram_pa - base < size)
            return contains(Pa{base}, size, Pa{vm.ram_pa}, vm.ram_size) || fail("RAM reaches beyond the board's");
        if (vm.ram_pa < base) break;
    }
    return fail("RAM does not lie in the board's RAM");
}

bool RuleCheck::slices_are_sound(abi::VmRecord const& vm) {
    return slice_follows(vm.payloads, next_payload_, plan_.header().payloads.count) &&
           slice_follows(vm.vcpus, next_vcpu_, plan_.header().vcpus.count) &&
           slice_follows(vm.windows, next_window_, plan_.header().windows.count) &&
           slice_follows(vm.interrupts, next_interrupt_, plan_.header().interrupts.count) &&
           slice_follows(vm.channels, next_channel_, plan_.header().channels.count);
}

bool RuleCheck::slice_follows(abi::TableRef slice, std::uint32_t& next, std::uint32_t count) {
    if (slice.offset != next) return fail("slice of a table does not follow that of the VM before");
    if (slice.count > count - next) return fail("slice of a table reaches beyond its end");
    next += slice.count;
    return true;
}

bool RuleCheck::slices_cover_the_tables() {
    auto const& h = plan_.header();
    at("vm", h.vms.count - 1);
    auto const all = next_payload_ == h.payloads.count && next_vcpu_ == h.vcpus.count && next_window_ == h.windows.count &&
                     next_interrupt_ == h.interrupts.count && next_managed_ == h.manages.count &&
                     next_channel_ == h.channels.count;
    return all || fail("leaves records in a table that belong to no VM");
}

bool RuleCheck::vcpus_are_sound(abi::VmRecord const& vm, std::size_t index) {
    if (vm.vcpus.count == 0 || vm.vcpus.count > abi::max_vcpus_per_vm) return fail("has no vCPU, or more than 8");
    for (std::uint32_t i = 0; i < vm.vcpus.count; ++i) {
        at("vcpu", vm.vcpus.offset + i);
        auto const& vcpu = plan_.vcpus_of(vm)[i];
        if (vcpu.vm != index) return fail("does not belong to the VM that lists it");
        if (!vcpu_is_sound(vcpu)) return false;
    }
    return true;
}

bool RuleCheck::vcpu_is_sound(abi::VcpuRecord const& vcpu) {
    if (vcpu.core >= plan_.board().cpu_count) return fail("is pinned to a core that the board does not have");
    auto const fixed = vcpu.policy == abi::Policy::Fixed;
    if (static_cast<std::uint32_t>(vcpu.policy) > static_cast<std::uint32_t>(abi::Policy::Window))
        return fail("has an unknown policy");
    if (fixed && (vcpu.priority < 1 || vcpu.priority > abi::max_priority)) return fail("priority is not 1..63");
    if (!fixed && (vcpu.weight < abi::min_weight || vcpu.weight > abi::max_weight)) return fail("weight is not 1..10000");
    if ((vcpu.flags & ~abi::vcpu_background) != 0) return fail("has an unknown flag");
    return contract_is_sound(vcpu);
}

bool RuleCheck::contract_is_sound(abi::VcpuRecord const& vcpu) {
    auto const budget = vcpu.budget_ns, period = vcpu.period_ns, deadline = vcpu.deadline_ns;
    if (budget == 0) return (period | deadline | vcpu.flags) == 0 || fail("has half a contract: a period or deadline, no budget");
    if (vcpu.policy != abi::Policy::Fixed) return fail("has a budget, and is not of policy fixed");
    if (budget < abi::min_budget_ns) return fail("budget is below 10 us");
    if (period > abi::max_period_ns || deadline > abi::max_period_ns) return fail("period or deadline is above 10 s");
    return (budget <= period && budget <= deadline) || fail("budget is larger than its period or deadline");
}

bool RuleCheck::extras_are_sound(abi::VmRecord const& vm) {
    if (vm.timer_slack_ns > abi::max_slack_ns) return fail("timer slack is above 1 s");
    if (vm.pv_time_ipa == 0) return true;
    auto const page = Ipa{vm.pv_time_ipa};
    return (vm.pv_time_ipa % page_size == 0 && contains(Ipa{vm.ram_ipa}, vm.ram_size, page, page_size)) ||
           fail("stolen-time page is not a page of its RAM");
}

bool RuleCheck::life_is_sound(abi::VmRecord const& vm, std::size_t index) {
    constexpr auto both = abi::vm_restart_on_crash | abi::vm_reboot_on_crash;
    bool const restarts = (vm.flags & abi::vm_restart_on_crash) != 0;
    if ((vm.flags & both) == both) return fail("wants two things when it crashes");
    if (restarts != (vm.restart_count != 0) || vm.restart_count > abi::max_restarts) return fail("restart limit is not 1..16");
    if (vm.restart_within_ns > abi::max_restart_ns || vm.restart_back_off_ns > abi::max_restart_ns)
        return fail("restart limit is above an hour");
    if (!slice_follows(vm.manages, next_managed_, plan_.header().manages.count)) return false;
    for (auto const& managed : plan_.managed_by(vm))
        if (managed.vm >= plan_.vms().size() || managed.vm == index) return fail("manages itself, or a VM that does not exist");
    return true;
}

bool RuleCheck::payloads_are_sound(abi::VmRecord const& vm) {
    auto const payloads = plan_.payloads_of(vm);
    std::uint64_t end = 0;
    for (std::size_t i = 0; i < payloads.size(); ++i) {
        at("payload", vm.payloads.offset + i);
        if (!payload_is_sound(vm, payloads[i])) return false;
        if (payloads[i].ipa < end) return fail("overlaps the one before it, or they are not sorted by address");
        end = payloads[i].ipa + align_up(payloads[i].size, page_size);
    }
    return true;
}

bool RuleCheck::payload_is_sound(abi::VmRecord const& vm, abi::PayloadRecord const& payload) {
    if (!string_exists(payload.what)) return fail("name is outside the string table");
    if (payload.ipa % page_size != 0 || payload.image_offset % page_size != 0) return fail("is not page-aligned");
    if (payload.size == 0 || payload.size > guest_limit) return fail("is empty or larger than any guest");
    auto const pages = align_up(payload.size, page_size);
    if (!contains(Ipa{vm.ram_ipa}, vm.ram_size, Ipa{payload.ipa}, pages)) return fail("does not fit into its VM's RAM");
    if (payload.image_offset < payload_floor_) return fail("lies in the hypervisor or the plan");
    if (!contains(Pa{0}, plan_.header().image_bytes, Pa{payload.image_offset}, pages)) return fail("reaches beyond the image");
    if (payload.size >= large_page_size && (payload.ipa - payload.image_offset) % large_page_size != 0) {
        return fail("is not congruent to its guest address modulo 2 MiB");
    }
    return true;
}

bool RuleCheck::windows_are_sound(abi::VmRecord const& vm) {
    auto const windows = plan_.windows_of(vm);
    for (std::size_t i = 0; i < windows.size(); ++i) {
        at("window", vm.windows.offset + i);
        if (!window_is_sound(vm, windows[i]) || !window_is_unique(vm.windows.offset + i, vm.windows.offset)) return false;
    }
    return true;
}

bool RuleCheck::window_is_sound(abi::VmRecord const& vm, abi::WindowRecord const& window) {
    namespace g = guest_map;
    auto const [ipa, pa, size, what, line] = window;
    if (!string_exists(what)) return fail("name is outside the string table");
    if (size == 0 || (ipa | pa | size) % page_size != 0) return fail("is empty or not page-aligned");
    if (pa >= physical_limit || size > physical_limit - pa) return fail("lies above 2^40");
    if (ipa >= guest_limit || size > guest_limit - ipa) return fail("lies above the guest's 2^39");
    if (overlap(ipa, size, vm.ram_ipa, vm.ram_size)) return fail("overlaps its VM's RAM");
    if (overlap(ipa, size, g::gicd, g::gicr + g::gicr_stride * abi::max_vcpus_per_vm - g::gicd) ||
        overlap(ipa, size, g::pl011, g::pl031 + g::pl031_size - g::pl011)) {
        return fail("overlaps a device that the hypervisor emulates");
    }
    if (vm.channels.count != 0 && overlap(ipa, size, g::channel_doorbells, g::channel_memory_end - g::channel_doorbells))
        return fail("overlaps the channels of its VM");
    return window_is_nobodys(window);
}

bool RuleCheck::window_is_nobodys(abi::WindowRecord const& window) {
    auto const& b = plan_.board();
    for (auto const& [base, size] : plan_.memory()) {
        if (overlap(window.pa, window.size, base, size)) return fail("overlaps the board's RAM");
    }
    Range const owned[] = {{b.gicd, b.gicd_size}, {b.gicr, b.gicr_size}, {b.gicc, b.gicc_size},
                           {b.gich, b.gich_size}, {b.gicv, b.gicv_size}, {b.uart, b.uart_size}};
    for (auto const& [base, size] : owned) {
        if (size != 0 && overlap(window.pa, window.size, base, size)) return fail("overlaps the GIC or the hypervisor's UART");
    }
    for (auto const word : b.release) {
        if (word != 0 && overlap(window.pa, window.size, word, 8)) return fail("has the word that starts a core (spin table)");
    }
    return true;
}

bool RuleCheck::window_is_unique(std::size_t index, std::size_t first_of_vm) {
    auto const& window = plan_.windows()[index];
    for (std::size_t i = 0; i < index; ++i) {
        auto const& other = plan_.windows()[i];
        if (overlap(window.pa, window.size, other.pa, other.size)) return fail("is given away twice");
        if (i >= first_of_vm && overlap(window.ipa, window.size, other.ipa, other.size))
            return fail("overlaps another in its VM");
    }
    return true;
}

bool RuleCheck::interrupts_are_sound(abi::VmRecord const& vm) {
    std::uint64_t virtual_seen[320 / 64]{};
    auto const interrupts = plan_.interrupts_of(vm);
    auto const& board = plan_.board();
    for (std::size_t i = 0; i < interrupts.size(); ++i) {
        at("interrupt", vm.interrupts.offset + i);
        auto const [physical, virtual_id, edge, line, per_second, reserved] = interrupts[i];
        if (physical < 32 || physical > 1019) return fail("is not an SPI (32..1019)");
        if (board.uart_kind != abi::UartKind::None && physical == board.uart_intid) return fail("is the hypervisor's UART's");
        if (test_and_set(physical_seen_, physical)) return fail("has two owners");
        if (virtual_id < 32 || virtual_id >= guest_map::intid_count) return fail("has no place in the guest (32..287)");
        if (virtual_id == guest_map::pl011_intid || virtual_id == guest_map::pl031_intid)
            return fail("clashes with the VM's PL011 or PL031");
        if (virtual_id - guest_map::channel_intid < vm.channels.count) return fail("clashes with a channel's doorbell");
        if (test_and_set(virtual_seen, virtual_id)) return fail("number is used twice in its VM");
        if (edge > 1) return fail("is neither edge- nor level-triggered");
        if (per_second > abi::max_interrupt_rate || reserved != 0) return fail("has a rate limit above a million a second");
    }
    return true;
}

}  // namespace tiffin
