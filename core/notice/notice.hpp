// "Never silent", without a price: what the hypervisor has to say of its VMs. A guest's path leaves the facts here and goes on; the
// console has the line made when its turn comes (console.hpp, LineSource).
#pragma once
#include <cstdint>
#include <span>

#include "abi/plan.hpp"
#include "core/console/console.hpp"
#include "core/trap/misdeed.hpp"

namespace tiffin {

struct Vm;

/// Why a VM changes its state.
struct Why {
    char const* text;
    std::int64_t number;  // said behind it; -1: none

    constexpr Why(char const* why = nullptr, std::int64_t value = -1) : text{why}, number{value} {}
};

/// One subject: a misdeed of a guest (two lines), or a change of a VM's state (one). All text in it is static.
struct Notice {
    Vm const* vm{nullptr};
    char const* change{nullptr};              // "stopped: "; nullptr for a misdeed
    Why why{};                                // of a change
    trap::Misdeed misdeed{};                  // otherwise
    std::uint64_t pc{0};                      // of the guest
    std::uint32_t vcpu{0};                    // its index
    abi::PciRecord const* function{nullptr};  // that did it by DMA, rather than a vCPU
    std::uint32_t suppressed{0};              // misdeeds of this VM before it that were not shown
};

/// The subjects that wait, oldest first. Callers hold the console's lock.
class Notices final : public LineSource {
public:
    /// `room` outlives it; its size is a power of two.
    constexpr explicit Notices(std::span<Notice> room) : waiting_{room} {}
    Notices(Notices const&) = delete;
    Notices& operator=(Notices const&) = delete;

    /// False if there is no room.
    bool post(Notice const& notice);
    Left make(Line& line) override;

private:
    std::span<Notice> waiting_;
    std::uint32_t head_{0}, tail_{0};  // run freely
    bool second_line_{false};          // of the oldest is due
};

/// Leaves `notice` for the console. What finds no room is counted, and the console tells how many. False if there is none.
bool post(Notice const& notice);

}  // namespace tiffin
