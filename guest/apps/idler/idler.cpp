// A function that is nearly always asleep: the reason why a chip of its own is a waste. Five naps in 64 KiB of RAM.
#include "guest/sdk/app.hpp"

using namespace tiffin::sdk;

namespace {

constexpr unsigned naps = 5;
constexpr std::uint64_t nap_us = 100'000;

constinit bool volatile rang = false;

void on_timer(std::uint32_t, void*) {
    timer::cancel();
    rang = true;
}

void sleep_until(std::uint64_t ticks) {
    InterruptsMasked const masked;
    rang = false;
    timer::set_deadline(ticks);
    while (!rang) wait_for_interrupt();
}

}  // namespace

unsigned app_main() {
    print("idler: awake\n");
    if (!interrupts::enable(timer::intid, 0x80, on_timer)) panic("no timer interrupt");
    auto const nap = timer::from_us(nap_us);
    auto deadline = timer::now();
    for (unsigned i = 0; i < naps; ++i) sleep_until(deadline += nap);
    print("idler: job done\n");
    return 0;
}
