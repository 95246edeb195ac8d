#include "guest/sdk/virtio_pci.hpp"

#include "guest/sdk/app.hpp"

namespace tiffin::sdk {

namespace {

namespace virtio = abi::virtio::pci;

VirtioPlaces places_of(PciFunction const& function) {
    auto const places = find_virtio(function);
    if (!places) panic("a PCI function of virtio's has no modern registers (of QEMU: disable-legacy=on)");
    return *places;
}

/// Registers of 64 bits are written as two of 32 ("Device Layout Detection", "PCI Device Layout").
void write_address(std::uint64_t at, void const* to) {
    auto const address = reinterpret_cast<std::uint64_t>(to);
    mmio_write(at, static_cast<std::uint32_t>(address));
    mmio_write(at + 4, static_cast<std::uint32_t>(address >> 32));
}

}  // namespace

VirtioPci::VirtioPci(PciFunction const& function, DeviceTree const& tree, void (*called)())
    : function_{function}, places_{places_of(function)}, called_{called} {
    auto const intid = pci_interrupt(tree, function);
    if (!intid || !interrupts::enable(*intid, 128, on_interrupt, this)) panic("a PCI function has no interrupt");
}

std::uint8_t VirtioPci::status() { return mmio_read<std::uint8_t>(places_.common.at + virtio::DeviceStatus); }

void VirtioPci::set_status(std::uint8_t status_bits) {
    mmio_write(places_.common.at + virtio::DeviceStatus, status_bits);
    while (status_bits == 0 && status() != 0) {
    }
}

std::uint64_t VirtioPci::offered() {
    std::uint64_t all = 0;
    for (std::uint32_t half = 0; half < 2; ++half) {
        mmio_write(places_.common.at + virtio::DeviceFeatureSelect, half);
        all |= std::uint64_t{mmio_read<std::uint32_t>(places_.common.at + virtio::DeviceFeature)} << 32 * half;
    }
    return all;
}

void VirtioPci::accept(std::uint64_t features) {
    for (std::uint32_t half = 0; half < 2; ++half) {
        mmio_write(places_.common.at + virtio::DriverFeatureSelect, half);
        mmio_write(places_.common.at + virtio::DriverFeature, static_cast<std::uint32_t>(features >> 32 * half));
    }
}

std::uint16_t VirtioPci::entries(std::uint16_t queue) {
    mmio_write(places_.common.at + virtio::QueueSelect, queue);
    return mmio_read<std::uint16_t>(places_.common.at + virtio::QueueSize);
}

void VirtioPci::enable(std::uint16_t queue, Virtqueue const& what) {
    auto const common = places_.common.at;
    mmio_write(common + virtio::QueueSelect, queue);
    mmio_write(common + virtio::QueueSize, what.entries());
    write_address(common + virtio::QueueDesc, &what.memory().descriptors);
    write_address(common + virtio::QueueDriver, &what.memory().available);
    write_address(common + virtio::QueueDevice, &what.memory().used);
    // "Notification structure layout": where depends on the queue.
    auto const at = mmio_read<std::uint16_t>(common + virtio::QueueNotifyOff) * places_.notify_multiplier;
    if (queue >= bells_.size() || at > places_.notify.bytes - 2) panic("a PCI function of virtio's has a bell in no BAR");
    bells_[queue] = places_.notify.at + at;
    mmio_write(common + virtio::QueueEnable, std::uint16_t{1});
}

void VirtioPci::notify(std::uint16_t queue) { mmio_write(bells_[queue], queue); }

std::uint64_t VirtioPci::config(std::uint32_t offset) {
    std::uint64_t all = 0;
    for (std::uint32_t i = 0; i < 8 && offset + i < places_.device.bytes; ++i)
        all |= std::uint64_t{mmio_read<std::uint8_t>(places_.device.at + offset + i)} << 8 * i;
    return all;
}

void VirtioPci::wait() {
    InterruptsMasked const masked;
    while (!rung_) wait_for_interrupt();
    rung_ = false;
}

/// Reading the ISR status takes the line down ("ISR status capability").
void VirtioPci::on_interrupt(std::uint32_t, void* self) {
    auto& pci = *static_cast<VirtioPci*>(self);
    if (mmio_read<std::uint8_t>(pci.places_.isr.at) == 0) return;
    pci.rung_ = true;
    if (pci.called_ != nullptr) pci.called_();
}

}  // namespace tiffin::sdk
