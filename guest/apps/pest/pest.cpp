// Wakes again and again to make EL2 work, with locks that other cores want. Boot arguments: pest.pause_us=N (100), pest.mode=
//   console  prints a line
//   reset    starts anew: all of its memory is scrubbed, its pages are the image's again, and copied when it writes to them
//   ring     rings all its channels
//   listen   has the doorbells of as many channels enabled as the SDK has handlers for, and sleeps
#include "abi/guest_map.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/sleep.hpp"

using namespace tiffin::sdk;

namespace {

void ring_all() {
    for (std::uint64_t channel = 0; channel < tiffin::abi::guest_map::max_channels; ++channel) hypercall::ChannelRing(channel);
}

void listen() {
    auto const nothing = [](std::uint32_t, void*) {};
    for (std::uint32_t intid = tiffin::abi::guest_map::channel_intid;; ++intid) {
        interrupts::set_edge(intid);
        if (!interrupts::enable(intid, 0x80, nothing)) return;
    }
}

}  // namespace

unsigned app_main() {
    Sleep sleep;
    auto const pause = timer::from_us(argument(boot().arguments, "pest.pause_us", 100));
    auto const mode = argument(boot().arguments, "pest.mode").value_or("console");
    if (mode == "listen") listen();
    for (std::uint64_t n = 0;; ++n) {
        sleep.until(timer::now() + pause);
        if (mode == "reset") call(psci::system_reset);
        if (mode == "ring") ring_all();
        if (mode == "console") print("pest: this is line {}, of which nobody needs to know, and there are more to come\n", n);
    }
}
