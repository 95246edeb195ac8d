// What the kernel says of its devices: a screen that has another size, for one (kernel's lib/kobject_uevent.c, netlink group 1).
#pragma once

namespace player {

class Uevents {
public:
    Uevents();
    /// To be polled; -1: the kernel tells nothing.
    [[nodiscard]] int file() const { return file_; }
    /// Takes all that was said. Was any of it of a graphics card?
    [[nodiscard]] bool take() const;

private:
    int file_;
};

}  // namespace player
