#include "tool/run/director.hpp"

#include <charconv>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tiffin {

Director::Director(std::vector<MachineEvent> events, std::string monitor, std::string pictures)
    : queue_{std::move(events)}, monitor_{std::move(monitor)}, folder_{std::move(pictures)} {}

Qmp& Director::qmp() {
    if (!qmp_ || !qmp_->connected()) {  // QEMU makes its socket in its own time
        qmp_.reset();                   // it takes one client
        qmp_ = std::make_unique<Qmp>(monitor_);
    }
    return *qmp_;
}

/// The machine's time by the board's clock, a PL031 whose data register only counts (DDI 0224, "Data Register, RTCDR"): QEMU's monitor has no word for it.
std::optional<std::uint64_t> Director::seconds() {
    std::string answer;
    if (!qmp().query(R"({"execute":"human-monitor-command","arguments":{"command-line":"xp /1wx 0x9010000"}})", answer))
        return std::nullopt;
    auto const at = answer.find(": 0x");
    std::uint64_t now = 0;
    if (at == answer.npos) return std::nullopt;
    std::from_chars(answer.data() + at + 4, answer.data() + answer.size(), now, 16);
    if (!began_) began_ = now;
    return now - *began_;
}

void Director::turn(std::function<bool(std::string_view)> const& type) {
    if (!began_) std::ignore = seconds();
    auto const now = queue_.wants_time() ? seconds() : std::nullopt;
    for (auto const& event : queue_.due(now)) carry_out(event, type);
}

void Director::carry_out(MachineEvent const& event, std::function<bool(std::string_view)> const& type) {
    if (!event.type.empty()) type(shell_keys(event.type));
    for (auto const& key : event.keys) press(key, true), press(key, false);
    if (!event.picture.empty() && !folder_.empty()) take_picture(event.picture);
}

void Director::press(std::string const& key, bool down) {
    nlohmann::json const code{{"type", "qcode"}, {"data", key}};
    nlohmann::json const event{{"type", "key"}, {"data", {{"down", down}, {"key", code}}}};
    nlohmann::json const command{{"execute", "input-send-event"}, {"arguments", {{"events", nlohmann::json::array({event})}}}};
    std::string answer;
    if (!qmp().query(command.dump(), answer)) problems_.push_back(fmt::format("the key {} was not pressed: {}", key, answer));
}

void Director::take_picture(std::string const& what) {
    auto const file = fmt::format("{}/demo-{}.png", folder_, pictures_.size() + 1);
    nlohmann::json const command{{"execute", "screendump"}, {"arguments", {{"filename", file}, {"format", "png"}}}};
    std::string answer;
    if (qmp().query(command.dump(), answer))
        pictures_.push_back({what, file, seconds().value_or(0)});
    else
        problems_.push_back(fmt::format("no screenshot of \"{}\": {}", what, answer));
}

std::vector<std::string> Director::problems() const {
    auto out = problems_;
    for (auto const& event : queue_.left())
        out.push_back(fmt::format(
            "the event in line {} of the script was not due: {} did not say /{}/ {} times, or not {} s before the end",
            event.at.line, event.vm, event.says.text(), event.times, event.after));
    return out;
}

}  // namespace tiffin
