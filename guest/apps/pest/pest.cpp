// Wakes again and again to make EL2 work, with locks that other cores want. Boot arguments: pest.pause_us=N (100), pest.mode=
//   console  prints a line
//   reset    starts anew: all of its memory is scrubbed, its pages are the image's again, and copied when it writes to them
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
    if (!interrupts::enable(timer::intid, 0x80, on_timer)) panic("no timer interrupt");
    auto const pause = timer::from_us(argument(boot().arguments, "pest.pause_us", 100));
    bool const resets = argument(boot().arguments, "pest.mode").value_or("console") == "reset";
    for (std::uint64_t n = 0;; ++n) {
        sleep_until(timer::now() + pause);
        if (resets) call(psci::system_reset);
        print("pest: this is line {}, of which nobody needs to know, and there are more to come\n", n);
    }
}
