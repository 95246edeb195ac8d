// Which VM gets which device, and where it finds it. Checked here: nobody gets what another has, or what the hypervisor keeps.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "tool/board/board.hpp"
#include "tool/description/description.hpp"

namespace tiffin {

struct GrantedWindow {
    Range pa;  // whole pages
    std::uint64_t ipa;
};

struct GrantedInterrupt {
    std::uint32_t physical, virtual_id;
    bool edge;
    std::uint64_t per_second;  // at most; 0: no limit
};

/// A device in the hands of a VM.
struct Grant {
    BoardDevice const* device;                // nullptr for a PCI function,
    std::optional<std::uint32_t> function{};  // which this is: device << 3 | number
    bool fenced{true};                        // a function's DMA, by the board's SMMU
    Mark at;
    std::vector<Range> reg;              // as the guest's device tree shows them
    std::vector<GrantedWindow> windows;  // but those that a device before it brought, with which it shares pages
    std::vector<GrantedInterrupt> interrupts;
    std::vector<GrantedInterrupt> messages{};  // of a GICv2m frame, which the VM has with its first function
    bool has_messages{false};                  // a function's: something takes them
    bool by_its{false};                        // and it is the ITS
    std::uint32_t shared_line{0};  // INTA of a function, if another function of the VM brought the interrupt: its virtual INTID

    /// It may reach any physical address, and knows no other ones.
    [[nodiscard]] bool is_unfenced() const { return device != nullptr ? device->may_do_dma : !fenced; }
    [[nodiscard]] bool is_virtio_slot() const { return device != nullptr && device->name.starts_with("virtio_mmio"); }
};

/// The grants of each domain, in the order of `description.domains`.
std::vector<std::vector<Grant>> check_grants(Description const& description, Board const& board, Problems& problems);

/// Cores that do not exist, more domains than fit, and a board that the hypervisor can't use.
void check_cores(Description const& description, Board const& board, Problems& problems);

}  // namespace tiffin
