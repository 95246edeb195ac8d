#include "core/vm/setup.hpp"

#include "core/arch.hpp"
#include "core/irq/physical.hpp"
#include "core/trace/trace.hpp"

namespace tiffin {
namespace {

std::uint64_t ticks_of(std::uint64_t nanoseconds) {
    constexpr std::uint64_t second = 1'000'000'000;
    return nanoseconds / second * arch::frequency() + nanoseconds % second * arch::frequency() / second;
}

/// What has to last that long at least.
std::uint64_t ticks_up(std::uint64_t nanoseconds) { return nanoseconds == 0 ? 0 : ticks_of(nanoseconds - 1) + 1; }

/// Timers that may be armed at once on the core.
std::size_t count_timers(PlanView const& plan, std::uint32_t index, std::size_t vcpus) {
    std::size_t limits = 0;
    for (auto const& given : plan.interrupts()) limits += given.per_second != 0 ? 1 : 0;
    std::size_t frame = 0;
    for (auto const& record : plan.frames()) frame += record.core == index ? 1 : 0;
    return 3 * vcpus + limits + frame;
}

}  // namespace

void set_up_cpu(Pool& pool, PlanView const& plan, Cpu& cpu, std::uint32_t index) {
    std::uint32_t count = 0, sharers = 0, lightest = abi::default_weight;
    for (auto const& vcpu : plan.vcpus()) {
        if (vcpu.core != index) continue;
        ++count;
        if (vcpu.policy != abi::Policy::Share) continue;
        ++sharers;
        if (vcpu.weight < lightest) lightest = vcpu.weight;
    }
    cpu.index = index;
    cpu.wake_charge = ticks_up(plan.header().wake_charge_ns);
    cpu.switch_ticks = arch::frequency() / 1'000'000;
    cpu.timers = TimerQueue{pool.array<Timer*>(count_timers(plan, index, count))};
    cpu.scheduler = Scheduler{Scheduler::part_for(sharers, lightest, arch::frequency()), arch::frequency() / 250};
    cpu.trace = trace::make(pool, index, plan.header().trace_bytes);
}

void set_up_frame(Pool& pool, PlanView const& plan, Cpu& cpu) {
    for (auto const& record : plan.frames()) {
        if (record.core != cpu.index) continue;
        auto const slots = pool.array<TimeSlot>(record.slots.count);
        for (std::size_t i = 0; i < slots.size(); ++i) {
            auto const& slot = plan.slots_of(record)[i];
            slots[i] = {ticks_of(slot.offset_ns), ticks_of(slot.offset_ns + slot.length_ns), machine.vms[slot.vm]};
        }
        cpu.frame = Frame{slots, ticks_of(record.major_ns)};
    }
}

void set_up_vcpu(Vcpu& v, Vm& vm, Cpu& cpu, std::uint32_t index, abi::VcpuRecord const& record) {
    v.cpu = &cpu;
    v.vm = &vm;
    v.index = index;
    v.policy = record.policy;
    v.priority = v.own_priority = static_cast<std::uint8_t>(record.priority);
    v.weight = static_cast<std::uint16_t>(record.weight);
    v.weight_factor = Scheduler::factor_of(record.weight == 0 ? abi::default_weight : record.weight);
    v.pace = Scheduler::pace_of(record.weight == 0 ? abi::default_weight : record.weight);
    v.limited = record.budget_ns != 0 || record.policy == abi::Policy::Window;
    v.background = (record.flags & abi::vcpu_background) != 0;
    if (record.budget_ns != 0) v.budget = Budget{ticks_of(record.budget_ns), ticks_up(record.period_ns)};
    v.deadline = ticks_of(record.deadline_ns);
    v.vmpidr = 1ull << 31 | index;
    v.virtual_timer = {.owner = &v, .kind = Timer::Kind::Virtual};
    v.physical_timer = {.owner = &v, .kind = Timer::Kind::Physical};
    v.refill_timer = {.owner = &v, .kind = Timer::Kind::Refill};
    v.vgic.own.hardware = vgic::mask(abi::guest_map::virtual_timer_intid);
}

void set_up_cross_core(Pool& pool, Vm& vm, CrossCore& cross) {
    vm.cross = &cross;
    for (Vcpu* v : vm.vcpus) {
        vm.shared |= v->cpu != vm.vcpus[0]->cpu;
        v->mail = pool.make<Mail>();
        v->mail->owner = v;
    }
}

void set_up_interrupts(Pool& pool, PlanView const& plan, Vm& vm) {
    vm.timer_slack = ticks_of(vm.record->timer_slack_ns);
    for (auto const& given : plan.interrupts_of(*vm.record)) {
        auto& owner = machine.irq_owners[given.physical - 32];
        owner = {.vm = &vm, .virtual_id = given.virtual_id};
        if (given.per_second != 0)
            owner.limit = pool.make<RateLimit>(*vm.vcpus[0], given.virtual_id, arch::frequency() / given.per_second);
        vm.vgic.spi[given.virtual_id / 32 - 1].hardware |= vgic::mask(given.virtual_id);
    }
}

}  // namespace tiffin
