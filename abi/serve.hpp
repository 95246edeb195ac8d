// How a VM serves virtio devices of other VMs: the arguments of the Serve calls (abi/hypercalls.hpp).
//
// The server never maps its client's memory. It names its own buffer, and the hypervisor copies between that and the buffers that the
// client posted, page by page, with every descriptor read once and checked against the client's RAM
// (docs/decisions/0012-virtio-servers.md).
//
//   ServeStart(device)
//   for ever: ServeNext(device, queue) -> handle, bytes to read, room to write, the first bytes
//               [ServeRead | ServeWrite]..., ServeComplete
//             Busy from every queue: sleep until server_intid, then ServeNews
//
// A request stays the server's until it completes it, the client resets the device, or the server stops: then it comes again, in the
// order in which the client posted them, from the server's next life.
#pragma once
#include <cstdint>

namespace tiffin::abi::serve {

/// Devices that one VM can serve.
inline constexpr std::uint32_t max_devices = 64;
/// Queues of a device, and entries of a queue (so also buffers of a request), at most.
inline constexpr std::uint32_t max_queues = 10, max_queue_size = 32;
/// Bytes that one call copies at most: a page, and what stands before or behind it in a request.
inline constexpr std::uint64_t max_copy = 4096 + 64;
/// What the client of a GPU device has a screen read (virtio 1.2 "GPU Device", RESOURCE_ATTACH_BACKING) is no buffer of a request, for it is
/// read later, again and again. So the hypervisor itself reads from that request where it is, and keeps it in places that the server names,
/// until the server empties them or the client resets the device; the server's end changes nothing. A note is the server's own word.
inline constexpr std::uint32_t max_pieces = 2048;                  // places of a device, which count from 0
inline constexpr std::uint64_t max_attach = 32, max_detach = 256;  // of one call
inline constexpr std::uint64_t max_look = 20480;  // bytes that one ServeLook copies at most: there is no request to walk
constexpr std::uint64_t look_at(std::uint32_t place, std::uint32_t offset) { return place | std::uint64_t{offset} << 32; }
/// Bytes of a device's configuration space.
inline constexpr std::uint32_t config_bytes = 64;

/// x1 of ServeNext. `device`: the server's number for it, in the order of the description.
/// ServeNext answers x0 = handle (>= 0), x1 = bytes that the client sends, x2 = bytes that it has room for, x3 = bytes now in the buffer
/// (the first of those it sends); Busy: none now, and the next one rings server_intid.
constexpr std::uint64_t queue_of(std::uint32_t device, std::uint32_t queue) { return device | queue << 8; }

/// Errors of the calls: InvalidParameter (no such device or queue, buffer outside RAM, offset behind the end), NotPermitted (ServeStart
/// was not called), NotRequired (a handle whose request is gone: completed, or the client reset the device; a place that is empty), Busy.

/// x2 of ServeInfo.
enum class Fact : std::uint32_t {
    Type = 0,      // virtio device id; InvalidParameter behind the last device
    Client = 1,    // the VM's index
    Features = 2,  // that the client's driver accepted
    Status = 3,    // virtio device status: driver_ok once it may be served
    Queues = 4,
    Life = 5,     // counts resets by the client: what is remembered of an earlier one is void
    Offered = 6,  // features that the description gives the device
    Config = 8,   // + n: bytes 8n..8n+7 of the configuration space
};

}  // namespace tiffin::abi::serve
