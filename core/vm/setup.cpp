#include "core/vm/setup.hpp"

#include "core/arch.hpp"
#include "core/irq/physical.hpp"
#include "core/sched/rights.hpp"
#include "core/trace/trace.hpp"
#include "core/virtio/device.hpp"

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
    return 5 * vcpus + limits + frame + 1;
}

/// The cores on which a VM's vCPUs are, a bit each.
std::uint32_t cores_of(PlanView const& plan, std::uint32_t vm) {
    std::uint32_t cores = 0;
    for (auto const& vcpu : plan.vcpus_of(plan.vms()[vm])) cores |= 1u << vcpu.core;
    return cores;
}

/// The same with those of the VMs that reach into its memory or its interrupts.
std::uint32_t cores_around(PlanView const& plan, std::uint32_t vm) {
    auto cores = cores_of(plan, vm);
    for (auto const& device : plan.virtio())
        if (device.client == vm || device.server == vm) cores |= cores_of(plan, device.client) | cores_of(plan, device.server);
    return cores;
}

template <class T, class Predicate>
std::size_t count(std::span<T> all, Predicate wanted) {
    std::size_t n = 0;
    for (auto const& each : all) n += wanted(each) ? 1 : 0;
    return n;
}

void set_up_device(Pool& pool, virtio::Device& d, abi::VirtioRecord const& record) {
    d.record = &record;
    d.client = machine.vms[record.client];
    d.server = machine.vms[record.server];
    d.queues = pool.array<virtio::Queue>(record.queues);
    for (virtio::Queue& queue : d.queues) queue = virtio::Queue{pool.array<virtio::Request>(record.queue_size)};
    if (record.type == abi::virtio::Type::Gpu) d.pieces = pool.array<virtio::Piece>(abi::serve::max_pieces);
    for (std::size_t i = 0; i < std::size(d.config); ++i) d.config[i] = record.config[i];
}
static_assert(sizeof(virtio::Device) + 16 <= abi::pool_virtio_bytes && sizeof(virtio::Queue) <= abi::pool_virtio_queue_bytes &&
              sizeof(virtio::Request) <= abi::pool_request_bytes && sizeof(virtio::Piece) <= abi::pool_piece_bytes);

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

    v.background = (record.flags & abi::vcpu_background) != 0;
    if (record.budget_ns != 0) v.budget = Budget{ticks_of(record.budget_ns), ticks_up(record.period_ns)};
    v.limited = sched::is_limited(v);
    v.deadline = ticks_of(record.deadline_ns);
    v.vmpidr = 1ull << 31 | index;
    v.virtual_timer = {.owner = &v, .kind = Timer::Kind::Virtual};
    v.physical_timer = {.owner = &v, .kind = Timer::Kind::Physical};
    v.refill_timer = {.owner = &v, .kind = Timer::Kind::Refill};
    v.vgic.own.hardware = vgic::mask(abi::guest_map::virtual_timer_intid);
}

void set_up_virtio(Pool& pool, PlanView const& plan) {
    machine.virtio = pool.array<virtio::Device>(plan.virtio().size());
    for (std::size_t i = 0; i < machine.virtio.size(); ++i) set_up_device(pool, machine.virtio[i], plan.virtio()[i]);
    for (Vm* vm : machine.vms) {
        vm->virtio = pool.array<virtio::Device*>(count(machine.virtio, [&](auto const& d) { return d.client == vm; }));
        vm->serves = pool.array<virtio::Device*>(count(machine.virtio, [&](auto const& d) { return d.server == vm; }));
    }
    for (virtio::Device& d : machine.virtio) {
        d.client->virtio[d.record->slot] = &d;
        d.server->serves[d.record->server_device] = &d;
    }
}

void set_up_cross_core(Pool& pool, Vm& vm, CrossCore& cross) {
    vm.cross = &cross;
    auto const cores = cores_around(*machine.plan, vm.id);
    vm.shared = (cores & (cores - 1)) != 0;
    for (Vcpu* v : vm.vcpus) {
        v->mail = pool.make<Mail>();
        v->mail->owner = v;
    }
}

void set_up_interrupts(Pool& pool, PlanView const& plan, Vm& vm) {
    vm.timer_slack = ticks_of(vm.record->timer_slack_ns);
    vm.restart_within = ticks_of(vm.record->restart_within_ns);
    vm.restart_back_off = ticks_of(vm.record->restart_back_off_ns);
    for (auto const& given : plan.interrupts_of(*vm.record)) {
        auto& owner = machine.irq_owners[given.physical - 32];
        owner = {.vm = &vm, .virtual_id = given.virtual_id};
        if (given.per_second != 0)
            owner.limit = pool.make<RateLimit>(*vm.vcpus[0], given.virtual_id, arch::frequency() / given.per_second);
        vm.vgic.spi[given.virtual_id / 32 - 1].hardware |= vgic::mask(given.virtual_id);
    }
}

}  // namespace tiffin
