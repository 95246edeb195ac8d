// Data and instruction aborts at stage 2: a device's register, a page of the image to be copied, or a mistake.
#include "armv8/pstate.hpp"
#include "core/arch.hpp"
#include "core/lifecycle/lifecycle.hpp"
#include "core/smp/guard.hpp"
#include "core/trap/trap.hpp"

namespace tiffin::trap {
namespace {

using armv8::Esr;
using armv8::FaultKind;
using armv8::IssDataAbort;

void emulate(Vcpu& v, MmioSlot const& slot, armv8::Syndrome const& s) {
    auto const access = armv8::mmio_access(s);
    MmioOp const op{.offset = static_cast<std::uint32_t>(access.ipa - slot.base), .size = access.size};
    v.regs.pc += armv8::instruction_bytes(s.esr);
    if (access.write) return slot.device->write(v, op, armv8::low_bytes(v.regs.get(access.rt), access.size));
    auto const value = slot.device->read(v, op);
    v.regs.set(access.rt, armv8::finish_load(armv8::mmio_access(s), value));
}

/// Another vCPU is giving the VM its own copy of this page, and had just broken the mapping: it is there again.
bool is_mapped_again(Vcpu& v, armv8::Syndrome const& s) {
    if (!v.vm->shared) return false;
    VmGuard const guard{*v.vm};
    return v.vm->stage2.maps(*v.vm, s.ipa());
}

/// A write to a page that is still the image's. HPFAR_EL2 tells the address only for a fault on a table walk; else it is looked
/// up from the virtual one (Arm ARM, HPFAR_EL2). True: the guest does the access again.
bool copy_on_write(Vcpu& v, armv8::Syndrome const& s, std::uint64_t iss) {
    if (armv8::fault_kind(iss) == FaultKind::Translation) return is_mapped_again(v, s);
    if (armv8::fault_kind(iss) != FaultKind::Permission) return false;
    VmGuard const guard{*v.vm};  // before the walk: no other vCPU has a mapping broken meanwhile
    if (IssDataAbort::S1PTW::get(iss)) return v.vm->stage2.copy_on_write(*v.vm, s.ipa());
    if (!IssDataAbort::WnR::get(iss) || IssDataAbort::FnV::get(iss)) return false;
    auto const at = arch::translate(Gva{s.far});
    return at.has_value() && v.vm->stage2.copy_on_write(*v.vm, *at);
}

/// The vectors themselves cannot be fetched: the guest would fault for ever.
bool is_lost(Vcpu const& v) {
    auto const vectors = arch::vector_base();
    return v.regs.pc >= vectors && v.regs.pc - vectors < 0x800;
}

[[gnu::noinline]] void other_data_abort(Vcpu& v, armv8::Syndrome const& s) {
    auto const iss = Esr::ISS::get(s.esr);
    if (copy_on_write(v, s, iss)) return;
    bool const write = IssDataAbort::WnR::get(iss);
    bool const ipa_known = armv8::fault_kind(iss) != FaultKind::Permission || IssDataAbort::S1PTW::get(iss);
    report(v, {.what = write ? "write" : "read",
               .size = IssDataAbort::ISV::get(iss) ? 1u << IssDataAbort::SAS::get(iss) : 0,
               .where = ipa_known ? Where::Physical : Where::Virtual,
               .value = ipa_known ? s.ipa().raw() : s.far,
               .remedy = "data abort injected"});
    arch::enter_exception(v, armv8::inject::data_abort(armv8::is_el1(v.regs.pstate), write, iss), s.far);
}

}  // namespace

void on_data_abort(Vcpu& v, armv8::Syndrome const& s) {
    if (armv8::is_mmio(s)) [[likely]] {
        if (auto const* slot = v.vm->find_aligned(s.ipa())) [[likely]]
            return emulate(v, *slot, s);
    }
    other_data_abort(v, s);
}

void on_instruction_abort(Vcpu& v, armv8::Syndrome const& s) {
    auto const iss = Esr::ISS::get(s.esr);
    if (copy_on_write(v, s, iss)) return;  // the walk wrote an access flag, or the page was being copied
    bool const ipa_known = armv8::fault_kind(iss) != FaultKind::Permission || IssDataAbort::S1PTW::get(iss);
    Misdeed misdeed{.what = "instruction fetch",
                    .size = 4,
                    .where = ipa_known ? Where::Physical : Where::Virtual,
                    .value = ipa_known ? s.ipa().raw() : s.far,
                    .remedy = "instruction abort injected"};
    if (is_lost(v)) {
        misdeed.remedy = "its exception vectors are not in memory: the VM is stopped";
        report(v, misdeed);
        return lifecycle::stop(*v.vm, VmState::Crashed, 255, "no exception vectors to run");
    }
    report(v, misdeed);
    arch::enter_exception(v, armv8::inject::instruction_abort(armv8::is_el1(v.regs.pstate), iss), s.far);
}

}  // namespace tiffin::trap
