#include "guest/drivers/sound/sound.hpp"

#include <algorithm>
#include <cstring>

namespace tiffin::sound {

namespace {

using protocol::Code;
using protocol::Status;
using sdk::Request;
using sdk::Tell;

constexpr std::size_t header = sizeof(protocol::PcmTransfer);

template <class T>
std::span<std::byte const> bytes_of(T const& value) {
    return std::as_bytes(std::span{&value, 1});
}

/// The request as a T; nothing if it is shorter.
template <class T>
std::optional<T> read_as(std::span<std::byte const> bytes) {
    if (bytes.size() < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

/// Last in a buffer of samples. A client without room for it is told nothing.
void finish(Request const& request, Status status, Tell tell) {
    protocol::PcmStatus const said{status, status == Status::Ok ? latency_bytes : 0};
    request.finish(0, bytes_of(said).first(std::min<std::uint64_t>(request.writable(), sizeof said)), tell);
}

constexpr protocol::PcmInfo pcm_info{.function_node = 0,
                                     .features = 0,
                                     .formats = 1ull << protocol::format_s16,
                                     .rates = 1ull << protocol::rate_48000,
                                     .direction = protocol::output,
                                     .channels_min = channels,
                                     .channels_max = channels,
                                     .padding = {}};
constexpr protocol::ChannelMapInfo channel_map{.function_node = 0,
                                               .direction = protocol::output,
                                               .channels = channels,
                                               .positions = {protocol::front_left, protocol::front_right}};

/// There is one item of each kind, or none. Behind the status, which the caller puts before it.
Status answer_query(Request const& request, std::optional<protocol::QueryInfo> query, std::span<std::byte const> item) {
    std::uint32_t const items = item.empty() ? 0 : 1;
    if (!query || query->first > items || query->count > items - query->first) return Status::BadMessage;
    if (query->count == 0) return Status::Ok;
    if (query->size != item.size() || request.writable() < sizeof(Status) + item.size()) return Status::BadMessage;
    return request.write(sizeof(Status), item) ? Status::Ok : Status::IoError;
}

}  // namespace

Sound::Sound(std::span<sdk::Device const> devices, Output& output, Report report) : output_{output}, report_{report} {
    for (auto const& device : devices)
        if (device.in_use()) clients_[device.index()].under_way = device.life();
}

void Sound::begin(sdk::Device& device) {
    auto& client = clients_[device.index()];
    bool const plays_on = client.under_way == device.life();
    stopped(device.index(), client);
    client = {.stream = Stream{plays_on ? Stream::State::Unknown : Stream::State::Fresh},
              .volume = static_cast<std::uint32_t>(device.config(protocol::volume_at)),
              .late_before = output_.late()};
}

/// Samples before requests: to release a stream is to finish all that was posted before. The ring has its part of them before a request is
/// taken, so that a life which dies of that one leaves something done.
bool Sound::serve(sdk::Device& device) {
    auto& client = clients_[device.index()];
    bool const samples = take_samples(device, client);
    fill();
    bool const requests = answer_requests(device, client);
    fill();
    return refuse_recording(device) || samples || requests;
}

bool Sound::take_samples(sdk::Device& device, Client& client) {
    for (unsigned n = 0; n < batch; ++n) {
        if (client.count == client.waiting.size()) return false;
        std::byte head[header];
        auto const request = device.next(protocol::transmit_queue, head);
        if (!request) return false;
        if (auto const status = check(client, *request); status != Status::Ok)
            finish(*request, status, Tell::WhenIdle);
        else
            client.waiting[(client.first + client.count++) % client.waiting.size()] = *request;
    }
    return true;
}

Status Sound::check(Client const& client, Request const& request) {
    auto const transfer = read_as<protocol::PcmTransfer>(request.first());
    if (!transfer || transfer->stream != 0) return Status::BadMessage;
    auto const bytes = request.readable() - header;
    if (bytes == 0 || bytes % frame_bytes != 0 || bytes > client.stream.most_bytes()) return Status::BadMessage;
    return client.stream.accepts() ? Status::Ok : Status::IoError;
}

bool Sound::answer_requests(sdk::Device& device, Client& client) {
    for (unsigned n = 0; n < batch; ++n) {
        std::byte head[sizeof(protocol::PcmSetParams)];
        auto const request = device.next(protocol::control_queue, head);
        if (!request) return false;
        auto const status = answer(device, client, *request);
        auto const room = std::min<std::uint64_t>(request->writable(), sizeof status);
        if (request->writable() <= sizeof status || status != Status::Ok)
            request->finish(0, bytes_of(status).first(room), Tell::WhenIdle);
        else  // behind it stands what answer_query wrote: all of it counts
            request->write(0, bytes_of(status)), request->finish(request->writable(), {}, Tell::WhenIdle);
    }
    return true;
}

Status Sound::answer(sdk::Device const& device, Client& client, Request const& request) {
    auto const first = request.first();
    auto const code = read_as<Code>(first);
    if (!code) return Status::BadMessage;
    auto const of_stream = [&] {
        auto const pcm = read_as<protocol::PcmRequest>(first);
        return pcm && pcm->stream == 0;
    };
    switch (*code) {
        case Code::JackInfo: return answer_query(request, read_as<protocol::QueryInfo>(first), {});
        case Code::PcmInfo: return answer_query(request, read_as<protocol::QueryInfo>(first), bytes_of(pcm_info));
        case Code::ChannelMapInfo: return answer_query(request, read_as<protocol::QueryInfo>(first), bytes_of(channel_map));
        case Code::PcmSetParams: {
            auto const wanted = read_as<protocol::PcmSetParams>(first);
            return wanted && of_stream() ? client.stream.set(*wanted) : Status::BadMessage;
        }
        case Code::PcmPrepare:
        case Code::PcmStart:
        case Code::PcmStop:
        case Code::PcmRelease: return of_stream() ? command(device, client, *code) : Status::BadMessage;
        case Code::JackRemap: break;
    }
    return Status::NotSupported;
}

Status Sound::command(sdk::Device const& device, Client& client, Code code) {
    auto const status = client.stream.command(code);
    if (status != Status::Ok) return status;
    if (code == Code::PcmStart) client.ledger = {}, client.late_before = output_.late();
    if (code == Code::PcmStop) stopped(device.index(), client);
    if (code == Code::PcmRelease) release(client);
    return status;
}

void Sound::stopped(std::uint32_t device, Client& client) {
    if (report_ != nullptr && client.ledger.slots() >= least_reported)
        report_(device, client.ledger, output_.late() - client.late_before);
    client.ledger = {};
}

/// There is nothing to record.
bool Sound::refuse_recording(sdk::Device& device) {
    for (unsigned n = 0; n < batch; ++n) {
        auto const request = device.next(protocol::receive_queue, {});
        if (!request) return false;
        finish(*request, Status::BadMessage, Tell::WhenIdle);
    }
    return true;
}

void Sound::drop_first(Client& client, Status status) {
    finish(*client.waiting[client.first], status, Tell::Now);
    client.waiting[client.first].reset();
    client.first = (client.first + 1) % client.waiting.size();
    --client.count;
    client.played = 0;
}

void Sound::release(Client& client) {
    while (client.count != 0) drop_first(client, Status::Ok);
}

/// As many of the client's next samples as there are, in bytes. A buffer that can't be read is no sound, and an error.
std::size_t Sound::hear(Client& client, std::span<std::byte> into) {
    std::size_t done = 0;
    while (client.count != 0 && done < into.size()) {
        auto const& request = *client.waiting[client.first];
        auto const left = request.readable() - header - client.played;
        auto const piece = into.subspan(done, std::min<std::uint64_t>(left, into.size() - done));
        if (!request.read(header + client.played, piece)) {
            drop_first(client, Status::IoError);
            continue;
        }
        done += piece.size();
        client.played += piece.size();
        if (piece.size() == left) drop_first(client, Status::Ok);
    }
    return done;
}

/// False if nobody had anything for it.
bool Sound::mix(std::span<Sample> slot) {
    bool any = false;
    for (auto& client : clients_) {
        if (!client.stream.plays()) continue;
        std::array<Sample, slot_samples> samples;
        auto const got = hear(client, std::as_writable_bytes(std::span{samples}));
        client.ledger.add(got, output_.early());
        mixer_.add(std::span{samples}.first(got / sizeof(Sample)), client.volume);
        any |= got != 0;
    }
    mixer_.take(slot);
    return any;
}

/// A card that rests begins when somebody has something, with a whole ring.
void Sound::fill() {
    auto const has_samples = [](Client const& client) { return client.stream.plays() && client.count != 0; };
    if (!playing_ && std::ranges::none_of(clients_, has_samples)) return;
    for (auto slot = output_.next(); !slot.empty(); slot = output_.next()) empty_ = mix(slot) ? 0 : empty_ + 1;
    bool const wanted = empty_ < patience;
    if (wanted == playing_) return;
    playing_ = wanted;
    if (wanted) return output_.play();
    empty_ = 0;
    output_.rest();
}

}  // namespace tiffin::sound
