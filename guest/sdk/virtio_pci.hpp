// A virtio device on PCI that was given to this VM (docs/pci.md), by INTx. In a VM only.
#pragma once
#include <array>

#include "guest/sdk/pci.hpp"
#include "guest/sdk/virtio_driver.hpp"
#include "guest/sdk/virtio_places.hpp"

namespace tiffin::sdk {

class VirtioPci final : public VirtioRegisters {
public:
    /// Panics if the function can't be driven: the description is wrong. `called` runs on each of its interrupts, with interrupts masked.
    VirtioPci(PciFunction const& function, DeviceTree const& tree, void (*called)() = nullptr);
    VirtioPci(VirtioPci const&) = delete;
    VirtioPci& operator=(VirtioPci const&) = delete;

    std::uint8_t status() override;
    void set_status(std::uint8_t status) override;
    std::uint64_t offered() override;
    void accept(std::uint64_t features) override;
    std::uint16_t entries(std::uint16_t queue) override;
    void enable(std::uint16_t queue, Virtqueue const& what) override;
    void notify(std::uint16_t queue) override;
    std::uint64_t config(std::uint32_t offset) override;
    void allow_dma(bool allowed) override { function_.enable(allowed); }
    [[nodiscard]] bool is_fenced() const override { return true; }
    void wait() override;

private:
    static void on_interrupt(std::uint32_t, void* self);

    PciFunction function_;
    VirtioPlaces places_;
    std::array<std::uint64_t, 4> bells_{};  // of each queue
    void (*called_)();
    bool volatile rung_{false};
};

/// The VM's first function that is such a device; nothing if it has none.
inline std::optional<PciFunction> find_virtio_pci(DeviceTree const& tree, abi::virtio::Type type) {
    return find_pci(tree, abi::virtio::pci::id_of(type));
}

}  // namespace tiffin::sdk
