#include "guest/drivers/display/desk.hpp"

namespace tiffin::display {

Desk::Desk(std::span<sdk::Device const> devices, Gpu& gpu, sdk::KeySource* keyboard, Keys const& keys, Say say)
    : devices_{devices},
      gpu_{gpu},
      keyboard_{keyboard},
      keys_{keys},
      say_{say},
      input_{devices, keyboard != nullptr ? this : nullptr, keys.focus} {}

void Desk::begin(sdk::Device& device) {
    gpu_.begin(device);
    input_.begin(device);
}

bool Desk::serve(sdk::Device& device) {
    return device.type() == abi::virtio::Type::Input ? input_.serve(device) : gpu_.serve(device);
}

std::uint64_t Desk::wake() {
    auto const turns = input_.wake();
    if (auto const large = gpu_.enlarged(); large && large != focused()) gpu_.put_back();
    return turns | gpu_.wake();
}

/// The keyboard's, without those that are for this server.
std::optional<sdk::Key> Desk::next() {
    auto key = keyboard_->next();
    while (key && answer(*key)) key = keyboard_->next();
    return key;
}

bool Desk::answer(sdk::Key key) {
    bool const down = key.value == abi::virtio::input::pressed;
    if (key.code == 0) return false;
    if (key.code == keys_.owners) {
        if (down) ask_owners();
        return true;
    }
    if (key.code != keys_.enlarge) return false;
    if (down) enlarge();
    return true;
}

void Desk::ask_owners() {
    gpu_.show_owners(!gpu_.owners_shown());
    if (!gpu_.owners_shown()) return say_("nobody says any more whose the windows are");
    for (auto const& owner : gpu_.owners()) say_(owner.words());
}

void Desk::enlarge() {
    if (gpu_.enlarged()) return gpu_.put_back(), say_("each window is in its place");
    auto const client = focused();
    auto const* const owner = client ? gpu_.enlarge(*client) : nullptr;
    say_(owner != nullptr ? owner->words() : "who has the keys has no window that can be enlarged");
}

/// The number of the VM that has the keys.
std::optional<std::uint32_t> Desk::focused() const {
    if (input_.focused() >= devices_.size()) return std::nullopt;
    return devices_[input_.focused()].client();
}

}  // namespace tiffin::display
