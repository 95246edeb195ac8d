// Computes for as long as it is asked to, never asleep, and says rarely what it got of the core: one of the many that share what others
// leave. Boot arguments:
//   worker.from_ms=N   the window in which its share is measured begins N ms after power-on (0: at once)
//   worker.for_ms=N    and lasts N ms; then it reports and ends (0, the default: it computes for ever, and never reports)
// All workers of a machine measure between the same two moments, since the physical counter is one for all. Who waits at such a moment
// looks when it next gets the core, and has had nothing since: the figures are exact.
#include "guest/sdk/app.hpp"

using namespace tiffin::sdk;

namespace {

std::uint64_t moment() { return TIFFIN_READ(cntpct_el0); }

std::uint64_t run_ticks() { return hypercall::VcpuStats(static_cast<std::uint64_t>(tiffin::abi::StatId::RunTicks)).x1; }

/// The work: steps of a generator (Marsaglia, "Xorshift RNGs"), some hundred instructions between two looks at the clock.
std::uint64_t compute_until(std::uint64_t end, std::uint64_t& state) {
    std::uint64_t rounds = 0;
    for (; moment() < end; ++rounds) {
        for (int step = 0; step < 64; ++step) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
        }
    }
    return rounds;
}

}  // namespace

unsigned app_main() {
    auto const hz = timer::frequency();
    auto const from_ms = argument(boot().arguments, "worker.from_ms", 0), for_ms = argument(boot().arguments, "worker.for_ms", 0);
    auto const from = from_ms == 0 ? moment() : timer::from_us(from_ms * 1000, hz);
    auto const end = for_ms == 0 ? ~0ull : from + timer::from_us(for_ms * 1000, hz);
    std::uint64_t state = 88'172'645'463'325'252;
    print("worker: alive\n");
    if (from_ms != 0 && moment() >= from) {
        print("worker: LATE: the window had begun before it ran\n");
        return 1;
    }
    compute_until(from, state);
    auto const before = run_ticks();
    auto const rounds = compute_until(end, state);
    auto const ran = run_ticks() - before;
    print("worker: ran_us={} of_us={} rounds={}\n", timer::to_ns(ran, hz) / 1000, for_ms * 1000, rounds);
    return 0;
}
