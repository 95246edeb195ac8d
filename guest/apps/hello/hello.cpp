// The smallest app: start here. docs/sdk.md walks through it.
#include "guest/sdk/app.hpp"

unsigned app_main() {
    using namespace tiffin::sdk;
    print("hello from a VM of its own; GICv{}, counter at {} Hz, {}\n", interrupts::gic_version(), timer::frequency(),
          tiffin_version() != 0 ? "on Tiffin" : "no Tiffin underneath");
    return 0;
}
