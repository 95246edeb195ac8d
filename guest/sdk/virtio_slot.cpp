#include "guest/sdk/virtio_slot.hpp"

#include "guest/sdk/app.hpp"

namespace tiffin::sdk {

namespace {

namespace mmio = abi::virtio::mmio;

constexpr auto compatible = "virtio,mmio";
constexpr std::uint32_t version = 2;
constexpr unsigned max_slots = 64;

std::uint32_t read(std::uint64_t base, std::uint32_t offset) { return mmio_read<std::uint32_t>(base + offset); }

void write_address(std::uint64_t low, void const* to) {
    auto const address = reinterpret_cast<std::uint64_t>(to);
    mmio_write(low, static_cast<std::uint32_t>(address));
    mmio_write(low + 4, static_cast<std::uint32_t>(address >> 32));
}

}  // namespace

std::optional<VirtioSlot> find_virtio_slot(DeviceTree const& tree, abi::virtio::Type type) {
    for (unsigned n = 0; n < max_slots; ++n) {
        auto const reg = tree.find_property(compatible, n, "reg"), interrupts = tree.find_property(compatible, n, "interrupts");
        if (reg.size() < 16) return std::nullopt;
        auto const base = DeviceTree::cells(reg, 0, 2);
        if (read(base, mmio::MagicValue) != mmio::magic || read(base, mmio::DeviceId) != static_cast<std::uint32_t>(type))
            continue;
        if (read(base, mmio::Version) != version)
            panic("a virtio-mmio slot is of version 1 (of QEMU: virtio-mmio.force-legacy=false)");
        if (interrupts.size() < 12) panic("a virtio-mmio slot has no interrupt");
        return VirtioSlot{base, static_cast<std::uint32_t>(32 + DeviceTree::cells(interrupts, 4, 1))};
    }
    return std::nullopt;
}

VirtioInSlot::VirtioInSlot(VirtioSlot const& slot, void (*called)()) : base_{slot.base}, called_{called} {
    if (!interrupts::enable(slot.intid, 128, on_interrupt, this))
        panic("a virtio-mmio slot has an interrupt that can't be taken");
}

std::uint8_t VirtioInSlot::status() { return static_cast<std::uint8_t>(read(base_, mmio::StatusRegister)); }

void VirtioInSlot::set_status(std::uint8_t status_bits) {
    mmio_write(base_ + mmio::StatusRegister, std::uint32_t{status_bits});
    while (status_bits == 0 && status() != 0) {
    }
}

std::uint64_t VirtioInSlot::offered() {
    std::uint64_t all = 0;
    for (std::uint32_t half = 0; half < 2; ++half) {
        mmio_write(base_ + mmio::DeviceFeaturesSel, half);
        all |= std::uint64_t{read(base_, mmio::DeviceFeatures)} << 32 * half;
    }
    return all;
}

void VirtioInSlot::accept(std::uint64_t features) {
    for (std::uint32_t half = 0; half < 2; ++half) {
        mmio_write(base_ + mmio::DriverFeaturesSel, half);
        mmio_write(base_ + mmio::DriverFeatures, static_cast<std::uint32_t>(features >> 32 * half));
    }
}

std::uint16_t VirtioInSlot::entries(std::uint16_t queue) {
    mmio_write(base_ + mmio::QueueSel, std::uint32_t{queue});
    return static_cast<std::uint16_t>(read(base_, mmio::QueueNumMax));
}

void VirtioInSlot::enable(std::uint16_t queue, Virtqueue const& what) {
    mmio_write(base_ + mmio::QueueSel, std::uint32_t{queue});
    mmio_write(base_ + mmio::QueueNum, std::uint32_t{what.entries()});
    write_address(base_ + mmio::QueueDescLow, &what.memory().descriptors);
    write_address(base_ + mmio::QueueDriverLow, &what.memory().available);
    write_address(base_ + mmio::QueueDeviceLow, &what.memory().used);
    mmio_write(base_ + mmio::QueueReady, 1u);
}

void VirtioInSlot::notify(std::uint16_t queue) { mmio_write(base_ + mmio::QueueNotify, std::uint32_t{queue}); }

std::uint64_t VirtioInSlot::config(std::uint32_t offset) {
    std::uint64_t all = 0;
    for (std::uint32_t i = 0; i < 8; ++i)
        all |= std::uint64_t{mmio_read<std::uint8_t>(base_ + mmio::Config + offset + i)} << 8 * i;
    return all;
}

void VirtioInSlot::wait() {
    InterruptsMasked const masked;
    while (!rung_) wait_for_interrupt();
    rung_ = false;
}

void VirtioInSlot::on_interrupt(std::uint32_t, void* self) {
    auto& slot = *static_cast<VirtioInSlot*>(self);
    auto const why = read(slot.base_, mmio::InterruptStatus);
    if (why == 0) return;
    mmio_write(slot.base_ + mmio::InterruptAck, why);
    slot.rung_ = true;
    if (slot.called_ != nullptr) slot.called_();
}

}  // namespace tiffin::sdk
