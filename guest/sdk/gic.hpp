// The registers of a GIC that a guest with one vCPU needs. Offsets: GICv3 and GICv4 architecture specification (Arm IHI 0069),
// "Distributor register map", "GIC Redistributor register map"; GICv2 (Arm IHI 0048), "CPU interface register map".
#pragma once
#include <cstdint>

namespace tiffin::sdk::gic {

inline constexpr std::uint64_t gicd_ctlr = 0x000, gicd_typer = 0x004, gicd_igroupr = 0x080, gicd_isenabler = 0x100,
                               gicd_icenabler = 0x180;
inline constexpr std::uint64_t gicd_ipriorityr = 0x400, gicd_itargetsr = 0x800, gicd_icfgr = 0xc00, gicd_sgir = 0xf00,
                               gicd_irouter = 0x6000;
inline constexpr std::uint64_t gicr_typer = 0x008, gicr_waker = 0x014, gicr_sgi_base = 0x1'0000, gicr_stride = 0x2'0000;
inline constexpr std::uint64_t gicc_ctlr = 0x00, gicc_pmr = 0x04, gicc_iar = 0x0c, gicc_eoir = 0x10;

inline constexpr std::uint32_t first_spi = 32;
inline constexpr std::uint32_t first_special = 1020;  // 1020..1023: no interrupt to handle

/// Where this VM's controller is.
struct Place {
    unsigned version;
    std::uint64_t distributor;
    std::uint64_t other;  // v3: this vCPU's redistributor; v2: the CPU interface
};

}  // namespace tiffin::sdk::gic
