// Prints the keys of its virtio input device, a line each: code, and down, up or held. Boot argument: keys.until=N, powers off when the
// key of Linux's code N goes up.
#include "guest/sdk/keys.hpp"

#include "guest/sdk/app.hpp"
#include "guest/sdk/virtio_slot.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

TIFFIN_APP_STACK(8192);

namespace {

constinit Keys::Memory memory;

constexpr char const* says[] = {"up", "down", "held"};

}  // namespace

unsigned app_main() {
    auto const slot = find_virtio_slot(boot().tree, abi::virtio::Type::Input);
    if (!slot) panic("keys: the VM has no input device");
    VirtioInSlot device{*slot};
    Keys keys{device, memory};
    if (auto const* const why = keys.start()) panic(why);
    auto const last = argument(boot().arguments, "keys.until", 0);
    print("keys: ready\n");
    for (;;) {
        while (auto const key = keys.next()) {
            print("keys: {} {}\n", key->code, says[key->value]);
            if (key->code == last && key->value == abi::virtio::input::released) return 0;
        }
        device.wait();
    }
}
