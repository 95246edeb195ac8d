#include "guest/drivers/ports/ports.hpp"

#include <algorithm>
#include <cstring>

namespace tiffin::ports {

namespace {

namespace console = abi::virtio::console;

/// Requests of a port a turn.
constexpr unsigned batch = 8;
/// Of `Console::owed`.
constexpr std::uint8_t add = 1, name = 2, open = 4, console_port = 8;

Event event_of(std::uint8_t what) {
    switch (what) {
        case add: return Event::PortAdd;
        case name: return Event::PortName;
        case open: return Event::PortOpen;
        default: return Event::ConsolePort;
    }
}

std::uint32_t receive_queue(std::uint32_t port) { return port == 0 ? 0 : 2 + 2 * port; }
std::uint32_t transmit_queue(std::uint32_t port) { return port == 0 ? 1 : 3 + 2 * port; }

/// As many as the description says; one for a driver that knows of no more.
std::uint32_t count(sdk::Device const& device) {
    if ((device.accepted() & console::has_multiport) == 0) return 1;
    return std::min(static_cast<std::uint32_t>(device.config(0) >> 8 * console::max_ports_at), max_ports);
}

}  // namespace

/// A driver that is up may have heard of its ports from an earlier life of this server, or not: it is told again, which does no harm. It
/// will not say again which ports are open.
void Ports::begin(sdk::Device& device) {
    Console& console = consoles_[device.index()];
    console = {};
    if (!device.in_use()) return;
    for (std::uint32_t port = 0; port < count(device); ++port) console.owed[port] = add, console.opened[port] = true;
}

bool Ports::serve(sdk::Device& device) {
    bool more = false;
    if ((device.accepted() & console::has_multiport) != 0) {
        more |= take_control(device);
        more |= send_owed(device);
    }
    for (std::uint32_t port = 0; port < count(device); ++port) {
        more |= take_output(device, port);
        if (is_open(device, port)) give_input(device, port);
    }
    return more;
}

/// A driver that knows of one port never says so.
bool Ports::is_open(sdk::Device const& device, std::uint32_t port) const {
    return consoles_[device.index()].opened[port] || (device.accepted() & console::has_multiport) == 0;
}

/// Looks at what was typed.
std::uint64_t Ports::wake() {
    std::uint64_t for_whom = 0;
    while (auto const key = keys_.take()) {
        auto const byte = static_cast<std::byte>(*key == '\r' ? '\n' : *key);
        typing_.add({&byte, 1}, [&](std::string_view line) {
            auto const typed = addressed(line);
            if (typed && keep(*typed)) for_whom |= 1ull << typed->device;
        });
    }
    return for_whom;
}

/// For whom it is: the port that it names, or the one that was named alone before.
std::optional<Typed> Ports::addressed(std::string_view line) {
    auto const typed = parse(line);
    if (typed && typed->chooses) return chosen_ = typed, std::nullopt;
    if (typed || !chosen_) return typed;
    return Typed{chosen_->device, chosen_->port, line};
}

/// False: there is no such port, or too much waits for it.
bool Ports::keep(Typed const& typed) {
    if (typed.device >= consoles_.size() || typed.port >= max_ports) return false;
    Input& input = consoles_[typed.device].inputs[typed.port];
    if (typed.text.size() + 1 > input.text.size() - input.used) return false;
    std::memcpy(input.text.data() + input.used, typed.text.data(), typed.text.size());
    input.used += typed.text.size();
    input.text[input.used++] = '\n';
    return true;
}

/// As far as the client has posted room.
void Ports::give_input(sdk::Device const& device, std::uint32_t port) {
    Input& input = consoles_[device.index()].inputs[port];
    while (input.used != 0) {
        auto const room = device.next(receive_queue(port), {});
        if (!room) return;
        auto const size = std::min<std::uint64_t>(room->writable(), input.used);
        room->finish(0, std::as_bytes(std::span{input.text}).first(size), sdk::Tell::Now);
        input.used -= size;
        std::memmove(input.text.data(), input.text.data() + size, input.used);
    }
}

bool Ports::take_control(sdk::Device const& device) {
    for (unsigned n = 0; n < batch; ++n) {
        alignas(Control) std::byte bytes[sizeof(Control)];
        auto const request = device.next(console::control_transmit_queue, bytes);
        if (!request) return false;
        Control message{};
        if (request->first().size() == sizeof message) {
            std::memcpy(&message, bytes, sizeof message);
            hear(device, message);
        }
        request->finish(sdk::Tell::WhenIdle);
    }
    return true;
}

void Ports::hear(sdk::Device const& device, Control const& message) {
    auto& console = consoles_[device.index()];
    auto& owed = console.owed;
    if (message.event == Event::DeviceReady && message.value == 1)
        for (std::uint32_t port = 0; port < count(device); ++port) owed[port] |= add;
    if (message.event == Event::PortReady && message.value == 1 && message.port < count(device))
        owed[message.port] |= name | open | (consoles_first_ && message.port == 0 ? console_port : 0);
    if (message.event == Event::PortOpen && message.port < count(device)) console.opened[message.port] = message.value != 0;
}

/// As far as the client has posted room.
bool Ports::send_owed(sdk::Device const& device) {
    auto& owed = consoles_[device.index()].owed;
    for (std::uint32_t port = 0; port < owed.size(); ++port)
        while (owed[port] != 0) {
            auto const request = device.next(console::control_receive_queue, {});
            if (!request) return false;
            auto const what = static_cast<std::uint8_t>(owed[port] & -owed[port]);
            owed[port] &= static_cast<std::uint8_t>(~what);
            std::byte bytes[sizeof(Control) + 5];  // "port0"
            Control const message{port, event_of(what), 1};
            std::memcpy(bytes, &message, sizeof message);
            std::memcpy(bytes + sizeof message, "port", 4);
            bytes[sizeof bytes - 1] = static_cast<std::byte>('0' + port);
            request->finish(0, std::span{bytes}.first(what == name ? sizeof bytes : sizeof message), sdk::Tell::Now);
        }
    return false;
}

bool Ports::take_output(sdk::Device const& device, std::uint32_t port) {
    auto& line = consoles_[device.index()].lines[port];
    for (unsigned n = 0; n < batch; ++n) {
        std::byte bytes[256];
        auto const request = device.next(transmit_queue(port), bytes);
        if (!request) return false;
        auto const say = [&](std::string_view text) { say_(device.index(), port, text); };
        line.add(request->first(), say);
        for (std::uint64_t at = request->first().size(); at < request->readable();) {
            auto const piece = std::span{bytes}.first(std::min<std::uint64_t>(request->readable() - at, sizeof bytes));
            if (!request->read(at, piece)) break;
            line.add(piece, say);
            at += piece.size();
        }
        request->finish(sdk::Tell::WhenIdle);
    }
    return true;
}

}  // namespace tiffin::ports
