// Where a demo happens: its folder, the machine's cards in the host's terms, and its script.
#pragma once
#include <string>
#include <vector>

#include "tool/build.hpp"
#include "tool/run/events.hpp"

namespace tiffin {

struct DemoOptions {
    unsigned timeout_s{600};
    std::string folder;  // for what the demo leaves behind; empty: build/demo of the source tree
    bool gui{false};     // show QEMU's window, and let the host's speakers be heard
    bool compare{true};  // run once more without `timer-slack`
};

/// What becomes of the machine's sound.
enum class Ears { File, Host, Nobody };

/// A `-audiodev` of the description that is heard so: in `file`, by the host's `driver` (of QEMU), or nowhere. Its formats stay.
std::string audiodev_for(std::string const& audiodev, Ears ears, std::string const& file, std::string const& driver);

/// Has the machine a card with a picture, by the names that QEMU gives its devices?
bool has_screen(Machine const& machine);

/// Of the lines that `-display help` and `-audio help` print, the first of `wanted`; empty if none is there.
std::string first_of(std::vector<std::string> const& wanted, std::string const& help);

/// Why no window can be shown here; empty if one can.
std::string why_no_window(std::string const& displays, bool session);

/// `demo.yaml` beside the description; without one, an empty script. Says on stderr what is wrong with it: nothing then.
std::optional<Script> script_beside(std::string const& description);

}  // namespace tiffin
