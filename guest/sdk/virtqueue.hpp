// A split virtqueue from the driver's side (virtio 1.2, "Split Virtqueues"), for devices that a VM itself drives. What the device writes is
// believed as far as it fits what was posted; how chains hang together is kept where no device is told to write.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "abi/virtio.hpp"

namespace tiffin::sdk {

/// Entries at most: of a queue, and of all chains in it.
inline constexpr std::uint16_t max_queue_entries = 64;

/// What driver and device share. It stays where it is while the device runs.
struct QueueMemory {
    alignas(16) abi::virtio::Descriptor descriptors[max_queue_entries];
    struct {
        std::uint16_t flags, index, ring[max_queue_entries];
    } available;
    struct {
        alignas(4) std::uint16_t flags;
        std::uint16_t index;
        abi::virtio::UsedElement ring[max_queue_entries];
    } used;
};

/// A buffer that the device reads, or room that it writes. Physically contiguous, as all of a VM's RAM is.
struct Piece {
    std::span<std::byte const> bytes;
    bool written{false};  // by the device
};

class Virtqueue {
public:
    /// A chain that the device is done with: what post() answered, and how many bytes of its room were written, at most as many as it had.
    struct Done {
        std::uint16_t chain;
        std::uint32_t written;
    };

    explicit Virtqueue(QueueMemory& memory) : memory_{memory} { reset(0); }

    [[nodiscard]] QueueMemory const& memory() const { return memory_; }
    [[nodiscard]] std::uint16_t entries() const { return entries_; }

    /// Empty, with `entries` of them: a power of two. The device is in reset.
    void reset(std::uint16_t entries);
    /// The device need not interrupt for it, until the next reset.
    void be_silent() { memory_.available.flags = abi::virtio::no_interrupt; }
    /// Hands a chain to the device, which is to be notified. Nothing: no room for it.
    std::optional<std::uint16_t> post(std::span<Piece const> chain);
    /// What post() will answer; nothing: no room.
    [[nodiscard]] std::optional<std::uint16_t> next_chain() const {
        return free_ == none || broken_ ? std::nullopt : std::optional{free_};
    }
    /// The next chain that the device is done with.
    std::optional<Done> take();
    /// The device finished what it did not have, or more than it had: it can't be trusted with this queue until it was reset.
    [[nodiscard]] bool broken() const { return broken_; }
    /// The device asks to be told of new chains.
    [[nodiscard]] bool wants_notification() const;

private:
    static constexpr std::uint16_t none = max_queue_entries;
    struct Chain {
        std::uint32_t room{0};  // bytes that the device may write
        bool posted{false};
    };

    void free(std::uint16_t head);

    QueueMemory& memory_;
    std::array<Chain, max_queue_entries> chains_{};        // by their first descriptor
    std::array<std::uint16_t, max_queue_entries> next_{};  // of a chain, or of the free ones
    std::uint16_t entries_{0}, free_{none}, free_count_{0}, posted_{0};
    std::uint16_t available_{0}, used_{0};  // indices, which wrap at 2^16
    bool broken_{false};
};

}  // namespace tiffin::sdk
