// The hostile guest's own driver of its first virtio device, of which every part can be got wrong.
#pragma once
#include <cstdint>

#include "abi/guest_map.hpp"
#include "abi/virtio.hpp"
#include "guest/sdk/cpu.hpp"

namespace hostile {

namespace v = tiffin::abi::virtio;

/// Rings as a driver keeps them; 16-byte aligned for the descriptors.
struct alignas(64) Rings {
    static constexpr std::uint16_t size = 32;

    v::Descriptor descriptors[size];
    struct {
        std::uint16_t flags, index, ring[size], used_event;
    } available;
    alignas(8) struct {
        std::uint16_t flags, index;
        v::UsedElement ring[size];
        std::uint16_t available_event;
    } used;
};

class Driver {
public:
    static constexpr std::uint64_t base = tiffin::abi::guest_map::virtio;

    [[nodiscard]] static std::uint32_t read(std::uint32_t at) { return tiffin::sdk::mmio_read<std::uint32_t>(base + at); }
    static void write(std::uint32_t at, std::uint32_t value) { tiffin::sdk::mmio_write<std::uint32_t>(base + at, value); }

    /// Is there a device in the first slot? (Otherwise an access aborts: ask before watching.)
    [[nodiscard]] static bool exists();
    [[nodiscard]] static bool needs_reset() { return (read(v::mmio::StatusRegister) & v::needs_reset) != 0; }

    /// Reset, and the whole set-up with one queue, whose rings are at `at` (its own, or a lie).
    void start(std::uint64_t at);
    void start() { start(reinterpret_cast<std::uint64_t>(&rings)); }

    /// Offers the chain that starts at `head`, and notifies.
    void post(std::uint16_t head);
    /// Waits for it, letting others run. False: nothing came in a long time.
    bool wait();

    /// One good request: the first sector of the disk is read, and says that it was.
    bool works();
    /// The status byte that a read of `sector` gets; -1: no answer.
    int read_sector(std::uint64_t sector);

    Rings rings{};
    v::block::Request header{};
    alignas(16) std::uint8_t data[512]{};
    std::uint8_t status{0};
};

Driver& driver();

}  // namespace hostile
