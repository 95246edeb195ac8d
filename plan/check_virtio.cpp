// Rules about virtio devices between VMs.
#include "abi/guest_map.hpp"
#include "plan/check.hpp"

namespace tiffin {

bool RuleCheck::virtio_is_sound() {
    for (std::size_t i = 0; i < plan_.virtio().size(); ++i) {
        at("virtio", i);
        if (!virtio_device_is_sound(i) || !virtio_is_numbered(i) || !virtio_slot_is_free(plan_.virtio()[i])) return false;
    }
    return true;
}

bool RuleCheck::virtio_device_is_sound(std::size_t index) {
    auto const& device = plan_.virtio()[index];
    if (device.client >= plan_.vms().size() || device.server >= plan_.vms().size()) return fail("is of a VM that does not exist");
    if (device.client == device.server) return fail("is served by its own client");
    switch (device.type) {
        case abi::virtio::Type::Net:
        case abi::virtio::Type::Block:
        case abi::virtio::Type::Console:
        case abi::virtio::Type::Rng:
        case abi::virtio::Type::Gpu:
        case abi::virtio::Type::Input:
        case abi::virtio::Type::Vsock:
        case abi::virtio::Type::Sound: break;
        default: return fail("has an unknown type");
    }
    if (device.queues == 0 || device.queues > abi::serve::max_queues) return fail("has no queue, or more than 10");
    if (device.queue_size < 2 || device.queue_size > abi::serve::max_queue_size ||
        (device.queue_size & (device.queue_size - 1)) != 0)
        return fail("has queues whose size is not a power of two, 2..32");
    return (device.features & abi::virtio::reserved_features) == 0 || fail("offers a feature of the transport");
}

bool RuleCheck::virtio_is_numbered(std::size_t index) {
    auto const all = plan_.virtio();
    auto const& device = all[index];
    bool const first = index == 0 || all[index - 1].client != device.client;
    if (index != 0 && all[index - 1].client > device.client) return fail("is out of order: they ascend by client");
    if (device.slot >= abi::guest_map::virtio_slots || device.slot != (first ? 0 : all[index - 1].slot + 1))
        return fail("has a slot out of order, or above 31");
    std::uint32_t served = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].server != device.server) continue;
        ++served;
        if (i < index && all[i].server_device == device.server_device)
            return fail("has a number that its server has given twice");
    }
    return (device.server_device < served && served <= abi::serve::max_devices) ||
           fail("has a number above those of its server's devices, of which there are at most 64");
}

bool RuleCheck::virtio_slot_is_free(abi::VirtioRecord const& device) {
    namespace g = abi::guest_map;
    auto const base = g::virtio + device.slot * g::virtio_stride;
    auto const& client = plan_.vms()[device.client];
    for (auto const& window : plan_.windows_of(client))
        if (base + g::virtio_stride > window.ipa && base < window.ipa + window.size)
            return fail("lies under a device given to its VM");
    for (auto const& given : plan_.interrupts_of(client))
        if (given.virtual_id == g::virtio_intid + device.slot) return fail("has the interrupt of a device given to its VM");
    for (auto const& given : plan_.interrupts_of(plan_.vms()[device.server]))
        if (given.virtual_id == g::server_intid)
            return fail("has a server whose doorbell is the interrupt of a device given to it");
    return true;
}

}  // namespace tiffin
