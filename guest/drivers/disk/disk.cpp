// A VM that is the disk of other VMs, in its own RAM. Boot arguments: disk.mib=8, its size; disk.parts=4M,512K, what each device has of it,
// in the order of the description (equal parts without).
#include "guest/drivers/disk/block.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

TIFFIN_APP_STACK(16384);

namespace {

std::span<std::byte> memory() {
    auto const spare = boot().spare;
    auto const mib = argument(boot().arguments, "disk.mib", 8);
    if (mib > spare.size() >> 20) panic("the VM's memory is too small for disk.mib");
    return spare.first(mib << 20);
}

}  // namespace

unsigned app_main() {
    turn_caches_on();
    Server server{serve_calls()};
    auto const store = memory();
    auto const parts = disk::Parts::make(argument(boot().arguments, "disk.parts"), store.size(), server.devices().size());
    if (!parts) panic("disk.parts: sizes like 4M,512K, of whole sectors, and no more in sum than disk.mib");
    disk::BlockService service{disk::Store{store}, *parts};
    server.start();
    for (Device const& device : server.devices()) service.announce(device);
    print("disk: {} KiB for {} devices\n", store.size() >> 10, server.devices().size());
    server.run(service);
}
