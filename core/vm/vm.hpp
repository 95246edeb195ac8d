// A virtual machine: a sealed box of memory, vCPUs and devices.
#pragma once
#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include "abi/manage.hpp"
#include "abi/plan.hpp"
#include "core/irq/vgic.hpp"
#include "core/mem/stage2.hpp"
#include "core/smp/lock.hpp"
#include "core/vm/mmio.hpp"
#include "core/vm/vcpu.hpp"

namespace tiffin {

class Watchdog;
class ConsoleClient;
class ConsolePort;
namespace virtio {
struct Device;
}

/// Life of a VM (docs/architecture.md, "Life of a VM"). Every move goes through lifecycle::enter.
using abi::VmState;

/// Where an emulated device lies in the guest's map.
struct MmioSlot {
    Ipa base{0};
    std::uint64_t size{0};
    MmioDevice* device{nullptr};
    char const* name{nullptr};
};

/// Lets a guest's faults be told, but not flood: a burst, then one a second.
struct ReportLimit {
    std::uint32_t burst_left{8};
    std::uint32_t suppressed{0};
    std::uint64_t next{0};  // counter value from which one more may be printed

    /// May one more be printed at counter value `now`, of which `second` ticks are a second? Counts those that may not.
    bool allow(std::uint64_t now, std::uint64_t second) {
        bool const shown = burst_left != 0 || now >= next;
        if (burst_left != 0) --burst_left;
        if (shown) {
            next = now + second;
        } else {
            ++suppressed;
        }
        return shown;
    }
};

/// What a VM needs besides on a board that runs several cores.
struct CrossCore {
    CoreLock lock;
    ConsoleClient* uart{nullptr};              // where news of the console go, which come by mail
    std::uint32_t taken_back[2][spi_banks]{};  // pending ([0]) and active ([1]) states that a vCPU of another core lists still
};

struct Channels;

struct Vm final : IrqSink {
    // Distributor, redistributors, UART, RTC, watchdog, manager, virtio, channel doorbells, PCI, its message frame.
    static constexpr unsigned max_slots = 10;

    std::uint32_t id{0};
    VmState state{VmState::Off};
    std::uint8_t status{0};  // what it stopped with: 0 is success
    bool shared{false};      // its vCPUs are pinned to more than one core, or it shares virtio devices with a VM on another
    bool in_steps{
        false};  // a bounded piece of work is done for it at each turn of its first vCPU: it starts anew, or is scrubbed
    std::uint8_t leaving{0};  // while it stops or starts anew: who has not left yet
    abi::VmRecord const* record{nullptr};
    std::string_view name;
    std::span<Vcpu*> vcpus;
    Stage2 stage2;
    MmioSlot slots[max_slots];
    std::uint32_t slot_count{0};
    ConsolePort* console{nullptr};
    ReportLimit reports;
    std::uint64_t timer_slack{0};  // ticks that its timers may wake it later than asked
    std::uint64_t scrub_at{0};     // in_steps: bytes of RAM that are already zero again
    std::uint64_t cntvoff{0};      // of all its vCPUs: the counter at its start, and the time that it was paused
    std::uint64_t paused_at{0};    // counter value
    std::uint64_t restart_within{0}, restart_back_off{0};  // ticks
    Timer restart_timer{};                                 // after a crash
    bool restarting{false};                                // it has crashed and is going to start anew
    std::uint32_t restarts{0};                             // after crashes, since
    std::uint64_t restarts_since{0};                       // this counter value
    std::atomic<std::uint32_t> wishes{0};                  // what its first core is asked to do with it: bits of lifecycle::Wish
    Watchdog* watchdog{nullptr};                           // nullptr: none
    std::uint64_t resets{0}, faults{0};  // since boot: how often it started anew; aborts and undefined instructions given to it
    std::uint64_t copied{0};             // since boot: bytes between it and the servers of its devices, both ways
    std::span<virtio::Device*> virtio;   // its own, by slot
    std::span<virtio::Device*> serves;   // those of others, by the number that it knows them by
    std::uint64_t news{0};               // of those: a bit for each that it should look at
    VgicVm vgic;
    CrossCore* cross{nullptr};    // only where several cores run
    Channels* channels{nullptr};  // only if it has some

    /// The device at `ipa`, or nullptr. For naturally aligned accesses of at most 8 bytes, which cannot straddle a window's end.
    [[nodiscard]] MmioSlot const* find_aligned(Ipa ipa) const {
        MmioSlot const* slot = slots;
        do {  // the first is the distributor, which every VM has
            if (ipa.raw() - slot->base.raw() < slot->size) return slot;
        } while (++slot != slots + slot_count);
        return nullptr;
    }
    /// IrqSink: an emulated device's line.
    void set_line(std::uint32_t intid, bool high) override;
    /// The physical interrupt behind virtual interrupt `intid`, for those that have one.
    [[nodiscard]] std::uint32_t physical_of(std::uint32_t intid) const;
};

}  // namespace tiffin
