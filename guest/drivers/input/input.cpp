#include "guest/drivers/input/input.hpp"

#include <utility>

namespace tiffin::input {

namespace {

namespace protocol = abi::virtio::input;
using sdk::Key;
using sdk::KeySet;

/// In the configuration space: the keys that the client was told are down, in which life of its, and whether it has the focus.
constexpr std::uint32_t told_at = 0, life_at = KeySet::words * 8, focus_at = life_at + 8;

/// 0 stands for none.
std::uint64_t life_of(sdk::Device const& device) { return device.life() + 1; }

bool is_input(sdk::Device const& device) { return device.type() == abi::virtio::Type::Input; }

}  // namespace

void Input::Client::add(Key key) { waiting[(first + count++) % most_waiting] = key; }

/// What waits longest; then what is owed.
Key Input::Client::take() {
    if (count == 0) {
        Key const release{owed.first(), protocol::released};
        return owed.remove(release.code), release;
    }
    --count;
    return waiting[std::exchange(first, (first + 1) % most_waiting)];
}

Input::Input(std::span<sdk::Device const> devices, sdk::KeySource* source, std::uint16_t focus_key)
    : devices_{devices}, source_{source}, focus_key_{focus_key} {
    for (auto const& device : devices_) {
        if (!is_input(device)) continue;
        bool const had_it = device.config(focus_at) != 0;
        if (focused_ >= devices_.size() || had_it) focused_ = device.index();
        if (had_it) return;
    }
}

/// What an earlier life of this server left down goes up: whether it still is, nobody knows.
void Input::begin(sdk::Device& device) {
    if (!is_input(device)) return;
    auto& client = clients_[device.index()];
    client = {};
    if (device.config(life_at) != life_of(device)) return;
    std::array<std::uint64_t, KeySet::words> told{};
    for (std::uint32_t i = 0; i < told.size(); ++i) told[i] = device.config(told_at + 8 * i);
    client.told = client.owed = KeySet{told};
    client.kept = true;
}

bool Input::serve(sdk::Device& device) {
    if (!is_input(device)) return false;
    bool const lights = take_lights(device), keys = deliver(device, clients_[device.index()]);
    return lights || keys || (more_ && device.index() == focused_);
}

/// The status queue: this keyboard has no lights.
bool Input::take_lights(sdk::Device const& device) {
    for (unsigned n = 0; n < batch; ++n) {
        auto const request = device.next(protocol::status_queue, {});
        if (!request) return false;
        request->finish(sdk::Tell::WhenIdle);
    }
    return true;
}

/// A buffer is asked for only when there is something to put into it.
bool Input::deliver(sdk::Device const& device, Client& client) {
    for (unsigned n = 0; n < batch; ++n) {
        if (client.idle()) return false;
        auto const request = device.next(protocol::event_queue, {});
        if (!request) return false;
        if (request->writable() < sizeof(protocol::Event))
            request->finish(sdk::Tell::WhenIdle);
        else
            put(device, client, *request);
    }
    return true;
}

/// A key, or its SYN_REPORT. It is forgotten behind both: a server that dies between them lifts it again, with another SYN_REPORT.
void Input::put(sdk::Device const& device, Client& client, sdk::Request const& request) {
    if (!client.half) client.now = client.take();
    auto const key = client.now;
    if (key.value == protocol::pressed) tell(device, client, key);
    protocol::Event event{protocol::event_key, key.code, key.value};
    if (client.half) event = {protocol::event_synchronise, 0, 0};
    request.finish(0, std::as_bytes(std::span{&event, 1}), client.half ? sdk::Tell::Now : sdk::Tell::WhenIdle);
    if (client.half && key.value == protocol::released) tell(device, client, key);
    client.half = !client.half;
}

void Input::tell(sdk::Device const& device, Client& client, Key key) {
    bool const down = key.value == protocol::pressed;
    if (client.told.has(key.code) == down) return;
    down ? client.told.add(key.code) : client.told.remove(key.code);
    keep(device, client, key.code / 64);
}

/// All of it the first time, and last in which life of the client's.
void Input::keep(sdk::Device const& device, Client& client, std::size_t word) {
    for (std::size_t i = 0; i < KeySet::words; ++i)
        if (i == word || !client.kept) device.set_config(static_cast<std::uint32_t>(told_at + 8 * i), client.told.word(i));
    if (!client.kept) device.set_config(life_at, life_of(device));
    client.kept = true;
}

std::uint64_t Input::wake() {
    more_ = source_ != nullptr;
    for (unsigned n = 0; more_ && n < batch; ++n) {
        auto const next = source_->next();
        more_ = next.has_value();
        if (more_) key(next->code, next->value);
    }
    // It asks for another round, and so for this again.
    if (more_ && focused_ < devices_.size()) turns_ |= 1ull << focused_;
    return std::exchange(turns_, 0);
}

bool Input::key(std::uint16_t code, std::uint32_t value) {
    if (focused_ >= devices_.size() || !KeySet::holds(code) || value > protocol::repeated) return false;
    if (code == focus_key_) {
        if (value == protocol::pressed) focus(next_of(focused_));
        return value == protocol::pressed;
    }
    hear(devices_[focused_], clients_[focused_], {code, value});
    turns_ |= 1ull << focused_;
    return false;
}

void Input::hear(sdk::Device const& device, Client& client, Key key) {
    if (client.down.has(key.code) == (key.value == protocol::pressed)) return;
    if (key.value == protocol::pressed && !device.in_use()) return;
    if (key.value == protocol::released) client.down.remove(key.code);
    if (!client.full()) {
        if (key.value == protocol::pressed) client.down.add(key.code);
        client.add(key);
    } else if (key.value == protocol::released) {
        client.owed.add(key.code);
    }
}

void Input::focus(std::size_t device) {
    if (device >= devices_.size() || !is_input(devices_[device]) || device == focused_) return;
    auto& old = clients_[focused_];
    old.owed.add(old.down);
    old.down = {};
    turns_ |= 1ull << focused_;
    devices_[device].set_config(focus_at, 1);
    devices_[focused_].set_config(focus_at, 0);
    focused_ = device;
}

/// The next input device, round and round.
std::size_t Input::next_of(std::size_t device) const {
    for (std::size_t n = 1; n < devices_.size(); ++n) {
        auto const other = (device + n) % devices_.size();
        if (is_input(devices_[other])) return other;
    }
    return device;
}

}  // namespace tiffin::input
