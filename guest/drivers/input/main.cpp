// A VM that has the keyboard of the board's, a virtio input device on PCI or in a slot, and gives its keys to the VM that has the focus. Boot
// argument: keys.focus=88, the key (Linux's code; F12) that moves the focus to the next client; 0: none does.
#include <new>

#include "guest/drivers/input/input.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"
#include "guest/sdk/virtio_board.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

TIFFIN_APP_STACK(16384);

namespace {

input::Keyboard& find_keyboard() {
    auto* const device = find_board_virtio(abi::virtio::Type::Input, wake_server);
    if (device == nullptr) panic("input: the VM has no keyboard (QEMU's virtio-keyboard-pci)");
    static constinit input::Keyboard::Memory memory;
    auto& keyboard = keep<input::Keyboard>(*device, memory);
    if (auto const* const why = keyboard.start())
        print("input: the board's keyboard: {}\n", why), panic("the keyboard can't be used");
    return keyboard;
}

}  // namespace

unsigned app_main() {
    turn_caches_on();
    Server server{serve_calls()};
    server.start();
    auto& keyboard = find_keyboard();
    auto const focus_key = static_cast<std::uint16_t>(argument(boot().arguments, "keys.focus", input::f12));
    alignas(input::Input) static constinit std::byte place[sizeof(input::Input)]{};  // far too large for a stack
    auto& service = *new (place) input::Input{server.devices(), &keyboard, focus_key};
    print("input: {} devices, and the board's keyboard\n", server.devices().size());
    server.run(service);
}
