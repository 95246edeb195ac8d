// A sound device that another VM serves, asked for everything but sound: threats.md, row 40. After each case its stream can be set up,
// started and stopped as ever. What it sends is as loud as can be: its volume in the description is for the test to choose.
#include <array>
#include <cstring>
#include <new>

#include "guest/apps/hostile/driver.hpp"
#include "guest/apps/hostile/hostile.hpp"
#include "guest/sdk/virtio_slot.hpp"

namespace hostile {
namespace {

using namespace tiffin::sdk;
namespace p = v::sound;
using p::Code;
using p::Status;

template <class T>
std::span<std::byte const> bytes_of(T const& value) {
    return std::as_bytes(std::span{&value, 1});
}

/// The client's side of a sound device, without the order that one keeps.
class Client {
public:
    static constexpr std::size_t period_bytes = 1920;
    static constexpr std::uint32_t canary = 0x5a5a'5a5a;

    explicit Client(VirtioSlot const& slot) : slot_{slot} {}

    bool start() { return driver_.start(0) == nullptr; }
    /// The server's answer; nothing: none came.
    std::optional<Status> ask(std::span<std::byte const> request, std::size_t room = sizeof(Status)) {
        std::memcpy(request_.data(), request.data(), request.size());
        Piece const chain[] = {{std::span{request_}.first(request.size())}, {std::span{answer_}.first(room), true}};
        if (!post(p::control_queue, chain) || !wait(p::control_queue)) return std::nullopt;
        Status status{};
        std::memcpy(&status, answer_.data(), sizeof status);
        return status;
    }
    std::optional<Status> command(Code code, std::uint32_t stream = 0) { return ask(bytes_of(p::PcmRequest{code, stream})); }
    std::optional<Status> set(p::PcmSetParams const& wanted) { return ask(bytes_of(wanted)); }
    bool post(std::uint16_t queue, std::span<Piece const> chain) {
        if (!queues_[queue].post(chain)) return false;
        slot_.notify(queue);
        return true;
    }
    /// A buffer of `bytes` samples of `stream`, all as loud as they can be.
    bool send(std::size_t bytes, std::uint32_t stream = 0) {
        transfer_ = {stream};
        Piece const chain[] = {
            {bytes_of(transfer_)}, {std::span{samples_}.first(bytes)}, {std::as_bytes(std::span{&status_, 1}), true}};
        return post(p::transmit_queue, chain);
    }
    std::optional<Virtqueue::Done> take(std::uint16_t queue) { return queues_[queue].take(); }
    std::optional<Virtqueue::Done> wait(std::uint16_t queue) {
        for (unsigned n = 0; n < 100'000; ++n) {
            if (auto const done = take(queue)) return done;
            hypercall::Yield();
        }
        return std::nullopt;
    }
    /// All of a stream's life.
    bool works() {
        if (!start() || set(good) != Status::Ok) return false;
        for (auto const code : {Code::PcmPrepare, Code::PcmStart, Code::PcmStop, Code::PcmRelease})
            if (command(code) != Status::Ok) return false;
        return true;
    }
    bool running() { return works() && command(Code::PcmPrepare) == Status::Ok && command(Code::PcmStart) == Status::Ok; }
    std::array<std::uint32_t, 1024>& room() { return room_; }

