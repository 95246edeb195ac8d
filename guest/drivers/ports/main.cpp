// A VM that is the console of other VMs: what they write to the ports of their virtio console comes out on this VM's own, each line with the
// number of the device (in the order of the description) and the port. A line typed there in the same form, `0.1: hello`, goes to that port.
//   ports.consoles=1   port 0 of each device is a console (Linux: /dev/hvc0)
#include "abi/guest_map.hpp"
#include "guest/drivers/ports/ports.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

TIFFIN_APP_STACK(16384);

namespace {

void say(std::uint32_t device, std::uint32_t port, std::string_view line) { print("{}.{}: {}\n", device, port, line); }

constinit ports::Ports service{say};

// PL011 (Arm DDI 0183), "Summary of registers": data, flags, interrupt mask and clear; receive and receive-timeout interrupts.
constexpr std::uint64_t data = 0x00, flags = 0x18, mask = 0x38, clear = 0x44;
constexpr std::uint32_t receive_empty = 1u << 4, receive_interrupts = 5u << 4;

/// Cleared first: keys that come while these are read interrupt again.
void on_key(std::uint32_t, void*) {
    auto const uart = uart_address();
    mmio_write<std::uint32_t>(uart + clear, receive_interrupts);
    while ((mmio_read<std::uint32_t>(uart + flags) & receive_empty) == 0)
        service.type(static_cast<char>(mmio_read<std::uint32_t>(uart + data)));
    wake_server();
}

}  // namespace

unsigned app_main() {
    turn_caches_on();
    if (argument(boot().arguments, "ports.consoles", 0) != 0) service.make_consoles();
    Server server{serve_calls()};
    if (!interrupts::enable(abi::guest_map::pl011_intid, 0x90, on_key)) panic("no interrupt for keys");
    mmio_write<std::uint32_t>(uart_address() + mask, receive_interrupts);
    server.run(service);
}
