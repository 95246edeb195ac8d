// A function that is nearly always asleep: the reason why a chip of its own is a waste. In 64 KiB of RAM. Boot arguments:
// idler.naps=N (5), idler.nap_us=P (100,000).
#include "guest/sdk/app.hpp"
#include "guest/sdk/sleep.hpp"

using namespace tiffin::sdk;

unsigned app_main() {
    print("idler: awake\n");
    Sleep sleep;
    auto const naps = argument(boot().arguments, "idler.naps", 5);
    auto const nap = timer::from_us(argument(boot().arguments, "idler.nap_us", 100'000));
    auto deadline = timer::now();
    for (std::uint64_t i = 0; i < naps; ++i) sleep.until(deadline += nap);
    print("idler: job done\n");
    return 0;
}
