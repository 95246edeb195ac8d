// The virtual CPU interface as a guest sees it: what the hardware does to list registers while the guest runs.
// Source: GICv3 (IHI 0069), "Virtual interrupt handling and prioritization", "ICH_ELRSR_EL2", "ICH_EISR_EL2", "ICH_MISR_EL2".
#pragma once
#include <cstdint>
#include <optional>

namespace tiffin::host {

struct Acknowledged {
    std::uint32_t intid;
    std::uint32_t source;  // GICv2, SGIs: the sender
};

/// The guest reads IAR: the most urgent pending interrupt, if it is more urgent than all that it handles.
std::optional<Acknowledged> guest_acknowledge();
/// The guest writes EOIR (EOImode 0): drops the priority and deactivates.
void guest_end(std::uint32_t intid);
/// Is the guest's interrupt input high?
bool guest_is_interrupted();
/// Does the interface want EL2's maintenance?
bool maintenance_pending();
/// List registers that may be overwritten, as ICH_ELRSR_EL2.
std::uint32_t empty_list_registers();

}  // namespace tiffin::host
