// The sound device (virtio 1.2, "Sound Device"): one stream out for each client, 48 kHz, stereo, 16 bits, and its channel map; no jacks.
// What the clients play is mixed into the ring of the board's card, slot by slot, at the pace of its clock.
//
// A buffer of samples is done when all of it is in the ring; `latency_bytes` of its status says how much is heard before what follows it.
// Samples are read from the client when their slot is due and no earlier: Linux's driver posts buffers that its player fills later.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "guest/drivers/sound/ledger.hpp"
#include "guest/drivers/sound/mixer.hpp"
#include "guest/drivers/sound/output.hpp"
#include "guest/drivers/sound/stream.hpp"
#include "guest/sdk/virtio_server.hpp"

namespace tiffin::sound {

class Sound final : public sdk::Service {
public:
    /// Hears of a stream that has stopped: the device's index, what became of it, and what the card had to play twice meanwhile.
    using Report = void (*)(std::uint32_t device, Ledger const& ledger, std::uint64_t late);

    /// A device whose client is already under way was set up with an earlier life of this server: it plays on.
    Sound(std::span<sdk::Device const> devices, Output& output, Report report = nullptr);

    void begin(sdk::Device& device) override;
    bool serve(sdk::Device& device) override;
    /// Fills what the card has played. No device has a turn because of it.
    std::uint64_t wake() override { return fill(), 0; }

private:
    /// Buffers of samples in the client's order, and how much of the first is in the ring.
    struct Client {
        Stream stream{};
        std::optional<std::uint64_t> under_way{};  // the life in which this server found it
        std::array<std::optional<sdk::Request>, abi::serve::max_queue_size> waiting{};
        std::size_t first{0}, count{0};
        std::uint64_t played{0};  // bytes
        std::uint32_t volume{full_volume};
        Ledger ledger{};
        std::uint64_t late_before{0};  // of the card, when the stream started
    };

    bool take_samples(sdk::Device& device, Client& client);
    bool answer_requests(sdk::Device& device, Client& client);
    protocol::Status answer(sdk::Device const& device, Client& client, sdk::Request const& request);
    protocol::Status command(sdk::Device const& device, Client& client, protocol::Code code);
    void stopped(std::uint32_t device, Client& client);
    static protocol::Status check(Client const& client, sdk::Request const& request);
    static bool refuse_recording(sdk::Device& device);
    void fill();
    bool mix(std::span<Sample> slot);
    std::size_t hear(Client& client, std::span<std::byte> into);
    static void drop_first(Client& client, protocol::Status status);
    static void release(Client& client);

    /// Slots of nobody's, 1 s, and the card rests. Far more than it has taken and not played.
    static constexpr unsigned patience = 100;
    /// Requests of one queue in a turn.
    static constexpr unsigned batch = 32;
    /// Streams as short as that, 1 s, are not reported: a client can't fill the console with them.
    static constexpr unsigned least_reported = 100;

    Output& output_;
    Report report_;
    Mixer mixer_;
    bool playing_{false};
    unsigned empty_{0};  // slots in a row
    std::array<Client, abi::serve::max_devices> clients_{};
};

}  // namespace tiffin::sound
