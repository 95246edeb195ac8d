#include "core/virtio/device.hpp"

#include "abi/guest_map.hpp"
#include "core/irq/vgic.hpp"
#include "core/notice/notice.hpp"
#include "core/smp/guard.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::virtio {
namespace {

namespace v = abi::virtio;

void show_interrupts(Device const& d) { d.client->set_line(abi::guest_map::virtio_intid + d.record->slot, d.interrupts != 0); }

}  // namespace

void interrupt(Device& d, std::uint32_t bits) {
    d.interrupts |= bits;
    show_interrupts(d);
}

void acknowledge(Device& d, std::uint32_t bits) {
    d.interrupts &= ~bits;
    show_interrupts(d);
}

void ring(Device& d) {
    auto const bit = 1ull << d.record->server_device;
    bool const known = (d.server->news & bit) != 0;
    d.server->news |= bit;
    if (!known && d.serving) vgic::raise(*d.server->vcpus[0], abi::guest_map::server_intid);
}

void reset(Device& d) {
    for (Queue& queue : d.queues) {
        queue.reset();
        queue.setup = {.size = queue.max_size()};
    }
    d.status = d.queue_selected = d.offered_selected = d.accepted_selected = 0;
    d.accepted = 0;
    d.config_selected[0] = d.config_selected[1] = 0;
    ++d.life;
    acknowledge(d, ~0u);
    ring(d);
}

void give_up(Device& d, char const* why) {
    if ((d.status & v::needs_reset) != 0) return;
    d.status |= v::needs_reset;
    if (d.client->reports.allow(arch::now(), arch::frequency()))
        post({.vm = d.client, .change = "a virtio device needs a reset: ", .why = why});
    interrupt(d, v::mmio::configuration_change);
}

void set_status(Device& d, std::uint32_t status) {
    if (status == 0) return reset(d);
    auto const added = (status & 0xff & ~d.status) & ~v::needs_reset;
    d.status |= added;
    bool const unacceptable = (d.accepted & ~d.offered()) != 0 || (d.accepted & v::version_1) == 0;
    if ((added & v::features_ok) != 0 && unacceptable) d.status &= ~v::features_ok;
    if ((added & v::driver_ok) != 0) ring(d);
}

void set_ready(Device& d, Queue& queue, bool ready) {
    if (!ready) return queue.reset();
    if (queue.ready()) return;
    if (!queue.start(*d.client, (d.accepted & v::ring_event_index) != 0))
        give_up(d, "the rings of a queue are misaligned, not in its RAM, or on pages that it never wrote");
}

void kick(Device& d, std::uint32_t index) {
    if (index >= d.queues.size()) return;
    Queue& queue = d.queues[index];
    if (!queue.armed() || !d.alive()) return;
    queue.disarm();
    ring(d);
}

void leave(Vm& vm) {
    VirtioGuard const guard;
    for (Device* d : vm.virtio) reset(*d);
    vm.news = 0;
    for (Device* d : vm.serves) {
        d->serving = false;
        for (Queue& queue : d->queues) queue.revive();
    }
}

}  // namespace tiffin::virtio
