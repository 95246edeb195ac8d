// A function that is nearly always asleep: the reason why a chip of its own is a waste. In 64 KiB of RAM. Boot arguments:
// idler.naps=N (5), idler.nap_us=P (100,000).
#include "guest/sdk/app.hpp"

using namespace tiffin::sdk;

namespace {

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
    auto const naps = argument(boot().arguments, "idler.naps", 5);
    auto const nap = timer::from_us(argument(boot().arguments, "idler.nap_us", 100'000));
    auto deadline = timer::now();
    for (std::uint64_t i = 0; i < naps; ++i) sleep_until(deadline += nap);
    print("idler: job done\n");
    return 0;
}