    static constexpr p::PcmSetParams good{{Code::PcmSetParams, 0}, 7680, 1920, 0, 2, p::format_s16, p::rate_48000, 0};

private:
    VirtioInSlot slot_;
    std::array<QueueMemory, p::queues> memory_{};
    std::array<Virtqueue, p::queues> queues_{Virtqueue{memory_[0]}, Virtqueue{memory_[1]}, Virtqueue{memory_[2]},
                                             Virtqueue{memory_[3]}};
    VirtioDriver driver_{slot_, queues_};
    alignas(8) std::array<std::byte, 64> request_{}, answer_{};
    p::PcmTransfer transfer_{};
    p::PcmStatus status_{};
    alignas(8) std::array<std::byte, 2 * period_bytes> samples_ = [] {
        std::array<std::byte, 2 * period_bytes> loud{};
        for (std::size_t i = 0; i < loud.size(); ++i) loud[i] = std::byte{static_cast<std::uint8_t>(i % 2 == 0 ? 0xff : 0x7f)};
        return loud;
    }();
    std::array<std::uint32_t, 1024> room_{};
};

/// Nullptr if this VM has no such device.
Client* client() {
    alignas(Client) static constinit std::byte place[sizeof(Client)]{};
    static constinit Client* the = nullptr;
    if (the != nullptr) return the;
    auto const slot = find_virtio_slot(boot().tree, v::Type::Sound);
    return slot ? the = new (place) Client{*slot} : nullptr;
}

Verdict still_works() { return client()->works() ? nullptr : "a stream can't be set up any more"; }

/// Parameters that would divide by zero, want memory without end, or formats that nobody has.
Verdict parameters_that_lie() {
    auto& c = *client();
    if (!c.start()) return "does not start";
    auto const refused = [&](auto change) {
        auto wanted = Client::good;
        change(wanted);
        auto const status = c.set(wanted);
        return status && *status != Status::Ok;
    };
    for (std::uint32_t const n : {0u, 1u, 3u, 1921u, 7681u, 0x7fff'fffcu, 0xffff'fffcu, ~0u}) {
        if (!refused([=](auto& w) { w.period_bytes = n; })) return "a period of nonsense is taken";
        if (n != 0 && !refused([=](auto& w) { w.buffer_bytes = n; })) return "a buffer of nonsense is taken";
        if (n != 0 && !refused([=](auto& w) { w.features = n; })) return "features are taken";
        if (n != 0 && !refused([=](auto& w) { w.request.stream = n; })) return "another stream is set up";
    }
    for (unsigned n = 0; n < 256; ++n) {
        auto const byte = static_cast<std::uint8_t>(n);
        if (n != 2 && !refused([=](auto& w) { w.channels = byte; })) return "a number of channels is taken";
        if (n != p::format_s16 && !refused([=](auto& w) { w.format = byte; })) return "a format is taken";
        if (n != p::rate_48000 && !refused([=](auto& w) { w.rate = byte; })) return "a rate is taken";
    }
    return still_works();
}

/// Questions about what is not there, and requests that are cut short.
Verdict questions_that_lie() {
    auto& c = *client();
    if (!c.start()) return "does not start";
    for (auto const code : {Code::JackInfo, Code::PcmInfo, Code::ChannelMapInfo})
        for (std::uint32_t const first : {0u, 1u, 2u, ~0u})
            for (std::uint32_t const count : {2u, 3u, 0x8000'0000u, ~0u})
                if (c.ask(bytes_of(p::QueryInfo{code, first, count, 32}), 64) != Status::BadMessage) return "another answer";
    for (std::size_t bytes = 1; bytes < sizeof(p::PcmSetParams); ++bytes)
        if (c.ask(bytes_of(Client::good).first(bytes)) != Status::BadMessage) return "half a request is taken";
    return still_works();
}

/// Every request at any time.
Verdict requests_at_any_time() {
    auto& c = *client();
    if (!c.start()) return "does not start";
    std::uint32_t seed = 40;
    for (unsigned n = 0; n < 1000; ++n) {
        seed = seed * 1'664'525 + 1'013'904'223;
        constexpr Code codes[] = {Code::PcmPrepare, Code::PcmRelease, Code::PcmStart, Code::PcmStop, Code::JackRemap};
        auto const which = seed >> 24;
        auto const answer = which % 6 == 5 ? c.set(Client::good) : c.command(codes[which % 6 % 5], seed >> 20 & 1);
        if (!answer) return "no answer";
        (void)c.send(4 * (which % 64 + 1));
    }
    return still_works();
}

/// Buffers with half a sample or none, of a stream that is not there, longer than the whole, without room for an answer.
Verdict buffers_that_are_none() {
    auto& c = *client();
    if (!c.running()) return "does not run";
    for (std::size_t const bytes : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{1919}})
        if (!c.send(bytes) || !c.wait(p::transmit_queue)) return "half a sample is not answered";
    for (std::uint32_t const stream : {1u, 0x8000'0000u, ~0u})
        if (!c.send(Client::period_bytes, stream) || !c.wait(p::transmit_queue)) return "another stream is not answered";
    std::byte const short_header[3]{};
    Piece const chain[] = {{short_header}};
    if (!c.post(p::transmit_queue, chain) || !c.wait(p::transmit_queue)) return "half a header is not answered";
    return still_works();
}

/// A device that is reset with its buffers under way: none of them comes back to its next life.
Verdict stale_buffers() {
    auto& c = *client();
    for (unsigned n = 0; n < 30; ++n) {
        if (!c.running()) return "does not run";
        for (unsigned i = 0; i < 8; ++i) (void)c.send(Client::period_bytes);
        if (n % 2 == 0) hypercall::Yield();
        if (!c.start()) return "does not start";
        if (c.take(p::transmit_queue)) return "a buffer of an earlier life is done";
    }
    return still_works();
}

/// More than anybody can play, for as long as the server takes it.
Verdict flood() {
    auto& c = *client();
    if (!c.running()) return "does not run";
    for (unsigned n = 0; n < 20'000; ++n) {
        while (c.take(p::transmit_queue)) {
        }
        if (!c.send(4)) hypercall::Yield();
    }
    return still_works();
}

/// Room for a page in every queue that it can be put into: nothing comes but a status, and of nobody's samples any.
Verdict hears_nobody() {
    auto& c = *client();
    if (!c.running()) return "does not run";
    auto& room = c.room();
    Piece const chain[] = {{std::as_bytes(std::span{room}), true}};
    for (unsigned n = 0; n < 50; ++n) {
        for (std::uint16_t const queue : {p::transmit_queue, p::receive_queue, p::control_queue}) {
            room.fill(Client::canary);
            if (!c.post(queue, chain)) return "no room";
            auto const done = c.wait(queue);
            if (!done || done->written > sizeof(p::PcmStatus)) return "more than a status comes back";
            for (std::size_t i = 2; i < room.size(); ++i)
                if (const_cast<std::uint32_t volatile&>(room[i]) != Client::canary) return "bytes of somebody's come back";
        }
    }
    return still_works();
}

constexpr Case cases[] = {
    {"sound-parameters-that-lie", parameters_that_lie},
    {"sound-questions-that-lie", questions_that_lie},
    {"sound-requests-at-any-time", requests_at_any_time},
    {"sound-buffers-that-are-none", buffers_that_are_none},
    {"sound-stale-buffers", stale_buffers},
    {"sound-flood", flood},
    {"sound-hears-nobody", hears_nobody},
};

}  // namespace

std::span<Case const> sound_cases() { return client() != nullptr ? std::span<Case const>{cases} : std::span<Case const>{}; }

}  // namespace hostile
