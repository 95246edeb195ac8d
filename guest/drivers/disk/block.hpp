// The block device (virtio 1.2, "Block Device"), for any number of clients, each in a part of its own. A write is in the store when its
// request is done; whether it outlives a loss of power then, or after a flush, is the store's.
#pragma once
#include "guest/drivers/disk/parts.hpp"
#include "guest/drivers/disk/store.hpp"
#include "guest/sdk/virtio_server.hpp"

namespace tiffin::disk {

class BlockService final : public sdk::Service {
public:
    BlockService(Store& store, Parts const& parts) : store_{store}, parts_{parts} {}

    /// Tells the client how large its disk is.
    void announce(sdk::Device const& device) const;
    bool serve(sdk::Device& device) override;

private:
    void answer(sdk::Device const& device, sdk::Request const& request) const;
    /// Does what the request asks for; its status byte.
    [[nodiscard]] std::uint8_t carry_out(sdk::Device const& device, sdk::Request const& request, std::uint64_t room) const;

    Store& store_;
    Parts parts_;
};

}  // namespace tiffin::disk
