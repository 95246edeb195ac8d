#include "core/channel/channel.hpp"

#include <bit>

#include "core/cpu.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::channel {
namespace {

using std::memory_order_acq_rel;

constexpr std::uint32_t intid_of(std::uint32_t channel) { return abi::guest_map::channel_intid + channel; }

ChannelEnd const* find(Vm const& vm, std::uint32_t index) {
    return vm.channels != nullptr && index < vm.channels->ends.size() ? &vm.channels->ends[index] : nullptr;
}

/// From another core: what was written before the ring is seen by whoever takes the doorbell, since the gate is changed by
/// read-modify-writes on both sides.
void post(Vm& to, std::uint32_t bit) {
    if ((to.channels->gate.fetch_or(bit, memory_order_acq_rel) & bit) != 0) return;
    to.channels->rings.fetch_or(bit, memory_order_acq_rel);
    mail::post(*to.vcpus[0], Mail::ring);
}

/// The channels whose interrupts share a bank of 32 with the first one's.
constexpr std::uint32_t in_first_bank = (1u << (32 - intid_of(0) % 32)) - 1;

/// Of one bank: the path is as long for all of them as for two.
void raise(Vm& vm, std::uint32_t rung) {
    auto const bits = std::uint64_t{rung} << intid_of(0) % 32;
    auto const high = static_cast<std::uint32_t>(bits >> 32);
    vgic::raise_all(*vm.vcpus[0], (intid_of(0) & ~31u) + (high != 0 ? 32 : 0),
                    high != 0 ? high : static_cast<std::uint32_t>(bits));
}

/// Those of `rung` whose vCPU is off its core.
std::uint32_t not_heard_yet(Vm& vm, std::uint32_t rung) {
    Vcpu& first = *vm.vcpus[0];
    if (vm.vcpus.size() == 1) return vgic::waits_for_its_turn(first, intid_of(0)) ? rung : 0;
    std::uint32_t waiting = 0;
    for (auto bits = rung; bits != 0; bits &= bits - 1)
        if (vgic::waits_for_its_turn(first, intid_of(static_cast<std::uint32_t>(std::countr_zero(bits)))))
            waiting |= bits & -bits;
    return waiting;
}

}  // namespace

void set_up(Pool& pool, PlanView const& plan, std::span<Vm*> vms) {
    for (Vm* vm : vms) {
        auto const records = plan.channels_of(*vm->record);
        if (records.empty()) continue;
        vm->channels = pool.make<Channels>();
        vm->channels->ends = pool.array<ChannelEnd>(records.size());
        for (std::size_t i = 0; i < records.size(); ++i)
            vm->channels->ends[i] = {.peer = vms[records[i].peer], .channel = records[i].peer_channel};
    }
}

bool ring(Vcpu const& from, std::uint32_t index) {
    auto const* const end = find(*from.vm, index);
    if (end == nullptr) return false;
    Vcpu& first = *end->peer->vcpus[0];
    if (first.cpu == from.cpu) {
        vgic::raise(first, intid_of(end->channel));
    } else {
        post(*end->peer, 1u << end->channel);
    }
    return true;
}

std::uint32_t peer(Vm const& vm, std::uint32_t index) {
    auto const* const end = find(vm, index);
    if (end == nullptr) return 0;
    return static_cast<std::uint32_t>(end->peer->resets << 8) | (end->peer->state == VmState::Running ? 1u : 0u);
}

void deliver(Vm& vm) {
    if (vm.channels == nullptr) return;
    Channels& channels = *vm.channels;
    auto const all = channels.rings.load(std::memory_order_acquire);
    auto const rung = (all & in_first_bank) != 0 ? all & in_first_bank : all;
    channels.rings.fetch_and(~rung, memory_order_acq_rel);
    raise(vm, rung);
    channels.gate.fetch_and(~rung | not_heard_yet(vm, rung), memory_order_acq_rel);
    if (all != rung) mail::post(*vm.vcpus[0], Mail::ring);  // the rest in a path of its own
}

void open_gate(Vm& vm) {
    // A ring that is still in the mail keeps its bit, or it would be lost; one that comes between the two lines is only asked for twice.
    auto const on_the_way = vm.channels->rings.load(std::memory_order_acquire);
    vm.channels->gate.fetch_and(on_the_way, memory_order_acq_rel);
}

void forget(Vm& vm) {
    if (vm.channels == nullptr) return;
    vm.channels->rings.store(0, std::memory_order_release);  // first: a bit in the gate alone would stay for ever
    vm.channels->gate.store(0, std::memory_order_release);
}

}  // namespace tiffin::channel
