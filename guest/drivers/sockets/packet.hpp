// Packets of the socket device (virtio 1.2, "Socket Device", "Device Operation"): a header, and bytes of a stream.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace tiffin::sockets {

enum class Op : std::uint16_t { Invalid, Request, Response, Reset, Shutdown, Data, CreditUpdate, CreditRequest };
inline constexpr std::uint16_t stream = 1;

struct Header {
    std::uint64_t source_cid, destination_cid;
    std::uint32_t source_port, destination_port;
    std::uint32_t length;
    std::uint16_t type;
    Op op;
    std::uint32_t flags;
    std::uint32_t buffer_size, forwarded;  // the credit that the sender gives: between the two ends alone
};
inline constexpr std::size_t header_bytes = 44;
static_assert(offsetof(Header, forwarded) + 4 == header_bytes);

inline Header header_of(std::span<std::byte const> bytes) {
    Header h{};
    std::memcpy(&h, bytes.data(), header_bytes);
    return h;
}

inline void put(Header const& h, std::span<std::byte> bytes) { std::memcpy(bytes.data(), &h, header_bytes); }

/// "There is nobody": the answer to a packet that can't be delivered.
inline Header reset_of(Header const& h) {
    Header r{};
    r.source_cid = h.destination_cid;
    r.destination_cid = h.source_cid;
    r.source_port = h.destination_port;
    r.destination_port = h.source_port;
    r.type = h.type;
    r.op = Op::Reset;
    return r;
}

}  // namespace tiffin::sockets
