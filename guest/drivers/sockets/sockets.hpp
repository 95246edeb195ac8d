// Sockets between VMs: carries packets from the client that sends them to the client whose address (CID) they name. It knows of no
// connections: who may send how much is between the two ends, and a flood of half-open ones fills nothing here. What can't be delivered yet
// stays the sender's request: nothing is lost, and a receiver that posts no room holds up those who talk to it, and nobody else.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "guest/drivers/sockets/packet.hpp"
#include "guest/sdk/virtio_server.hpp"

namespace tiffin::sockets {

class Sockets final : public sdk::Service {
public:
    explicit Sockets(sdk::Server& server);

    /// Tells clients that are connected already (an earlier life of this server did it) that their connections are gone: what was on its way may
    /// have been delivered, or not ("Device Events", VIRTIO_VSOCK_EVENT_TRANSPORT_RESET). Once, before the first round. Nobody gets a packet
    /// before it has looked at this: a connection made meanwhile would be gone at one end, and the other would wait for ever.
    void announce();

    void begin(sdk::Device& device) override;
    bool serve(sdk::Device& device) override;

private:
    /// That there is a new life of this server.
    enum class News : std::uint8_t { Heard, Owed, Told };
    struct End {
        std::uint64_t cid{0};
        /// The sender's packet under way, how much of it is delivered, and whose room it waits for.
        std::optional<sdk::Request> held{};
        Header header{};
        std::uint64_t delivered{0};
        std::uint32_t waits_for{0};
        News news{News::Heard};
    };

    bool hears(sdk::Device const& device);
    void serve_waiting(sdk::Device const& device);
    bool take(End& from, sdk::Device const& device);
    bool go_on(End& from, sdk::Device const& sender);
    bool carry(End& from, sdk::Device const& sender);
    bool deliver_piece(End& from, sdk::Device const& to);
    bool refuse(End& from, sdk::Device const& sender);
    [[nodiscard]] sdk::Device const* find(std::uint64_t cid) const;

    sdk::Server& server_;
    std::array<End, abi::serve::max_devices> ends_{};
    std::array<std::byte, header_bytes + 4096> buffer_{};
};

}  // namespace tiffin::sockets
