#include "vdev/virtio/virtio_mmio.hpp"

#include <cstring>

#include "abi/guest_map.hpp"
#include "core/smp/guard.hpp"
#include "core/virtio/device.hpp"
#include "core/vm/vm.hpp"
#include "vdev/virtio/input_config.hpp"

namespace tiffin::vdev {
namespace {

namespace mmio = abi::virtio::mmio;
using virtio::Device;
using virtio::Queue;

/// Bits 32 * `word` to 32 * `word` + 31; nothing above 64.
constexpr std::uint32_t half(std::uint64_t value, std::uint32_t word) {
    return word > 1 ? 0 : static_cast<std::uint32_t>(value >> (32 * word));
}

void set_half(std::uint64_t& value, std::uint32_t word, std::uint32_t to) {
    if (word <= 1) value = (value & ~(0xffff'ffffull << (32 * word))) | std::uint64_t{to} << (32 * word);
}

std::uint64_t read_config(Device const& d, MmioOp op) {
    auto const offset = op.offset - mmio::Config;
    if (d.record->type == abi::virtio::Type::Input) return input_config::read(d.config_selected, offset, op.size);
    std::uint64_t value = 0;
    if (offset + op.size <= sizeof d.config) std::memcpy(&value, reinterpret_cast<char const*>(d.config) + offset, op.size);
    return value;
}

/// Only an input device has a configuration space that takes anything: what its driver selects, a byte each.
void write_byte(Device& d, std::uint32_t offset, std::uint64_t value) {
    auto const at = offset - mmio::Config;
    if (d.record->type == abi::virtio::Type::Input && at < sizeof d.config_selected)
        d.config_selected[at] = static_cast<std::uint8_t>(value);
}

Queue* selected(Device& d) { return d.queue_selected < d.queues.size() ? &d.queues[d.queue_selected] : nullptr; }

std::uint32_t read_register(Device& d, std::uint32_t offset) {
    Queue const* const queue = selected(d);
    switch (offset) {
        case mmio::MagicValue: return mmio::magic;
        case mmio::Version: return 2;
        case mmio::DeviceId: return static_cast<std::uint32_t>(d.record->type);
        case mmio::VendorId: return mmio::vendor;
        case mmio::DeviceFeatures: return half(d.offered(), d.offered_selected);
        case mmio::QueueNumMax: return queue == nullptr ? 0 : queue->max_size();
        case mmio::QueueReady: return queue != nullptr && queue->ready() ? 1 : 0;
        case mmio::InterruptStatus: return d.interrupts;
        case mmio::StatusRegister: return d.status;
        case mmio::ShmLenLow:
        case mmio::ShmLenHigh: return ~0u;
        case mmio::ConfigGeneration: return d.generation;
        default: return 0;
    }
}

/// Of the queue that is selected, while it is not ready.
void write_queue_register(Queue& queue, std::uint32_t offset, std::uint32_t value) {
    auto& setup = queue.setup;
    switch (offset) {
        case mmio::QueueNum: setup.size = value; return;
        case mmio::QueueDescLow: return set_half(setup.descriptors, 0, value);
        case mmio::QueueDescHigh: return set_half(setup.descriptors, 1, value);
        case mmio::QueueDriverLow: return set_half(setup.available, 0, value);
        case mmio::QueueDriverHigh: return set_half(setup.available, 1, value);
        case mmio::QueueDeviceLow: return set_half(setup.used, 0, value);
        case mmio::QueueDeviceHigh: return set_half(setup.used, 1, value);
        default: return;
    }
}

/// "GPU Device", "Device configuration layout": events_clear.
void clear_events(Device& d, std::uint32_t which) {
    if (d.record->type == abi::virtio::Type::Gpu) d.config[abi::virtio::gpu::events_at / 8] &= ~std::uint64_t{which};
}

void write_register(Device& d, std::uint32_t offset, std::uint32_t value) {
    switch (offset) {
        case mmio::Config + abi::virtio::gpu::events_clear_at: return clear_events(d, value);
        case mmio::QueueNotify: return virtio::kick(d, value);
        case mmio::InterruptAck: return virtio::acknowledge(d, value);
        case mmio::StatusRegister: return virtio::set_status(d, value);
        case mmio::DeviceFeaturesSel: d.offered_selected = value; return;
        case mmio::DriverFeaturesSel: d.accepted_selected = value; return;
        case mmio::DriverFeatures:
            if ((d.status & abi::virtio::features_ok) == 0) set_half(d.accepted, d.accepted_selected, value);
            return;
        case mmio::QueueSel: d.queue_selected = value; return;
        default: break;
    }
    Queue* const queue = selected(d);
    if (queue == nullptr) return;
    if (offset == mmio::QueueReady) return virtio::set_ready(d, *queue, (value & 1) != 0);
    if (!queue->ready()) write_queue_register(*queue, offset, value);
}

}  // namespace

Device* VirtioMmio::at(std::uint32_t offset) const {
    auto const slot = offset / abi::guest_map::virtio_stride;
    return slot < client_->virtio.size() ? client_->virtio[slot] : nullptr;
}

std::uint64_t VirtioMmio::read(Vcpu&, MmioOp op) {
    Device* const d = at(op.offset);
    if (d == nullptr) return 0;
    op.offset %= abi::guest_map::virtio_stride;
    VirtioGuard const guard;
    if (op.offset >= mmio::Config) return read_config(*d, op);
    return op.size == 4 ? read_register(*d, op.offset) : 0;
}

void VirtioMmio::write(Vcpu&, MmioOp op, std::uint64_t value) {
    Device* const d = at(op.offset);
    if (d == nullptr) return;
    op.offset %= abi::guest_map::virtio_stride;
    VirtioGuard const guard;
    if (op.size == 4) return write_register(*d, op.offset, static_cast<std::uint32_t>(value));
    if (op.size == 1) write_byte(*d, op.offset, value);
}

}  // namespace tiffin::vdev
