// Stolen time (Arm DEN 0057): a guest learns how long each of its vCPUs wanted the core and did not have it. Linux shows it as
// "st" in top, and does not charge it to whoever was interrupted.
#include "core/cpu.hpp"
#include "core/hypercall/hypercall.hpp"

namespace tiffin::hypercall {
namespace {

/// DEN 0057, "Stolen Time Structure": one for each vCPU, 64-byte aligned. Zero, as RAM is at the start, is revision 0.
struct StolenTime {
    std::uint32_t revision, attributes;
    std::uint64_t stolen_ns;
    std::uint8_t reserved[48];
};
static_assert(sizeof(StolenTime) == 64);

std::uint64_t stolen_time(Vcpu& v) {
    auto const& record = *v.vm->record;
    if (record.pv_time_ipa == 0) return armv8::smccc::not_supported;
    auto const offset = v.index * sizeof(StolenTime) + (record.pv_time_ipa - record.ram_ipa);
    auto* const seen = reinterpret_cast<StolenTime*>(record.ram_pa + offset);
    *seen = {};
    v.stolen = &seen->stolen_ns;
    return record.ram_ipa + offset;
}

}  // namespace

bool pv_time(Vcpu& v, std::uint32_t function) {
    auto& x = v.regs.x;
    switch (function) {
        case armv8::pv_time::features: {
            auto const asked = static_cast<std::uint32_t>(x[1]);
            bool const known = asked == armv8::pv_time::features || asked == armv8::pv_time::stolen_time;
            x[0] = known && v.vm->record->pv_time_ipa != 0 ? 0 : armv8::smccc::not_supported;
            return true;
        }
        case armv8::pv_time::stolen_time: x[0] = stolen_time(v); return true;
        default: return false;
    }
}

}  // namespace tiffin::hypercall
