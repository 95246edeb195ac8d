#include "guest/drivers/switch/switch.hpp"

namespace tiffin::net_switch {

namespace {

namespace net = abi::virtio::net;

/// Frames a turn, so that a busy port leaves the others theirs.
constexpr unsigned batch = 16;
constexpr std::size_t num_buffers_at = 10;  // in the header

}  // namespace

Switch::Switch(std::span<sdk::Device> ports, Rules const& rules, std::uint64_t (*now)(), std::uint64_t hz, Uplink* uplink)
    : ports_{ports}, any_mac_{rules.ports_of_any_mac}, now_{now}, table_{rules.seconds_remembered * hz}, uplink_{uplink} {
    for (sdk::Device const& port : ports) {
        auto const word = port.config(net::mac_at);
        Port& state = state_[port.index()];
        state = {Mac::of_config(word), {rules.bytes_per_second, hz}, {rules.floods_per_second, hz}, {}};
        table_.pin(state.mac, port.index());
        port.set_config(net::mac_at, word | std::uint64_t{net::link_up} << 8 * net::status_at);
    }
    state_[outside].floods = {rules.floods_per_second, hz};
}

bool Switch::serve(sdk::Device& port) {
    deliver_backlog(port.index());
    for (unsigned n = 0; n < batch; ++n) {
        alignas(8) std::byte bytes[header + longest];
        auto const request = port.next(net::transmit_queue, bytes);
        if (!request) return more_outside_;
        auto const got = request->first().size();
        bool const whole = got == request->readable() && got >= header + shortest;
        if (!whole)
            ++state_[port.index()].counts.malformed;
        else if (allowed(port.index(), std::span{bytes}.subspan(header, got - header)))
            forward(port.index(), std::span{bytes}.first(got));
        request->finish(sdk::Tell::WhenIdle);
    }
    return true;
}

/// From outside anybody may send, but nobody as one of the ports' own. While some are left there is another round: a
/// port whose turn does not end makes one.
std::uint64_t Switch::wake() {
    more_outside_ = uplink_ != nullptr;
    for (unsigned n = 0; more_outside_ && n < batch; ++n) {
        auto const bytes = uplink_->receive();
        more_outside_ = !bytes.empty();
        if (more_outside_ && allowed(outside, bytes.subspan(header))) forward(outside, bytes);
    }
    return more_outside_ ? 1 : 0;
}

bool Switch::allowed(std::uint32_t port, std::span<std::byte const> frame) {
    Port& state = state_[port];
    auto const from = source(frame);
    bool const own = port == outside || from == state.mac || (any_mac_ >> port & 1) != 0;
    if (!own || from.is_group() || !table_.learn(from, port, now_())) return ++state.counts.spoofed, false;
    if (!state.bytes.take(frame.size(), now_())) return ++state.counts.limited, false;
    return true;
}

void Switch::forward(std::uint32_t from, Bytes bytes) {
    auto const to = destination(bytes.subspan(header));
    // No checksum or segment is left to anybody: the header is the switch's own, and not what the sender wrote.
    for (std::byte& b : bytes.first(header)) b = {};
    bytes[num_buffers_at] = std::byte{1};
    ++state_[from].counts.sent;
    auto const known = to.is_group() ? std::nullopt : table_.find(to, now_());
    if (known) {
        if (*known != from) deliver(*known, bytes);
        return;
    }
    if (!state_[from].floods.take(1, now_())) {
        ++state_[from].counts.limited;
        return;
    }
    for (sdk::Device const& port : ports_)
        if (port.index() != from) deliver(port.index(), bytes);
    if (uplink_ != nullptr && from != outside) deliver(outside, bytes);
}

/// Whoever posts no room gets what waits later, and misses what is too much, as on a wire: a sender that had to wait for one port would be
/// missed by all.
void Switch::deliver(std::uint32_t to, std::span<std::byte const> bytes) {
    if (to == outside) {
        ++(uplink_->send(bytes) ? state_[to].counts.received : state_[to].counts.missed);
        return;
    }
    if (backlog_.empty(to) && try_deliver(to, bytes)) return;
    if (!ports_[to].in_use() || !backlog_.add(to, bytes)) ++state_[to].counts.missed;
}

bool Switch::try_deliver(std::uint32_t to, std::span<std::byte const> bytes) {
    auto const room = ports_[to].next(net::receive_queue, {});
    if (!room) return false;
    bool const fits = room->writable() >= bytes.size();
    ++(fits ? state_[to].counts.received : state_[to].counts.missed);
    room->finish(0, fits ? bytes : std::span<std::byte const>{}, sdk::Tell::Now);
    return true;
}

void Switch::deliver_backlog(std::uint32_t to) {
    while (!backlog_.empty(to) && try_deliver(to, backlog_.first(to))) backlog_.drop_first(to);
}

}  // namespace tiffin::net_switch
