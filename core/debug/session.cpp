#include "core/debug/session.hpp"

#include "abi/debug.hpp"
#include "abi/plan.hpp"
#include "armv8/debug.hpp"
#include "armv8/pstate.hpp"
#include "core/arch.hpp"
#include "core/console/console.hpp"
#include "core/cpu.hpp"
#include "core/debug/walk.hpp"
#include "core/lifecycle/lifecycle.hpp"
#include "core/mem/guest_memory.hpp"
#include "core/smp/guard.hpp"
#include "core/trace/trace.hpp"

namespace tiffin::debug {

constinit Session session{};

namespace {

using abi::manage::Action;

void tell(Stop const& stop) {
    ConsoleGuard const guard;
    session.stop = stop;
    session.news = true;
    machine.console->command_has_answer();
}

/// Its registers are in memory, and stay there: sched::hold says so last of all, unless it has a turn to end.
bool is_out(Vcpu& v) {
    bool const out = std::atomic_ref{v.held}.load() && std::atomic_ref{v.state}.load() != VcpuState::Running;
    std::atomic_thread_fence(std::memory_order_acquire);
    return out;
}

std::uint64_t& place_of(Vcpu& v, unsigned number) {
    if (number < sp) return v.regs.x[number];
    if (number == sp) return (v.regs.pstate & armv8::Spsr::sp) != 0 ? v.el1.sp_el1 : v.el1.sp_el0;
    if (number == pc) return v.regs.pc;
    if (number == pstate) return v.regs.pstate;
    if (number < first_fp) return (&v.el1.sctlr)[number - first_system];
    return (&v.fp.v[0])[number - first_fp];
}
static_assert(sizeof(El1Regs) == (first_fp - first_system + 1) * sizeof(std::uint64_t));  // the last one is CNTV_CTL
static_assert(sizeof(FpRegs) == (register_count - first_fp) * sizeof(std::uint64_t));

/// The lock of a VM, for whoever holds the console's, which comes behind it in the order: so nobody waits.
class TriedGuard {
public:
    explicit TriedGuard(Vm& vm) : lock_{vm.shared ? &vm.cross->lock : nullptr} {
        has_ = lock_ == nullptr || lock_->try_take(arch::this_cpu().index);
    }
    ~TriedGuard() {
        if (has_ && lock_ != nullptr) lock_->release();
    }
    TriedGuard(TriedGuard const&) = delete;
    TriedGuard& operator=(TriedGuard const&) = delete;
    [[nodiscard]] bool has() const { return has_; }

private:
    CoreLock* lock_;
    bool has_;
};

}  // namespace

Outcome attach(Vm& vm) {
    if ((vm.record->flags & abi::vm_may_debug) == 0 || (session.vm != nullptr && session.vm != &vm)) return Outcome::Refused;
    session.vm = &vm;
    auto const outcome = pause();
    if (outcome == Outcome::Refused) session.vm = nullptr;
    return outcome;
}

void await_debugger(Vm& vm) {
    session.vm = &vm;
    lifecycle::pause(vm);
}

Outcome pause() {
    Vm* const vm = session.vm;
    if (vm == nullptr) return Outcome::Refused;
    if (lifecycle::manage(*vm, Action::Pause)) return Outcome::NotYet;
    return stopped();
}

Outcome stopped() {
    Vm* const vm = session.vm;
    if (vm == nullptr || vm->state != VmState::Paused) return Outcome::Refused;
    if (session.going) return Outcome::NotYet;
    for (Vcpu* v : vm->vcpus)
        if (!is_out(*v)) return Outcome::NotYet;
    return Outcome::Done;
}

Outcome detach() {
    Vm* const vm = session.vm;
    if (vm == nullptr) return Outcome::Refused;
    if (vm->state == VmState::Paused && stopped() == Outcome::Done) go_on(nullptr);
    if (vm->state == VmState::Paused) return Outcome::NotYet;  // a core that is armed still disarms at its next switch
    session.registers = {};
    session.vm = nullptr;
    return Outcome::Done;
}

void go_on(Vcpu* step) {
    Vm& vm = *session.vm;
    session.news = false;  // it is known to stand still
    session.stepping = step;
    if (step != nullptr) step->regs.pstate |= armv8::spsr_ss;
    session.going = true;
    if (!lifecycle::manage(vm, Action::Resume)) session.going = false;
}

Vcpu const* on_resume(Vm const& vm) {
    if (session.vm != &vm) return nullptr;
    session.going = false;
    return session.stepping;
}

void retry_soon() {
    Cpu& cpu = arch::this_cpu();
    cpu.timers.arm(session.retry, arch::now() + arch::frequency() / 20'000);
    sched::program_timer(cpu);
}

void on_retry() {
    ConsoleGuard const guard;
    machine.console->command_has_answer();
}

std::uint64_t read_register(Vcpu const& v, unsigned number) { return place_of(const_cast<Vcpu&>(v), number); }

void write_register(Vcpu& v, unsigned number, std::uint64_t value) {
    constexpr auto free = armv8::Spsr::nzcv | armv8::Spsr::masked;
    auto& place = place_of(v, number);
    place = number == pstate ? (place & ~free) | (value & free) : value;
}

Outcome move_memory(Vcpu& v, Gva at, std::byte* bytes, std::uint64_t count, Move move) {
    TriedGuard const guard{*v.vm};
    if (!guard.has()) return Outcome::NotYet;
    auto const ipa = walk(v, at);
    auto const found = !ipa ? Reached{} : move == Move::Read ? reach(*v.vm, *ipa) : reach_to_write(*v.vm, *ipa);
    if (found.at == nullptr || found.bytes < count) return Outcome::Refused;
    if (move == Move::Read) return arch::copy_bytes(bytes, found.at, count), Outcome::Done;
    arch::copy_bytes(found.at, bytes, count);
    arch::show_bytes(found.at, count);
    return Outcome::Done;
}

void on_exception(Vcpu& v, armv8::Syndrome const& s) {
    if (session.vm != v.vm) {  // let go a moment ago: without a trap, it is the guest's
        v.cpu->need_resched = true;
        return;
    }
    bool const guests_own = s.ec() == armv8::Ec::Bkpt32 || (s.ec() == armv8::Ec::Brk && (s.esr & 0xffff) != abi::debug::brk);
    if (guests_own) return arch::enter_exception(v, s.esr, 0);
    if (!lifecycle::pause(*v.vm)) return;  // another core was faster; what happened here happens again
    session.stepping = nullptr;
    tell({.vcpu = v.index, .ec = static_cast<std::uint32_t>(s.ec()), .far = s.far});
}

Vcpu* switch_vcpu(Cpu& cpu) {
    std::atomic_thread_fence(std::memory_order_release);  // the frame is complete: see is_out
    if (cpu.debugged) arch::disarm_debug();
    Vcpu* const next = cpu.trace != nullptr ? trace::switch_vcpu(cpu) : sched::switch_vcpu(cpu);
    cpu.debugged = next->vm == session.vm;
    if (cpu.debugged) arch::arm_debug(session.registers, session.stepping == next);
    // An interrupt would be taken before the instruction: it waits. Whoever masks them may be about to ask for one.
    if (session.stepping == next && (next->regs.pstate & armv8::Spsr::irq_masked) == 0) arch::set_ich_hcr(0);
    return next;
}

}  // namespace tiffin::debug
