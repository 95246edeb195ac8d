// A virtio device between two VMs: its client drives it through the registers of vdev/virtio, its server through the calls of
// core/hypercall/serve.cpp. The device lives as long as its client; the server comes and goes, and requests wait meanwhile.
//
//   client's driver --registers--> Device <--calls-- server
//        rings, buffers -----------read, checked, copied-----------> server's own buffers
//
// Under Machine::virtio_lock where several cores run: functions here expect it to be held.
#pragma once
#include <cstdint>
#include <span>

#include "abi/plan.hpp"
#include "core/virtio/queue.hpp"

namespace tiffin::virtio {

/// Memory of the client that the server may look at.
struct Piece {
    Ipa at{0};
    std::uint32_t bytes{0};
    std::uint32_t life{0};  // of the client's driver; any other: the place is empty
    std::uint64_t note{0};  // the server's
};

struct Device {
    abi::VirtioRecord const* record{nullptr};
    Vm* client{nullptr};
    Vm* server{nullptr};
    std::span<Queue> queues;
    std::span<Piece> pieces;  // of a GPU device
    std::uint64_t config[abi::serve::config_bytes / 8]{};

    // What the driver sees or has set.
    std::uint32_t status{0};
    std::uint32_t interrupts{0};  // InterruptStatus
    std::uint32_t generation{0};  // of the configuration space
    std::uint32_t queue_selected{0}, offered_selected{0}, accepted_selected{0};
    std::uint64_t accepted{0};          // features
    std::uint8_t config_selected[2]{};  // of an input device: select and subsel

    bool serving{false};    // the server has called ServeStart in its present life
    std::uint32_t life{0};  // resets by the client

    /// What the driver may accept.
    [[nodiscard]] std::uint64_t offered() const { return record->features | abi::virtio::transport_features; }
    /// The driver has finished its set-up and nothing is wrong.
    [[nodiscard]] bool alive() const {
        constexpr auto bits = abi::virtio::driver_ok | abi::virtio::needs_reset;
        return (status & bits) == abi::virtio::driver_ok;
    }
};

/// The driver writes the status register: 0 resets.
void set_status(Device& d, std::uint32_t status);
/// The driver takes a queue into use, or gives it up.
void set_ready(Device& d, Queue& queue, bool ready);
/// The driver notifies of queue `index`.
void kick(Device& d, std::uint32_t index);
/// The driver acknowledges interrupts.
void acknowledge(Device& d, std::uint32_t bits);

/// Back to the state before any driver.
void reset(Device& d);
/// A rule is broken that the driver must know of: the device needs a reset ("Device Status Field", DEVICE_NEEDS_RESET).
void give_up(Device& d, char const* why);
/// Raises an interrupt of the client's: bits of InterruptStatus.
void interrupt(Device& d, std::uint32_t bits);
/// Rings the server: it has something to look at.
void ring(Device& d);

/// A VM has left its cores for good, or until it starts anew: its devices are reset, those that it served wait for its next life.
void leave(Vm& vm);

}  // namespace tiffin::virtio
