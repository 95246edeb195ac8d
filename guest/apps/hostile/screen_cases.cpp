// A screen that another VM serves, asked for what is not this VM's: threats.md, row 40. After each case a picture can be made, shown and
// freed as ever. What it draws is white: beside it nobody's picture may change.
#include <array>
#include <cstring>
#include <new>

#include "guest/apps/hostile/driver.hpp"
#include "guest/apps/hostile/hostile.hpp"
#include "guest/sdk/virtio_slot.hpp"

namespace hostile {
namespace {

using namespace tiffin::sdk;
namespace p = v::gpu;
using p::Code;

constexpr std::uint32_t side = 32;  // pixels, of a picture that is well-formed

constexpr p::Header head(Code code) { return {.type = code, .flags = 0, .fence_id = 0, .context_id = 0, .padding = 0}; }

/// The client's side of a screen, without the order that one keeps.
class Client {
public:
    explicit Client(VirtioSlot const& slot) : slot_{slot} { pixels_.fill(0xff'ff'ff); }

    bool start() { return driver_.start(0) == nullptr; }
    /// The server's answer; nothing: none came.
    template <class T>
    std::optional<Code> ask(T const& request, std::size_t bytes = sizeof(T)) {
        static_assert(sizeof(T) <= sizeof request_);
        std::memcpy(request_.data(), &request, sizeof request);
        return exchange(bytes);
    }
    /// With these names of memory behind it; it says that there are `said`.
    std::optional<Code> attach(std::uint32_t id, std::span<p::MemoryEntry const> entries, std::uint32_t said) {
        p::AttachBacking const request{head(Code::ResourceAttachBacking), id, said};
        std::memcpy(request_.data(), &request, sizeof request);
        std::memcpy(request_.data() + sizeof request, entries.data(), entries.size_bytes());
        return exchange(sizeof request + entries.size_bytes());
    }
    std::optional<Code> create(std::uint32_t id, std::uint32_t width = side, std::uint32_t height = side,
                               p::Format format = p::Format::B8G8R8X8) {
        return ask(p::ResourceCreate2d{head(Code::ResourceCreate2d), id, format, width, height});
    }
    std::optional<Code> show(std::uint32_t id, p::Rectangle const& part) {
        return ask(p::SetScanout{head(Code::SetScanout), part, 0, id});
    }
    std::optional<Code> flush(std::uint32_t id, p::Rectangle const& part) {
        return ask(p::ResourceFlush{head(Code::ResourceFlush), part, id, 0});
    }
    std::optional<Code> free(std::uint32_t id) { return ask(p::OfResource{head(Code::ResourceUnref), id, 0}); }
    [[nodiscard]] p::MemoryEntry memory() const { return {reinterpret_cast<std::uint64_t>(pixels_.data()), sizeof pixels_, 0}; }
    /// All of a picture's life.
    bool works() {
        auto const whole = memory();
        return start() && create(1) == Code::OkNoData && attach(1, {&whole, 1}, 1) == Code::OkNoData &&
               show(1, all) == Code::OkNoData && flush(1, all) == Code::OkNoData && free(1) == Code::OkNoData;
    }

    static constexpr p::Rectangle all{0, 0, side, side};

private:
    std::optional<Code> exchange(std::size_t bytes) {
        Piece const chain[] = {{std::span{request_}.first(bytes)}, {std::as_writable_bytes(std::span{&answer_, 1}), true}};
        if (!queue_.post(chain)) return std::nullopt;
        slot_.notify(p::control_queue);
        for (unsigned n = 0; n < 100'000; ++n) {
            if (queue_.take()) return answer_.type;
            hypercall::Yield();
        }
        return std::nullopt;
    }

