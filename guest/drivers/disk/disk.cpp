// A VM that is the disk of other VMs. Boot arguments: disk.parts=4M,512K, what each device has of it, in the order of the description (equal
// parts without); and where its bytes are:
//   disk.mib=8     in the VM's own RAM: gone when it starts anew
//   disk.keep=NAME in this VM's half of the channel NAME, which stays as it was: the disk may start anew under its clients' hands
#include "guest/drivers/disk/block.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"
#include "guest/sdk/channel.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

TIFFIN_APP_STACK(16384);

namespace {

disk::Store in_ram() {
    auto const spare = boot().spare;
    auto const mib = argument(boot().arguments, "disk.mib", 8);
    if (mib > spare.size() >> 20) panic("the VM's memory is too small for disk.mib");
    return {spare.first(mib << 20), disk::Store::Place::Ram};
}

disk::Store in_channel(std::string_view name) {
    auto const place = find_channel(boot().tree, name);
    if (!place) panic("disk.keep: the VM has no such channel");
    map_cached(place->memory);
    return {{reinterpret_cast<std::byte*>(place->own()), place->half()}, disk::Store::Place::Shared};
}

disk::Store find_store() {
    auto const channel = argument(boot().arguments, "disk.keep");
    return channel ? in_channel(*channel) : in_ram();
}

}  // namespace

unsigned app_main() {
    turn_caches_on();
    Server server{serve_calls()};
    auto store = find_store();
    auto const parts = disk::Parts::make(argument(boot().arguments, "disk.parts"), store.size(), server.devices().size());
    if (!parts) panic("disk.parts: sizes like 4M,512K, of whole sectors, and no more in sum than there is");
    disk::BlockService service{store, *parts};
    server.start();
    for (Device const& device : server.devices()) service.announce(device);
    print("disk: {} KiB for {} devices\n", store.size() >> 10, server.devices().size());
    server.run(service);
}
