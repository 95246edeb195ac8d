// What a guest sees at guest_map::virtio: its virtio devices, each in a slot of 0x200 bytes with the registers of virtio 1.2, "Virtio Over
// MMIO", version 2, and the configuration space from 0x100 on. Interrupt line of slot n: guest_map::virtio_intid + n, level.
//
//   offset name               here
//   0x000  MagicValue, 0x004 Version (2), 0x008 DeviceID, 0x00c VendorID
//   0x010  DeviceFeatures, 0x014 DeviceFeaturesSel: what the server offers, and the transport: VERSION_1, INDIRECT_DESC, EVENT_IDX
//   0x020  DriverFeatures, 0x024 DriverFeaturesSel: fixed once FEATURES_OK is set
//   0x030  QueueSel, 0x034 QueueNumMax, 0x038 QueueNum, 0x044 QueueReady, 0x080..0x0a4 addresses: fixed while the queue is ready
//   0x050  QueueNotify: to the server, if it waits
//   0x060  InterruptStatus, 0x064 InterruptACK
//   0x070  Status: bits can be set, or all cleared (reset)
//   0x0b0  SHMLenLow, 0x0b4 SHMLenHigh: all ones, there is no shared region
//   0x0fc  ConfigGeneration; 0x100 the configuration space, read-only (an input device's: input_config.hpp)
//          but for a GPU device's events_clear, which clears bits of its events_read
//
// Control registers take accesses of 4 bytes, the configuration space of 1 to 8.
#pragma once
#include <cstdint>

#include "core/vm/mmio.hpp"

namespace tiffin {
struct Vm;
namespace virtio {
struct Device;
}
}  // namespace tiffin

namespace tiffin::vdev {

class VirtioMmio final : public MmioDevice {
public:
    /// `client` outlives it; its devices may come later.
    explicit VirtioMmio(Vm const& client) : client_{&client} {}

    std::uint64_t read(Vcpu& by, MmioOp op) override;
    void write(Vcpu& by, MmioOp op, std::uint64_t value) override;

private:
    [[nodiscard]] virtio::Device* at(std::uint32_t offset) const;

    Vm const* client_;
};

}  // namespace tiffin::vdev
