#include "guest/drivers/sockets/sockets.hpp"

#include <algorithm>

namespace tiffin::sockets {

namespace {

namespace vsock = abi::virtio::vsock;

/// Packets a turn, so that a busy client leaves the others theirs.
constexpr unsigned batch = 16;

}  // namespace

Sockets::Sockets(sdk::Server& server) : server_{server} {
    for (sdk::Device const& device : server.devices()) ends_[device.index()].cid = device.config(vsock::guest_cid_at);
}

void Sockets::announce() {
    for (sdk::Device const& device : server_.devices()) ends_[device.index()].news = device.in_use() ? News::Owed : News::Heard;
}

/// Its requests are gone with its former life; an event of ours it needs no more.
void Sockets::begin(sdk::Device& device) {
    End& end = ends_[device.index()];
    end = {.cid = end.cid, .news = end.news == News::Owed ? News::Owed : News::Heard};
}

bool Sockets::serve(sdk::Device& device) {
    if (!hears(device)) return false;
    serve_waiting(device);
    End& from = ends_[device.index()];
    for (unsigned n = 0; n < batch; ++n) {
        if (!from.held && !take(from, device)) return false;
        if (!go_on(from, device)) return false;
    }
    return true;
}

/// `device` may have posted room that others wait for. Whose packet goes out has another turn; whose does not waits until it is rung again: two
/// that wait for each other would have turns for ever.
void Sockets::serve_waiting(sdk::Device const& device) {
    for (sdk::Device const& other : server_.devices()) {
        End& end = ends_[other.index()];
        if (end.held && end.waits_for == device.index() && go_on(end, other)) server_.again(other);
    }
}

bool Sockets::take(End& from, sdk::Device const& device) {
    std::byte head[header_bytes];
    from.held = device.next(vsock::transmit_queue, head);
    if (!from.held) return false;
    from.delivered = 0;
    from.header = from.held->first().size() == header_bytes ? header_of(head) : Header{};
    return true;
}

/// With the packet under way. False: there is no room for it now.
bool Sockets::go_on(End& from, sdk::Device const& sender) {
    if (!carry(from, sender)) return false;
    from.held->finish(sdk::Tell::WhenIdle);
    from.held.reset();
    return true;
}

/// True: it knows of this life, or can't be told. All its room for events is taken, and one is used: it posts that again when it has looked. The
/// others stay with us, and come again for our next life.
bool Sockets::hears(sdk::Device const& device) {
    End& end = ends_[device.index()];
    if (end.news == News::Heard) return true;
    std::optional<sdk::Request> room;
    while (auto const next = device.next(vsock::event_queue, {}))
        if (!room) room = next;
    if (!room) return end.news == News::Owed;
    if (end.news == News::Told) {
        end.news = News::Heard;
        return true;
    }
    std::byte const transport_reset[4]{};
    room->finish(0, transport_reset, sdk::Tell::Now);
    end.news = News::Told;
    return false;
}

sdk::Device const* Sockets::find(std::uint64_t cid) const {
    for (sdk::Device const& device : server_.devices())
        if (ends_[device.index()].cid == cid && device.in_use()) return &device;
    return nullptr;
}

/// A packet with another's address, or whose length is not that of its bytes, goes nowhere: its sender has no use for an answer.
bool Sockets::carry(End& from, sdk::Device const& sender) {
    auto const& h = from.header;
    if (h.source_cid != from.cid || h.length != from.held->readable() - header_bytes) return true;
    auto const* const to = h.type == stream ? find(h.destination_cid) : nullptr;
    if (to == nullptr) return h.op == Op::Reset || refuse(from, sender);
    do
        if (!deliver_piece(from, *to)) return false;
    while (from.delivered < h.length);
    return true;
}

/// As much of the packet as one request of the receiver has room for. Only bytes of a stream may be cut.
bool Sockets::deliver_piece(End& from, sdk::Device const& to) {
    auto const room = hears(to) ? to.next(vsock::receive_queue, {}) : std::nullopt;
    if (!room) {
        from.waits_for = to.index();
        return false;
    }
    auto const left = from.header.length - from.delivered;
    auto const fits = room->writable() > header_bytes ? room->writable() - header_bytes : 0;
    auto const size = std::min<std::uint64_t>({left, fits, buffer_.size() - header_bytes});
    auto const bytes = std::span{buffer_}.first(header_bytes + size);
    Header h = from.header;
    h.length = static_cast<std::uint32_t>(size);
    put(h, bytes);
    bool const readable = from.held->read(header_bytes + from.delivered, bytes.subspan(header_bytes));
    bool const useless = !readable || (size == 0 && left != 0);
    room->finish(0, useless ? std::span<std::byte>{} : bytes, sdk::Tell::Now);
    from.delivered = readable ? from.delivered + size : from.header.length;
    return true;
}

bool Sockets::refuse(End& from, sdk::Device const& sender) {
    auto const room = sender.next(vsock::receive_queue, {});
    if (!room) {
        from.waits_for = sender.index();
        return false;
    }
    std::byte bytes[header_bytes];
    put(reset_of(from.header), bytes);
    room->finish(0, bytes, sdk::Tell::Now);
    return true;
}

}  // namespace tiffin::sockets
