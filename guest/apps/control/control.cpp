// A real-time job as a product has it: a loop of 1 ms that holds an oven's temperature, and rings when it can't. The loop is the timer's
// handler; everything else is done between its periods, and never delays it. Boot arguments: control.loops=N (2000),
// control.period_us=P (1000), control.fan_stops_at=MS (0, never), control.fan_stops_for=MS (1000). With a screen (800 by 40) it shows its
// state ten times a second; with a sound device the alarm is heard.
#include <array>

#include "guest/apps/control/loop.hpp"
#include "guest/apps/control/status_bar.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"
#include "guest/sdk/histogram.hpp"
#include "guest/sdk/screen.hpp"
#include "guest/sdk/speaker.hpp"
#include "guest/sdk/tones.hpp"
#include "guest/sdk/virtio_board.hpp"

using namespace tiffin::sdk;

TIFFIN_APP_STACK(8192);

namespace {

namespace abi = tiffin::abi;

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

/// The alarm as it is heard: as many periods of it as there is room for, while it rings.
class Bell {
public:
    explicit Bell(VirtioRegisters& registers) : speaker_{registers} {
        if (char const* const why = speaker_.open()) print("control: the sound device {}\n", why), panic("no sound");
    }

    void set(bool rings) {
        if (rings) offer();
        if (rings == rings_) return;
        rings_ = rings;
        if (!(rings ? speaker_.start() : speaker_.stop())) print("control: the sound device does not obey\n");
    }

private:
    void offer() {
        for (;; frame_ += period_.size() / 2) {
            tones::fill(period_, frame_, tones::alarm);
            if (!speaker_.offer(period_)) return;
        }
    }

    Speaker speaker_;
    std::array<Speaker::Sample, Speaker::period_samples> period_{};
    std::uint32_t frame_{0};
    bool rings_{false};
};

constinit std::uint32_t pixels[control::bar_width * control::bar_height] = {};

Screen* find_screen() {
    auto const slot = find_virtio_slot(boot().tree, abi::virtio::Type::Gpu);
    if (!slot) return nullptr;
    auto& screen = keep<Screen>(keep<VirtioInSlot>(*slot), std::span{pixels});
    if (char const* const why = screen.start()) print("control: the screen {}\n", why), panic("no screen");
    return &screen;
}

/// VirtioInSlot once more: `keep` has one of a kind.
struct SoundSlot {
    explicit SoundSlot(VirtioSlot const& slot) : registers{slot} {}
    VirtioInSlot registers;
};

Bell* find_bell() {
    auto const slot = find_virtio_slot(boot().tree, abi::virtio::Type::Sound);
    return slot ? &keep<Bell>(keep<SoundSlot>(*slot).registers) : nullptr;
}

/// What goes on between the periods.
class Attendant {
public:
    Attendant() : screen_{find_screen()}, bell_{find_bell()} {}

    void look_at(control::Status const& status) {
        if (bell_ != nullptr) bell_->set(status.alarm);
        if (screen_ != nullptr && (status.loops >= next_picture_ || status.alarm != rang_)) show(status);
        if (status.alarm != rang_)
            print("control: {} at {} ms, {} thousandths of a degree\n", status.alarm ? "ALARM, too hot" : "well again",
                  status.loops, status.temperature);
        rang_ = status.alarm;
    }

private:
    void show(control::Status const& status) {
        next_picture_ = status.loops + 100;
        auto canvas = screen_->canvas();
        control::draw(canvas, status);
        if (!screen_->show(canvas.all())) print("control: the screen does not obey\n");
    }

    Screen* screen_;
    Bell* bell_;
    std::uint64_t next_picture_{0};
    bool rang_{false};
};

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
    turn_caches_on();
    Attendant attendant;
    start();
    control::Status status;
    while ((status = look()).loops < run.loops) {
        attendant.look_at(status);
        sleep_until_next(status.loops);
    }
    auto const& h = run.late_ns;
    print("control: loops={} missed={} latency_ns min={} avg={} p99={} max={}, {} thousandths of a degree\n", status.loops,
          status.missed, h.min(), h.average(), h.percentile(99), h.max(), status.temperature);
    return status.missed == 0 ? 0 : 1;
}
