#include "guest/sdk/speaker.hpp"

#include <algorithm>
#include <cstring>

namespace tiffin::sdk {

namespace {

namespace protocol = abi::virtio::sound;

template <class T>
Piece read_by_device(T const& from) {
    return {std::as_bytes(std::span{&from, 1}), false};
}
template <class T>
Piece written_by_device(T& into) {
    return {std::as_bytes(std::span{&into, 1}), true};
}

constexpr protocol::PcmSetParams parameters{.request = {protocol::Code::PcmSetParams, 0},
                                            .buffer_bytes = Speaker::periods * Speaker::period_bytes,
                                            .period_bytes = Speaker::period_bytes,
                                            .features = 0,
                                            .channels = 2,
                                            .format = protocol::format_s16,
                                            .rate = protocol::rate_48000,
                                            .padding = 0};

}  // namespace

template <class Done>
bool Speaker::wait_until(Done done) {
    for (;;) {
        collect();
        if (done()) return true;
        if (driver_.failed()) return false;
        registers_.wait();
    }
}

template <class Request>
bool Speaker::ask(Request const& request) {
    std::memcpy(&request_, &request, sizeof request);
    answer_ = {};
    Piece const chain[] = {{std::as_bytes(std::span{&request_, 1}).first(sizeof request)}, written_by_device(answer_)};
    auto& queue = queues_[protocol::control_queue];
    if (!queue.post(chain)) return false;
    registers_.notify(protocol::control_queue);
    bool const answered = wait_until([&] { return queue.take().has_value(); });
    return answered && answer_ == protocol::Status::Ok;
}

bool Speaker::command(protocol::Code code) { return ask(protocol::PcmRequest{code, 0}); }

char const* Speaker::open() {
    if (auto const* const why = driver_.start(0)) return why;
    for (auto& period : periods_) period.chain.reset();
    if (!ask(parameters)) return "it does not play 48 kHz, stereo, 16 bits";
    return command(protocol::Code::PcmPrepare) ? nullptr : "its stream can't be prepared";
}

/// Takes back what the server is done with.
void Speaker::collect() {
    while (auto const done = queues_[protocol::transmit_queue].take()) {
        auto const period = std::ranges::find(periods_, std::optional{done->chain}, &Period::chain);
        if (period == periods_.end()) continue;
        period->chain.reset();
        bool const played = done->written == sizeof period->status && period->status.status == protocol::Status::Ok;
        if (played)
            latency_ = period->status.latency_bytes;
        else
            ++refused_;
    }
}

bool Speaker::offer(std::span<Sample const> samples) {
    collect();
    auto const period = std::ranges::find(periods_, std::optional<std::uint16_t>{}, &Period::chain);
    if (period == periods_.end() || samples.size() > period_samples) return false;
    std::ranges::copy(samples, period->samples.begin());
    Piece const chain[] = {read_by_device(period->transfer),
                           {std::as_bytes(std::span{period->samples}.first(samples.size()))},
                           written_by_device(period->status)};
    period->chain = queues_[protocol::transmit_queue].post(chain);
    if (!period->chain) return false;
    registers_.notify(protocol::transmit_queue);
    return true;
}

bool Speaker::play(std::span<Sample const> samples) {
    while (!samples.empty()) {
        auto const next = samples.first(std::min(samples.size(), period_samples));
        if (!wait_until([&] { return offer(next); })) return false;
        samples = samples.last(samples.size() - next.size());
    }
    return true;
}

bool Speaker::drain() {
    return wait_until([&] { return std::ranges::none_of(periods_, [](Period const& p) { return p.chain.has_value(); }); });
}

}  // namespace tiffin::sdk
