// The guest that tries what it must not. Every case is one attempt and one safe outcome; `hostile: case NAME: contained` says
// that it was met. Expected outcomes are Tiffin's policy (docs/decisions): run elsewhere, some differ. Exit status: how many
// failed.
#include "guest/apps/hostile/hostile.hpp"

#include "abi/guest_map.hpp"

namespace hostile {
namespace {

using tiffin::sdk::FaultKind;
using tiffin::sdk::Frame;

constexpr unsigned storm = 100'000;                  // faults in one case: more means that stepping over does not help
constexpr std::uint64_t illegal_state = 1ull << 20;  // SPSR_EL1.IL

constinit bool watching = false;
constinit Seen current{};

/// Where execution goes on: a fetch that faulted was a call, so back to the caller; anything else is stepped over.
void step_over(Frame& frame) {
    if (frame.pc < tiffin::abi::guest_map::ram) return void(frame.pc = frame.x[30]);  // it landed where something can be fetched
    switch (static_cast<Ec>(frame.ec())) {
        case Ec::InstructionAbort:
        case Ec::PcAlignment: frame.pc = frame.x[30]; break;
        case Ec::IllegalState: frame.pstate &= ~illegal_state; break;
        default: frame.pc += 4; break;
    }
}

bool on_fault(Frame& frame, FaultKind kind) {
    if (!watching || kind == FaultKind::Fiq || kind == FaultKind::Other) return false;
    if (kind == FaultKind::SError) {
        ++current.serrors;
        return true;
    }
    if (current.faults++ == 0) {
        current.ec = static_cast<Ec>(frame.ec());
        current.status = frame.fault_status();
    }
    step_over(frame);
    return current.faults < storm;
}

#define X(number, name, arguments, text) +1
constexpr unsigned hypercall_count = TIFFIN_HYPERCALLS(X);
#undef X

struct Score {
    unsigned contained{0}, failed{0};
};

void say(Case const& c, Verdict failure) {
    auto const& s = current;
    if (failure == nullptr) return tiffin::sdk::print("hostile: case {}: contained\n", c.name);
    tiffin::sdk::print("hostile: case {}: FAILED ({}; faults {} class {:x} status {:x} serrors {})\n", c.name, failure, s.faults,
                       static_cast<unsigned>(s.ec), s.status, s.serrors);
}

Score run_group(std::span<Case const> group, bool loud) {
    Score score;
    auto const only = tiffin::sdk::argument(tiffin::sdk::boot().arguments, "hostile.only");
    for (auto const& c : group) {
        if (only && !c.name.starts_with(*only)) continue;
        auto const failure = c.run();
        ++(failure == nullptr ? score.contained : score.failed);
        if (loud || failure != nullptr) say(c, failure);
    }
    return score;
}

/// `last`: every verdict is printed (else only failures), and the cases that turn the MMU on come too.
Score run_all(bool last) {
    Score score;
    for (auto const& group : {cpu_cases(), register_cases(), memory_cases(), device_cases(), interrupt_cases(), call_cases(),
                              serve_cases(), virtio_cases(), sound_cases(), screen_cases(), table_walk_cases()}) {
        if (group.data() == table_walk_cases().data() && !last) continue;
        auto const one = run_group(group, last);
        score.contained += one.contained;
        score.failed += one.failed;
    }
    return score;
}

/// Last of all: what it leaves of this VM's interrupts and queues is of no use.
void play(std::uint64_t seed, std::uint64_t count) {
    auto const t = run_at_random(seed, count);
    tiffin::sdk::print("hostile: {} operations of seed {}: {} faults; {} of {} hypercalls, {} devices, {} system registers\n",
                       t.operations, seed, t.faults, t.hypercalls, hypercall_count, t.regions, t.registers);
}

/// Until others are at work.
void wait_until_ms(std::uint64_t ms) {
    namespace timer = tiffin::sdk::timer;
    while (timer::now() < timer::from_us(ms * 1000)) tiffin::sdk::hypercall::Yield();
}

}  // namespace

void watch() {
    current = {};
    watching = true;
    asm volatile("" : : : "memory");
}

Seen seen() {
    asm volatile("dsb sy; isb" : : : "memory");  // late aborts belong to the case that made them
    watching = false;
    return current;
}

}  // namespace hostile

unsigned app_main() {
    using namespace hostile;
    tiffin::sdk::set_fault_hook(on_fault);
    auto const number = [](char const* name) { return tiffin::sdk::argument(tiffin::sdk::boot().arguments, name, 0); };
    wait_until_ms(number("hostile.after_ms"));
    if (auto const seed = number("hostile.lie"); seed != 0) lie_at_random(seed);
    unsigned failed = 0;
    for (auto left = tiffin::sdk::argument(tiffin::sdk::boot().arguments, "hostile.rounds", 1); left > 1; --left)
        failed += run_all(false).failed;
    auto const last = run_all(true);
    failed += last.failed;
    if (auto const count = number("hostile.random"); count != 0) play(number("hostile.seed"), count);
    tiffin::sdk::print("hostile: {} contained, {} failed\n", last.contained, failed);
    return failed < 255 ? failed : 255;
}
