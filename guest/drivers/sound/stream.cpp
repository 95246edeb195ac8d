#include "guest/drivers/sound/stream.hpp"

#include <utility>

namespace tiffin::sound {

namespace {

using protocol::Code;
using protocol::Status;
using State = Stream::State;

/// A bit for each state in which the request is allowed.
constexpr unsigned in(auto... states) { return (0u | ... | (1u << static_cast<unsigned>(states))); }

constexpr unsigned allowed(Code code) {
    using enum State;
    switch (code) {
        case Code::PcmSetParams: return in(Fresh, Unknown, ParametersSet, Prepared, Released);
        case Code::PcmPrepare: return in(Unknown, ParametersSet, Prepared, Released);
        case Code::PcmStart: return in(Unknown, Prepared, Stopped);
        case Code::PcmStop: return in(Unknown, Running);
        case Code::PcmRelease: return in(Unknown, Prepared, Stopped);
        case Code::JackInfo:
        case Code::JackRemap:
        case Code::PcmInfo:
        case Code::ChannelMapInfo: break;
    }
    return 0;
}

constexpr State state_after(Code code) {
    switch (code) {
        case Code::PcmPrepare: return State::Prepared;
        case Code::PcmStart: return State::Running;
        case Code::PcmStop: return State::Stopped;
        case Code::PcmRelease: return State::Released;
        case Code::PcmSetParams:
        case Code::JackInfo:
        case Code::JackRemap:
        case Code::PcmInfo:
        case Code::ChannelMapInfo: break;
    }
    return State::ParametersSet;
}

}  // namespace

Status Stream::set(protocol::PcmSetParams const& wanted) {
    if ((allowed(Code::PcmSetParams) & in(state_)) == 0) return Status::BadMessage;
    if (wanted.channels != channels || wanted.format != protocol::format_s16 || wanted.rate != protocol::rate_48000)
        return Status::NotSupported;
    if (wanted.features != 0) return Status::NotSupported;
    auto const [buffer, period] = std::pair{wanted.buffer_bytes, wanted.period_bytes};
    if (period == 0 || period % frame_bytes != 0 || buffer < period || buffer % period != 0 || buffer > longest_buffer)
        return Status::BadMessage;
    buffer_bytes_ = buffer;
    state_ = State::ParametersSet;
    return Status::Ok;
}

Status Stream::command(Code code) {
    if ((allowed(code) & in(state_)) == 0) return Status::BadMessage;
    state_ = state_after(code);
    return Status::Ok;
}

}  // namespace tiffin::sound
