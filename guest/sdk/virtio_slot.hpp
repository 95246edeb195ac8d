// A virtio device in a virtio-mmio slot of the board (virtio 1.2, "Virtio Over MMIO", version 2) that was given to this VM. No SMMU stands
// between it and memory: it takes the VM's addresses for physical ones, which they are where the tool has put such a VM (docs/pci.md).
// In a VM only.
#pragma once
#include <cstdint>
#include <optional>

#include "abi/virtio.hpp"
#include "guest/sdk/device_tree.hpp"
#include "guest/sdk/virtio_driver.hpp"

namespace tiffin::sdk {

struct VirtioSlot {
    std::uint64_t base;
    std::uint32_t intid;
};

/// The first slot that holds such a device; nothing if the VM has none. The VM is no client of other VMs': their slots look the same.
std::optional<VirtioSlot> find_virtio_slot(DeviceTree const& tree, abi::virtio::Type type);

class VirtioInSlot final : public VirtioRegisters {
public:
    /// `called` runs on each of its interrupts, with interrupts masked. Panics if the slot has no interrupt.
    explicit VirtioInSlot(VirtioSlot const& slot, void (*called)() = nullptr);
    VirtioInSlot(VirtioInSlot const&) = delete;
    VirtioInSlot& operator=(VirtioInSlot const&) = delete;

    std::uint8_t status() override;
    void set_status(std::uint8_t status) override;
    std::uint64_t offered() override;
    void accept(std::uint64_t features) override;
    std::uint16_t entries(std::uint16_t queue) override;
    void enable(std::uint16_t queue, Virtqueue const& what) override;
    void notify(std::uint16_t queue) override;
    std::uint64_t config(std::uint32_t offset) override;
    /// Nothing can hold it back but a reset.
    void allow_dma(bool) override {}
    [[nodiscard]] bool is_fenced() const override { return false; }
    void wait() override;

private:
    static void on_interrupt(std::uint32_t, void* self);

    std::uint64_t base_;
    void (*called_)();
    bool volatile rung_{false};
};

}  // namespace tiffin::sdk
