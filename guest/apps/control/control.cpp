// A real-time job as a product has it: a loop of 1 ms that holds an oven's temperature, and rings when it can't. The loop is the timer's
// handler; everything else is done between its periods, and never delays it. Boot arguments: control.loops=N (2000),
// control.period_us=P (1000), control.fan_stops_at=MS (0, never), control.fan_stops_for=MS (1000).
#include "guest/apps/control/loop.hpp"
#include "guest/apps/control/status_bar.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/histogram.hpp"

using namespace tiffin::sdk;

namespace {

constexpr std::int32_t wanted = 60'000;  // thousandths of a degree

struct Run {
    std::uint64_t loops, period, hz;  // period in ticks
    std::uint64_t fan_stops, fan_goes;
    std::uint64_t deadline{0};
    Histogram late_ns{};
    control::Oven oven{};
    control::Controller controller{wanted};
    control::Alarm alarm{};
    control::Status status{.wanted = wanted};
};

constinit Run run{};

/// One period of the loop.
void on_timer(std::uint32_t, void*) {
    auto const late = timer::now() - run.deadline;
    auto& status = run.status;
    run.late_ns.add(timer::to_ns(late, run.hz));
    status.worst_ns = run.late_ns.max();
    if (late > run.period) ++status.missed;
    run.deadline += run.period;
    status.power = run.controller.step(run.oven.temperature());
    run.oven.step(status.power);
    status.temperature = run.oven.temperature();
    run.alarm.look(status.temperature, wanted);
    status.alarm = run.alarm.rings();
    ++status.loops;
    if (status.loops == run.fan_stops) run.oven.set_fan(false);
    if (status.loops == run.fan_goes) run.oven.set_fan(true);
    status.fan = run.oven.fan();
    status.loops == run.loops ? timer::cancel() : timer::set_deadline(run.deadline);
}

/// What the loop has come to, in one piece.
control::Status look() {
    InterruptsMasked const masked;
    return run.status;
}

void sleep_until_next(std::uint64_t seen) {
    InterruptsMasked const masked;
    if (run.status.loops == seen) wait_for_interrupt();
}

/// What goes on between the periods.
void attend(control::Status const& status, bool& rang) {
    if (status.alarm == rang) return;
    rang = status.alarm;
    print("control: {} at {} ms, {} thousandths of a degree\n", rang ? "ALARM, too hot" : "well again", status.loops,
          status.temperature);
}

void start() {
    auto const arguments = boot().arguments;
    run.hz = timer::frequency();
    run.loops = argument(arguments, "control.loops", 2000);
    run.period = timer::from_us(argument(arguments, "control.period_us", 1000), run.hz);
    if (run.loops == 0 || run.period == 0) panic("control.loops and control.period_us must be above 0");
    run.fan_stops = argument(arguments, "control.fan_stops_at", 0);
    run.fan_goes = run.fan_stops + argument(arguments, "control.fan_stops_for", 1000);
    if (!interrupts::enable(timer::intid, 0x80, on_timer)) panic("no timer interrupt");
    InterruptsMasked const masked;
    run.deadline = timer::now() + run.period;
    timer::set_deadline(run.deadline);
}

}  // namespace

unsigned app_main() {
    start();
    bool rang = false;
    control::Status status;
    while ((status = look()).loops < run.loops) {
        attend(status, rang);
        sleep_until_next(status.loops);
    }
    auto const& h = run.late_ns;
    print("control: loops={} missed={} latency_ns min={} avg={} p99={} max={}, {} thousandths of a degree\n", status.loops,
          status.missed, h.min(), h.average(), h.percentile(99), h.max(), status.temperature);
    return status.missed == 0 ? 0 : 1;
}
