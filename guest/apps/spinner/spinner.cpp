// The neighbour that never sleeps. `spinner.ms=N` in the boot arguments: spins N ms and exits 0; without it, for ever.
#include "guest/sdk/app.hpp"

using namespace tiffin::sdk;

unsigned app_main() {
    auto const limit_ms = argument(boot().arguments, "spinner.ms", 0);
    auto const second = timer::frequency();
    auto const start = timer::now();
    auto const limit = timer::from_us(limit_ms * 1000);
    auto next = start + second;
    print("spinner: spinning\n");
    while (limit_ms == 0 || timer::now() - start < limit) {
        if (timer::now() < next) continue;
        print("spinner: {} s\n", (next - start) / second);
        next += second;
    }
    print("spinner: done after {} ms\n", limit_ms);
    return 0;
}
