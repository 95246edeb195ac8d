// A VM that is the network of other VMs. Boot arguments: switch.kib-per-second=N, what a port may send (0: no limit);
// switch.floods-per-second=1000, frames of a port that go to all others; switch.any-mac=0,2: ports (in the order of the description) that
// may send with any source address. If the VM was given a virtio network card of the board's, on PCI or in a slot, that is the way out.
#include <new>

#include "guest/drivers/switch/card.hpp"
#include "guest/drivers/switch/switch.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"
#include "guest/sdk/virtio_board.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

TIFFIN_APP_STACK(16384);

namespace {

/// "0,2" as a bit each.
std::uint64_t bits(std::string_view list) {
    std::uint64_t all = 0;
    unsigned number = 0;
    for (char const c : list) {
        if (c != ',' && (c < '0' || c > '9')) panic("switch.any-mac: numbers of ports, like 0,2");
        if (c == ',') all |= 1ull << number % 64;
        number = c == ',' ? 0 : number * 10 + static_cast<unsigned>(c - '0');
    }
    return list.empty() ? all : all | 1ull << number % 64;
}

net_switch::Rules rules() {
    auto const arguments = boot().arguments;
    net_switch::Rules rules;
    rules.bytes_per_second = argument(arguments, "switch.kib-per-second", 0) << 10;
    rules.floods_per_second = argument(arguments, "switch.floods-per-second", rules.floods_per_second);
    rules.ports_of_any_mac = bits(argument(arguments, "switch.any-mac").value_or(""));
    return rules;
}

/// Nullptr if the VM has no card.
net_switch::Uplink* find_card() {
    auto* const device = find_board_virtio(abi::virtio::Type::Net, wake_server);
    if (device == nullptr) return nullptr;
    static constinit net_switch::Card::Memory memory;
    auto& card = keep<net_switch::Card>(*device, memory);
    if (auto const* const why = card.start())
        print("switch: the board's network card: {}\n", why), panic("the card can't be used");
    return &card;
}

}  // namespace

unsigned app_main() {
    turn_caches_on();
    Server server{serve_calls()};
    server.start();
    auto* const uplink = find_card();
    static constinit std::byte place[sizeof(net_switch::Switch)]{};  // with its backlog far too large for a stack
    auto& service = *new (place) net_switch::Switch{server.devices(), rules(), timer::now, timer::frequency(), uplink};
    print("switch: {} ports{}\n", server.devices().size(), uplink != nullptr ? " and the board's network card" : "");
    server.run(service);
}
