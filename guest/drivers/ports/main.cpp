// A VM that is the console of other VMs: what they write to the ports of their virtio console comes out on this VM's own, each line with the
// number of the device (in the order of the description) and the port.
#include "guest/drivers/ports/ports.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

TIFFIN_APP_STACK(16384);

namespace {

void say(std::uint32_t device, std::uint32_t port, std::string_view line) { print("{}.{}: {}\n", device, port, line); }

constinit ports::Ports service{say};

}  // namespace

unsigned app_main() {
    turn_caches_on();
    Server server{serve_calls()};
    server.run(service);
}
