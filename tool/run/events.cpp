#include "tool/run/events.hpp"

#include <utility>

namespace tiffin {

EventQueue::EventQueue(std::vector<MachineEvent> events) {
    for (auto& event : events) all_.push_back({.event = std::move(event)});
}

void EventQueue::said(std::string_view vm, std::string_view text) {
    std::string const line{text};
    for (auto& w : all_) {
        if (w.said || w.event.vm != vm || !w.event.says.found_in(line)) continue;
        w.said = ++w.seen == w.event.times;
    }
}

bool EventQueue::wants_time() const {
    for (auto const& w : all_)
        if (w.said && !w.done && w.event.after != 0) return true;
    return false;
}

std::vector<MachineEvent> EventQueue::due(std::optional<std::uint64_t> now) {
    std::vector<MachineEvent> out;
    for (auto& w : all_) {
        if (!w.said || w.done) continue;
        if (w.event.after != 0) {
            if (!now) continue;
            if (!w.when) w.when = *now + w.event.after;
            if (*now < *w.when) continue;
        }
        w.done = true;
        out.push_back(w.event);
    }
    return out;
}

std::vector<MachineEvent> EventQueue::left() const {
    std::vector<MachineEvent> out;
    for (auto const& w : all_)
        if (!w.done) out.push_back(w.event);
    return out;
}

std::string shell_keys(std::string_view line) { return "\x1ds" + std::string{line} + "\r"; }

}  // namespace tiffin