    VirtioInSlot slot_;
    QueueMemory memory_{};
    Virtqueue queue_{memory_};
    VirtioDriver driver_{slot_, {&queue_, 1}};
    alignas(8) std::array<std::byte, 1024> request_{};
    p::Header answer_{};
    alignas(8) std::array<std::uint32_t, side * side> pixels_{};
};

/// Nullptr if this VM has no such device.
Client* client() {
    alignas(Client) static constinit std::byte place[sizeof(Client)]{};
    static constinit Client* the = nullptr;
    if (the != nullptr) return the;
    auto const slot = find_virtio_slot(boot().tree, v::Type::Gpu);
    return slot ? the = new (place) Client{*slot} : nullptr;
}

Verdict still_works() { return client()->works() ? nullptr : "a picture can't be shown any more"; }

/// No size, sizes without end, formats that nobody has, and the same picture twice.
Verdict pictures_of_nonsense() {
    auto& c = *client();
    if (!c.start()) return "does not start";
    for (std::uint32_t const n : {0u, 4097u, 0x8000'0000u, ~0u})
        if (c.create(1, n, side) == Code::OkNoData || c.create(1, side, n) == Code::OkNoData)
            return "a size of nonsense is taken";
    for (std::uint32_t const n : {0u, 3u, 67u, ~0u})
        if (c.create(1, side, side, p::Format{n}) == Code::OkNoData) return "a format is taken";
    if (c.create(0) == Code::OkNoData) return "picture 0 is taken";
    if (c.create(1) != Code::OkNoData || c.create(1) == Code::OkNoData) return "a picture is there twice";
    return still_works();
}

/// Parts that begin outside, end outside, or wrap around.
Verdict parts_outside() {
    auto& c = *client();
    auto const whole = c.memory();
    if (!c.start() || c.create(1) != Code::OkNoData || c.attach(1, {&whole, 1}, 1) != Code::OkNoData) return "does not start";
    for (p::Rectangle const& part : {p::Rectangle{0, 0, side + 1, 1},
                                     {1, 0, side, 1},
                                     {0, side, 1, 1},
                                     {~0u, 0, 2, 2},
                                     {0, ~0u, 1, 2},
                                     {2, 2, ~0u, ~0u},
                                     {0, 0, 0, 1},
                                     {0x8000'0000, 0, 0x8000'0001, 1}}) {
        if (c.show(1, part) == Code::OkNoData) return "a part outside is shown";
        if (c.flush(1, part) == Code::OkNoData) return "a part outside is flushed";
        if (c.ask(p::TransferToHost2d{head(Code::TransferToHost2d), part, 0, 1, 0}) == Code::OkNoData)
            return "a part outside is taken";
    }
    return still_works();
}

/// Names of memory that is nobody's, more of them than there are, and none.
Verdict memory_that_lies() {
    auto& c = *client();
    if (!c.start() || c.create(1) != Code::OkNoData) return "does not start";
    auto const whole = c.memory();
    if (c.attach(1, {&whole, 1}, 2) == Code::OkNoData) return "names that were not sent are taken";
    if (c.attach(1, {&whole, 1}, ~0u) == Code::OkNoData) return "names without end are taken";
    if (c.attach(1, {}, 0) == Code::OkNoData) return "no names are taken";
    if (c.attach(9, {&whole, 1}, 1) == Code::OkNoData) return "memory for no picture is taken";
    p::MemoryEntry const nowhere[] = {{0, 4096, 0}, {0x3fff'f000, 0x2000, 0}, {~0ull - 100, ~0u, 0}, {1ull << 47, 64, 0}};
    (void)c.attach(1, nowhere, 4);  // it may be taken: what lies there is not seen
    if (c.show(1, Client::all) != Code::OkNoData || c.flush(1, Client::all) != Code::OkNoData) return "it can't be shown";
    return still_works();
}

/// Pictures that were freed, and those of others.
Verdict what_is_gone() {
    auto& c = *client();
    if (!c.works()) return "does not start";
    for (std::uint32_t id = 0; id < 40; ++id)
        if (c.show(id, Client::all) == Code::OkNoData && id != 0) return "a picture that is not there is shown";
    for (std::uint32_t id = 1; id < 40; ++id)
        if (c.flush(id, Client::all) == Code::OkNoData || c.free(id) == Code::OkNoData)
            return "a picture that is not there is used";
    return still_works();
}

/// More pictures than there is room for, none of them ever freed, and requests of every kind, cut short.
Verdict floods_and_pieces() {
    auto& c = *client();
    if (!c.start()) return "does not start";
    unsigned made = 0;
    for (std::uint32_t id = 1; id <= 200; ++id) made += c.create(id, 4096, 4096) == Code::OkNoData ? 1 : 0;
    if (made == 0 || made == 200) return "pictures without end";
    for (std::uint32_t code = 0xff; code < 0x310; ++code)
        for (std::size_t const bytes : {std::size_t{1}, sizeof(p::Header) - 1, sizeof(p::Header)})
            if (!c.ask(head(static_cast<Code>(code)), bytes)) return "no answer";
    return still_works();
}

constexpr Case cases[] = {
    {"screen-pictures-of-nonsense", pictures_of_nonsense}, {"screen-parts-outside", parts_outside},
    {"screen-memory-that-lies", memory_that_lies},         {"screen-what-is-gone", what_is_gone},
    {"screen-floods-and-pieces", floods_and_pieces},
};

}  // namespace

std::span<Case const> screen_cases() { return client() != nullptr ? std::span<Case const>{cases} : std::span<Case const>{}; }

}  // namespace hostile
