// Carries out a script's events on a running QEMU.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tool/run/events.hpp"
#include "tool/run/qmp.hpp"

namespace tiffin {

/// A screenshot that was taken.
struct Picture {
    std::string what, file;
    std::uint64_t second{0};  // of the machine's time
};

class Director {
public:
    /// `pictures`: screenshots are FOLDER/demo-1.png, demo-2.png...; empty: none are taken.
    Director(std::vector<MachineEvent> events, std::string monitor, std::string pictures);

    void said(std::string_view vm, std::string_view text) { queue_.said(vm, text); }
    /// Does what is due. `type` gives keys to the console.
    void turn(std::function<bool(std::string_view)> const& type);
    /// In milliseconds: how long a turn may be put off.
    [[nodiscard]] int patience() const { return queue_.wants_time() ? 5 : 100; }
    /// Lets go of QEMU's monitor.
    void finish() { qmp_.reset(); }

    [[nodiscard]] std::vector<Picture> const& pictures() const { return pictures_; }
    /// What was not done, or went wrong, a line each.
    [[nodiscard]] std::vector<std::string> problems() const;

private:
    Qmp& qmp();
    std::optional<std::uint64_t> seconds();
    void carry_out(MachineEvent const& event, std::function<bool(std::string_view)> const& type);
    void press(std::string const& key, bool down);
    void take_picture(std::string const& what);

    EventQueue queue_;
    std::string monitor_, folder_;
    std::unique_ptr<Qmp> qmp_;
    std::optional<std::uint64_t> began_;  // by the board's clock
    std::vector<Picture> pictures_;
    std::vector<std::string> problems_;
};

}  // namespace tiffin
