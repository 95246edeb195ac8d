// For a VM that drives a virtio device of the board itself: an app's own, or a server's hardware. Modern devices only (VIRTIO_F_VERSION_1).
//
//   VirtioPci pci{*find_pci(boot().tree, VirtioPci::id(Type::Block)), boot().tree};   // virtio_pci.hpp
//   QueueMemory memory;  Virtqueue queue{memory};
//   VirtioDriver driver{pci, {&queue, 1}};
//   if (auto const* why = driver.start(features)) panic(why);
//   queue.post(chain);  pci.notify(0);  while (!queue.take()) pci.wait();
#pragma once
#include <cstdint>
#include <span>

#include "guest/sdk/virtqueue.hpp"

namespace tiffin::sdk {

/// A device's registers, whatever it is attached by. Tests have one of their own (virtio_testing.hpp).
class VirtioRegisters {
public:
    virtual std::uint8_t status() = 0;
    /// 0 resets the device, and is through when it has.
    virtual void set_status(std::uint8_t status) = 0;
    virtual std::uint64_t offered() = 0;
    virtual void accept(std::uint64_t features) = 0;
    /// Entries that the device has for `queue`, a power of two; 0: there is no such queue.
    virtual std::uint16_t entries(std::uint16_t queue) = 0;
    virtual void enable(std::uint16_t queue, Virtqueue const& what) = 0;
    virtual void notify(std::uint16_t queue) = 0;
    /// Eight bytes of the device's own configuration.
    virtual std::uint64_t config(std::uint32_t offset) = 0;
    /// Whether it may reach memory.
    virtual void allow_dma(bool allowed) = 0;
    /// Does the board's SMMU stand between it and memory? Then it must say that it goes through that (VIRTIO_F_ACCESS_PLATFORM).
    [[nodiscard]] virtual bool is_fenced() const = 0;
    /// Until the device has interrupted since the last wait.
    virtual void wait() = 0;

protected:
    ~VirtioRegisters() = default;
};

class VirtioDriver {
public:
    /// `queues`: the device's first ones.
    VirtioDriver(VirtioRegisters& registers, std::span<Virtqueue> queues) : registers_{registers}, queues_{queues} {}

    /// Resets the device and sets it up ("Device Initialization"), with those of the `wanted` features that it has, and empty queues.
    /// Whatever it did before is over. Nullptr, or why it can't be used.
    char const* start(std::uint64_t wanted);
    [[nodiscard]] std::uint64_t features() const { return features_; }
    /// It broke a rule, says that it must be reset, or did not start: start() again.
    [[nodiscard]] bool failed() const;

private:
    [[nodiscard]] char const* negotiate(std::uint64_t wanted);
    [[nodiscard]] char const* enable_queues();

    VirtioRegisters& registers_;
    std::span<Virtqueue> queues_;
    std::uint64_t features_{0};
};

}  // namespace tiffin::sdk
