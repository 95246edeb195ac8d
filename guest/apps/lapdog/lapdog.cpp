// An app that a watchdog looks after, and that gets lost. Boot arguments: lapdog.wait_us=P, half of what it may be silent for;
// lapdog.refreshes=N, how often it says that it lives; then lapdog.end=
//   masked   masks every interrupt and spins for ever
//   asleep   masks every interrupt and waits for one
//   signal   waits for the watchdog's first signal, refreshes in its handler, stops the watchdog and exits with status 0
#include "guest/sdk/app.hpp"
#include "guest/sdk/watchdog.hpp"

using namespace tiffin::sdk;

namespace {

constinit bool volatile signalled = false;

void on_signal(std::uint32_t, void*) {
    watchdog::refresh();
    signalled = true;
}

void live(std::uint64_t refreshes, std::uint64_t wait) {
    for (std::uint64_t i = 0; i < refreshes; ++i) {
        for (auto const end = timer::now() + wait / 2; timer::now() < end;) {
        }
        watchdog::refresh();
    }
}

[[noreturn]] void get_lost(bool asleep) {
    InterruptsMasked const masked;
    for (;;)
        if (asleep) wait_for_interrupt();
}

}  // namespace

unsigned app_main() {
    auto const end = argument(boot().arguments, "lapdog.end").value_or("masked");
    auto const wait = timer::from_us(argument(boot().arguments, "lapdog.wait_us", 10'000));
    if (end == "signal" && !interrupts::enable(watchdog::intid, 0x80, on_signal)) panic("no watchdog interrupt");
    watchdog::start(wait);
    live(argument(boot().arguments, "lapdog.refreshes", 10), wait);
    print("lapdog: alive until now, the end is {}\n", end);
    if (end != "signal") get_lost(end == "asleep");
    while (!signalled) wait_for_interrupt();
    watchdog::stop();
    print("lapdog: signalled and heard\n");
    return 0;
}
