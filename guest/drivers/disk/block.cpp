#include "guest/drivers/disk/block.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace tiffin::disk {

namespace {

namespace block = abi::virtio::block;

/// Requests a turn, so that a busy client leaves the others theirs.
constexpr unsigned batch = 8;
/// "Device Operation", VIRTIO_BLK_T_GET_ID: a text of at most 20 bytes.
constexpr std::size_t id_bytes = 20;
constexpr std::string_view name = "tiffin disk";

}  // namespace

void BlockService::announce(sdk::Device const& device) const {
    device.set_config(block::capacity_at, parts_.of(device.index()).sectors());
}

bool BlockService::serve(sdk::Device& device) {
    for (unsigned n = 0; n < batch; ++n) {
        alignas(block::Request) std::byte head[sizeof(block::Request)];
        auto const request = device.next(0, head);
        if (!request) return false;
        answer(device, *request);
    }
    return true;
}

/// The status is the last byte that the client has room for; whoever leaves none for it is not told one.
void BlockService::answer(sdk::Device const& device, sdk::Request const& request) const {
    if (request.writable() == 0) return request.finish(sdk::Tell::WhenIdle);
    auto const room = request.writable() - 1;
    auto const status = static_cast<std::byte>(carry_out(device, request, room));
    request.finish(room, {&status, 1}, sdk::Tell::WhenIdle);
}

std::uint8_t BlockService::carry_out(sdk::Device const& device, sdk::Request const& request, std::uint64_t room) const {
    block::Request head{};
    if (request.first().size() < sizeof head) return block::io_error;
    std::memcpy(&head, request.first().data(), sizeof head);
    auto const part = parts_.of(device.index());
    switch (head.type) {
        case block::in: {
            auto const at = part.find(head.sector, room);
            return at && store_.give(request, *at, room) ? block::ok : block::io_error;
        }
        case block::out: {
            auto const bytes = request.readable() - sizeof head;
            auto const at = part.find(head.sector, bytes);
            bool const allowed = (device.offered() & block::read_only) == 0;
            return at && allowed && store_.take(request, sizeof head, *at, bytes) ? block::ok : block::io_error;
        }
        case block::flush: return store_.flush() ? block::ok : block::io_error;
        case block::get_id: {
            std::byte id[id_bytes]{};
            std::memcpy(id, name.data(), name.size());
            return request.write(0, std::span{id}.first(std::min<std::uint64_t>(room, id_bytes))) ? block::ok : block::io_error;
        }
        default: return block::unsupported;
    }
}

}  // namespace tiffin::disk
