// Rules about PCI functions given away.
#include "abi/guest_map.hpp"
#include "base/addr.hpp"
#include "base/pci.hpp"
#include "plan/check.hpp"

namespace tiffin {
namespace {

constexpr std::uint64_t reach = 1ull << 39;  // of EL2's own map
constexpr std::uint64_t bar_limit = 1ull << 32;
constexpr std::uint64_t smmu_bytes = 0x2'0000, its_bytes = 0x1'0000;

bool is_region(std::uint64_t base, std::uint64_t size, std::uint64_t limit) {
    return size != 0 && (base | size) % page_size == 0 && base < limit && size <= limit - base;
}

}  // namespace

bool RuleCheck::pci_is_sound() {
    at("pci", 0);
    if (plan_.pci().empty()) return true;
    if (!pci_host_is_sound()) return false;
    std::uint32_t next = 1;  // 00:00.0 is the host bridge
    for (std::size_t i = 0; i < plan_.pci().size(); ++i) {
        at("pci", i);
        auto const& record = plan_.pci()[i];
        if (record.vm >= plan_.vms().size()) return fail("is of a VM that does not exist");
        if (record.function < next || record.function >= pci::functions_of_a_bus)
            return fail("is the host bridge, not of bus 0, given twice, or out of order");
        next = record.function + 1;
        bool const unfenced = (record.flags & abi::pci_unfenced) != 0;
        if ((record.flags & ~abi::pci_unfenced) != 0) return fail("has an unknown flag");
        if (unfenced == (plan_.header().pci_host.smmu != 0)) return fail("is neither fenced by an SMMU nor accepted without one");
        if (!pci_owner_is_sound(record)) return false;
    }
    return true;
}

bool RuleCheck::pci_host_is_sound() {
    auto const& host = plan_.header().pci_host;
    if (!is_region(host.ecam, pci::ecam_bus_bytes, reach)) return fail("ECAM is misaligned, or above 2^39");
    if (!is_region(host.window, host.window_size, bar_limit)) return fail("window for BARs is misaligned, empty, or above 2^32");
    if (overlap(host.ecam, pci::ecam_bus_bytes, host.window, host.window_size)) return fail("ECAM lies in the window for BARs");
    if (!pci_region_is_nobodys(host.ecam, pci::ecam_bus_bytes) || !pci_region_is_nobodys(host.window, host.window_size))
        return fail("ECAM or window for BARs overlaps RAM, GIC, UART or a device given away");
    if (host.smmu == 0) return (host.its | host.msi | host.msi_first) == 0 || fail("takes messages that no SMMU fences");
    if (!is_region(host.smmu, smmu_bytes, reach) || !pci_region_is_nobodys(host.smmu, smmu_bytes) ||
        overlap(host.smmu, smmu_bytes, host.ecam, pci::ecam_bus_bytes) ||
        overlap(host.smmu, smmu_bytes, host.window, host.window_size))
        return fail("SMMU is misaligned, or overlaps something else");
    if (!messages_are_sound()) return false;
    auto const intid = host.event_intid;
    if (intid < 32 || intid > 1019 || intid == plan_.board().uart_intid || (physical_seen_[intid / 64] >> intid % 64 & 1) != 0)
        return fail("SMMU's event interrupt is no SPI, or somebody else's");
    return true;
}

/// Where they arrive, and as which SPIs. A GICv2m frame takes any of its SPIs from any function: one VM has them all.
bool RuleCheck::messages_are_sound() {
    auto const& host = plan_.header().pci_host;
    if (host.msi == 0) return (host.its | host.msi_first) == 0 || fail("sends messages nowhere");
    auto const taken = [&](std::uint64_t base, std::uint64_t size) {
        return !is_region(base, size, reach) || !pci_region_is_nobodys(base, size) ||
               overlap(base, size, host.smmu, smmu_bytes) || overlap(base, size, host.ecam, pci::ecam_bus_bytes) ||
               overlap(base, size, host.window, host.window_size);
    };
    if (taken(host.msi, page_size) || (host.its != 0 && taken(host.its, its_bytes)))
        return fail("place for messages is misaligned, or overlaps something else");
    if (host.msi_first < 32 || host.msi_first > abi::guest_map::intid_count - abi::guest_map::msi_count)
        return fail("messages are no SPIs of a guest's");
    if (host.its != 0 && plan_.board().gic_version != abi::GicVersion::V3) return fail("has an ITS without a GICv3");
    for (auto const& record : plan_.pci())
        if (host.its == 0 && record.vm != plan_.pci()[0].vm) return fail("shares a GICv2m frame between VMs");
    return true;
}

bool RuleCheck::pci_region_is_nobodys(std::uint64_t base, std::uint64_t size) {
    auto const& b = plan_.board();
    Range const owned[] = {{b.gicd, b.gicd_size}, {b.gicr, b.gicr_size}, {b.gicc, b.gicc_size},
                           {b.gich, b.gich_size}, {b.gicv, b.gicv_size}, {b.uart, b.uart_size}};
    for (auto const& [at, bytes] : owned)
        if (bytes != 0 && overlap(base, size, at, bytes)) return false;
    for (auto const& [at, bytes] : plan_.memory())
        if (overlap(base, size, at, bytes)) return false;
    for (auto const& window : plan_.windows())
        if (overlap(base, size, window.pa, window.size)) return false;
    return true;
}

/// What the VM sees of them lies under nothing else that it has. (RAM is above 0x4000'0000.)
bool RuleCheck::pci_owner_is_sound(abi::PciRecord const& record) {
    namespace g = abi::guest_map;
    auto const& host = plan_.header().pci_host;
    auto const& vm = plan_.vms()[record.vm];
    if (host.window < g::channel_memory_end || host.window + host.window_size > g::pci_ecam)
        return fail("window for BARs is not free in a guest's map");
    for (auto const& window : plan_.windows_of(vm)) {
        if (overlap(window.ipa, window.size, host.window, host.window_size) ||
            overlap(window.ipa, window.size, g::pci_ecam, g::pci_ecam_size))
            return fail("overlaps a device given to its VM");
    }
    return true;
}

}  // namespace tiffin
