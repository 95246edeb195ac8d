// A client's stream of samples (virtio 1.2, "Sound Device", "PCM Command Lifecycle"): which request is allowed when, and with which
// parameters.
#pragma once
#include <cstdint>

#include "abi/virtio.hpp"
#include "guest/drivers/sound/output.hpp"

namespace tiffin::sound {

namespace protocol = abi::virtio::sound;

class Stream {
public:
    /// Unknown: the client set it up with an earlier life of this server. Whatever it asks for next is believed, and what it sends is
    /// played.
    enum class State : std::uint8_t { Fresh, Unknown, ParametersSet, Prepared, Running, Stopped, Released };

    explicit Stream(State state = State::Fresh) : state_{state} {}

    protocol::Status set(protocol::PcmSetParams const& wanted);
    /// PcmPrepare, PcmStart, PcmStop, PcmRelease; BadMessage, and nothing has changed, if it is not the time for it.
    protocol::Status command(protocol::Code code);

    [[nodiscard]] State state() const { return state_; }
    /// Its samples are heard.
    [[nodiscard]] bool plays() const { return state_ == State::Running || state_ == State::Unknown; }
    /// The client may send samples.
    [[nodiscard]] bool accepts() const { return plays() || state_ == State::Prepared || state_ == State::Stopped; }
    /// Bytes of samples that one buffer may have.
    [[nodiscard]] std::uint32_t most_bytes() const { return buffer_bytes_; }

    /// Of a client's whole buffer: 5 s.
    static constexpr std::uint32_t longest_buffer = 5 * frames_per_second * frame_bytes;

private:
    State state_;
    std::uint32_t buffer_bytes_{longest_buffer};
};

}  // namespace tiffin::sound
