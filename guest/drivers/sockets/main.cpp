// A VM that carries sockets (AF_VSOCK) between other VMs. Each has the address that the description gives it as `cid`.
#include <new>

#include "guest/drivers/sockets/sockets.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

TIFFIN_APP_STACK(16384);

unsigned app_main() {
    turn_caches_on();
    Server server{serve_calls()};
    static constinit std::byte place[sizeof(sockets::Sockets)]{};
    auto& service = *new (place) sockets::Sockets{server};
    service.announce();
    print("sockets: {} addresses\n", server.devices().size());
    server.run(service);
}
