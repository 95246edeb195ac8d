#include "arch/host/hardware.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "arch/host/cpu_interface.hpp"
#include "armv8/gic.hpp"
#include "armv8/its.hpp"
#include "armv8/pstate.hpp"
#include "base/result.hpp"
#include "core/arch.hpp"
#include "core/cpu.hpp"
#include "core/debug/session.hpp"
#include "core/vm/vm.hpp"

namespace tiffin {

void panic(char const* what, char const* file, unsigned line) {
    throw host::Panic{std::string{what} + " at " + file + ":" + std::to_string(line)};
}

namespace host {

std::size_t Hardware::count(Event::Kind kind) const {
    return static_cast<std::size_t>(std::ranges::count(events, kind, &Event::kind));
}

namespace {
unsigned running = 0;
std::array<Hardware, max_cores>& cores() {
    static std::array<Hardware, max_cores> all;
    return all;
}
}  // namespace

Hardware& hardware() { return cores()[running]; }
unsigned current_core() { return running; }

void reset() {
    running = 0;
    for (auto& core : cores()) core = Hardware{};
}

void on_core(unsigned core) {
    cores().at(core).counter = std::max(cores().at(core).counter, hardware().counter);
    running = core;
}

namespace {
void record(Event::Kind kind, std::uint64_t a = 0, std::uint64_t b = 0) { hardware().events.push_back({kind, a, b}); }
}  // namespace

}  // namespace host

namespace arch {

using host::Event;
using host::hardware;
using host::record;

Cpu& this_cpu() { return machine.cpus[host::current_core()]; }

void send_sgi(Cpu const& to, std::uint32_t intid) {
    host::cores().at(to.index).irq_pending.insert(intid);
    ++hardware().sgis_sent;
}

void route(std::uint32_t intid, Cpu const& to) { record(Event::Kind::Route, intid, to.index); }
void relax() { throw host::WaitsForEver{}; }
void halt() { throw host::Halted{}; }

std::uint64_t now() { return hardware().counter; }
std::uint64_t frequency() { return hardware().frequency; }

void set_deadline(std::uint64_t deadline) {
    hardware().deadline = deadline;
    record(Event::Kind::SetDeadline, deadline);
}

void wait_for_interrupt() {
    auto& h = hardware();
    if (h.on_sleep) return h.on_sleep();
    if (!h.irq_pending.empty()) return;
    if (h.deadline == TimerQueue::never) throw host::SleepsForEver{};
    h.counter = std::max(h.counter, h.deadline);
    h.irq_pending.insert(machine.plan->board().hyp_timer_intid);
}

void save(Vcpu& v) {
    hardware().saved_running[&v] = hardware().running;
    record(Event::Kind::Save, reinterpret_cast<std::uintptr_t>(&v));
}

void load(Vcpu& v) {
    hardware().running = hardware().saved_running[&v];
    record(Event::Kind::Load, reinterpret_cast<std::uintptr_t>(&v));
}

void take_fp(Vcpu& v) {
    v.cpu->fp_owner = &v;
    record(Event::Kind::TakeFp, reinterpret_cast<std::uintptr_t>(&v));
}
void put_fp(Vcpu& v) { v.cpu->fp_owner = nullptr; }

void enter_exception(Vcpu& v, std::uint64_t esr, std::uint64_t far) {
    hardware().injected.push_back({.esr = esr, .far = far, .pc = v.regs.pc});
    v.regs.pc = vector_base() + armv8::synchronous_vector(v.regs.pstate);
    v.regs.pstate = armv8::start_pstate;
}

std::uint64_t vector_base() { return hardware().vbar; }
std::optional<Ipa> translate(Gva at) { return hardware().translate ? hardware().translate(at) : Ipa{at.raw()}; }
void pend_serror() { ++hardware().serrors; }
std::uint64_t id_register(unsigned crm, unsigned op2) { return hardware().id.at(crm).at(op2); }

std::uint32_t empty_list_registers() { return host::empty_list_registers(); }

/// On GICv2 as the 32-bit register would give it back: what it has no room for is lost.
std::uint64_t read_list_register(std::uint32_t i) {
    auto const& h = hardware();
    return machine.gicv3() ? h.lr.at(i) : armv8::lr_from_v2(armv8::lr_to_v2(h.lr.at(i), h.lr_source.at(i)));
}

void write_list_register(std::uint32_t i, std::uint64_t value) {
    auto& h = hardware();
    bool const sgi = !machine.gicv3() && !armv8::Lr::Hw::get(value);
    h.lr_source.at(i) = static_cast<std::uint8_t>(sgi ? armv8::Lr::PIntid::get(value) & 7 : 0);
    h.lr.at(i) = machine.gicv3() ? value : armv8::lr_from_v2(armv8::lr_to_v2(value, h.lr_source[i]));
}

std::uint64_t read_vmcr() { return hardware().vmcr; }

void set_ich_hcr(std::uint32_t value) {
    hardware().ich_hcr = value;
    hardware().eoi_count = armv8::IchHcr::EOIcount::get(value);
}

std::uint32_t take_eoi_count() { return std::exchange(hardware().eoi_count, 0); }

std::uint32_t acknowledge() {
    auto& h = hardware();
    for (auto const intid : h.irq_pending) {
        if (h.irq_active.contains(intid)) continue;
        h.irq_pending.erase(intid);
        if (intid < armv8::first_lpi) h.irq_active.insert(intid);  // an LPI has no active state
        return intid;
    }
    return armv8::spurious_intid;
}

std::uint32_t pending_interrupt() {
    auto const& h = hardware();
    for (auto const intid : h.irq_pending)
        if (!h.irq_active.contains(intid)) return intid;
    return armv8::spurious_intid;
}

void drop_priority(std::uint32_t intid) { record(Event::Kind::DropPriority, intid); }

void deactivate(std::uint32_t intid) {
    hardware().irq_active.erase(intid);
    if (intid >= 32)  // any core's to do
        for (auto& core : host::cores()) core.irq_active.erase(intid);
    record(Event::Kind::Deactivate, intid);
}

void set_active(std::uint32_t intid) {
    hardware().irq_active.insert(intid);
    record(Event::Kind::SetActive, intid);
}

void flush_vm(Vm const& vm) {
    record(Event::Kind::FlushVm, vm.id);
    if (hardware().on_flush) hardware().on_flush();
}

void flush_all_vms() {
    record(Event::Kind::FlushAllVms);
    if (hardware().on_flush) hardware().on_flush();
}

void flush_page(Ipa page) {
    record(Event::Kind::FlushPage, page.raw());
    if (hardware().on_flush) hardware().on_flush();
}

void publish_tables() {}

void copy_page(Pa to, Pa from) {
    std::memcpy(reinterpret_cast<void*>(to.raw()), reinterpret_cast<void const*>(from.raw()), page_size);
    record(Event::Kind::CopyPage, to.raw(), from.raw());
}

void copy_bytes(void* to, void const* from, std::uint64_t bytes) {
    std::memcpy(to, from, bytes);
    if (hardware().on_copy) hardware().on_copy();
}

void show_bytes(void const*, std::uint64_t) {}

unsigned debug_points(debug::Kind kind) { return kind == debug::Kind::Break ? 4 : 2; }

void arm_debug(debug::Registers const& registers, bool step) { hardware().debug = {true, step, &registers}; }
void disarm_debug() { hardware().debug = {}; }

void zero_page(Pa page) {
    std::memset(reinterpret_cast<void*>(page.raw()), 0, page_size);
    record(Event::Kind::ZeroPage, page.raw());
}

void power_off() { throw host::PoweredOff{}; }
void reboot() { throw host::Rebooted{}; }

}  // namespace arch

}  // namespace tiffin
