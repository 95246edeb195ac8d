#include "guest/sdk/keys.hpp"

#include <cstring>

namespace tiffin::sdk {

namespace {

namespace input = abi::virtio::input;

}  // namespace

Keys::Keys(VirtioRegisters& registers, Memory& memory)
    : registers_{registers}, memory_{memory}, queue_{memory.queue}, driver_{registers, {&queue_, 1}} {}

char const* Keys::start() {
    if (auto const* const why = driver_.start(0)) return why;
    for (std::uint16_t i = 0; i < queue_.entries(); ++i) post_room();
    registers_.notify(input::event_queue);
    return nullptr;
}

/// One buffer, one descriptor: the chain that is posted next has the event of its number.
void Keys::post_room() {
    auto const chain = queue_.next_chain();
    if (!chain) return;
    Piece const room{std::as_bytes(std::span{&memory_.events[*chain], 1}), true};
    queue_.post({&room, 1});
}

std::optional<Key> Keys::next() {
    if (lifting_)
        if (auto const key = lift()) return key;
    while (auto const done = queue_.take()) {
        auto const key = take(done->chain, done->written);
        post_room();
        if (queue_.wants_notification()) registers_.notify(input::event_queue);
        if (key) return key;
    }
    if (!driver_.failed()) return std::nullopt;
    start();
    return lift();
}

/// Synchronisation and lights are left out, and so is a key's event that does not follow from what is known of it.
std::optional<Key> Keys::take(std::uint16_t chain, std::uint32_t written) {
    input::Event event{};
    std::memcpy(&event, &memory_.events[chain], sizeof event);
    if (written != sizeof event || event.type != input::event_key || !KeySet::holds(event.code)) return std::nullopt;
    if (event.value > input::repeated || down_.has(event.code) == (event.value == input::pressed)) return std::nullopt;
    if (event.value == input::pressed) down_.add(event.code);
    if (event.value == input::released) down_.remove(event.code);
    return Key{event.code, event.value};
}

std::optional<Key> Keys::lift() {
    auto const code = down_.first();
    down_.remove(code);
    lifting_ = code != 0;
    return lifting_ ? std::optional{Key{code, input::released}} : std::nullopt;
}

}  // namespace tiffin::sdk
