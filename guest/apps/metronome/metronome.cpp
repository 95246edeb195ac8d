// A periodic real-time job, and how late it starts. Deadlines are absolute: job n is due at start + n periods, whatever happened
// to the jobs before, so lateness is never hidden by starting the next period late. A job is missed when it starts after the next
// one's deadline. Boot arguments: metronome.jobs=N (2000), metronome.period_us=P (1000).
#include "guest/sdk/app.hpp"
#include "guest/sdk/histogram.hpp"

using namespace tiffin::sdk;

namespace {

struct Run {
    std::uint64_t jobs, period, hz;  // period in ticks
    std::uint64_t deadline{0}, done{0}, missed{0};
    Histogram latency_ns{};
};

constinit Run run{};

/// The job. The timer is level-triggered: moving the deadline is what lowers it, and one already past raises it again at once.
void on_timer(std::uint32_t, void*) {
    auto const late = timer::now() - run.deadline;
    run.latency_ns.add(timer::to_ns(late, run.hz));
    if (late > run.period) ++run.missed;
    run.deadline += run.period;
    if (++run.done == run.jobs)
        timer::cancel();
    else
        timer::set_deadline(run.deadline);
}

void play() {
    InterruptsMasked const masked;
    run.deadline = timer::now() + run.period;
    timer::set_deadline(run.deadline);
    while (*const_cast<std::uint64_t volatile*>(&run.done) < run.jobs) wait_for_interrupt();
}

void report() {
    auto const& h = run.latency_ns;
    print("metronome: jobs={} missed={} latency_ns min={} avg={} p99={} max={}\n", run.jobs, run.missed, h.min(), h.average(),
          h.percentile(99), h.max());
    for (unsigned octave = 0; octave < Histogram::octaves + 3; ++octave)
        if (auto const n = h.in_octave(octave); n != 0) print("metronome:   below {} ns: {}\n", 2ull << octave, n);
}

}  // namespace

unsigned app_main() {
    run.hz = timer::frequency();
    run.jobs = argument(boot().arguments, "metronome.jobs", 2000);
    run.period = timer::from_us(argument(boot().arguments, "metronome.period_us", 1000), run.hz);
    if (run.jobs == 0 || run.period == 0) panic("metronome.jobs and metronome.period_us must be above 0");
    if (!interrupts::enable(timer::intid, 0x80, on_timer)) panic("no timer interrupt");
    play();
    report();
    return run.missed == 0 ? 0 : 1;
}
