#include "tool/check/schedule.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "tool/description/units.hpp"

namespace tiffin {
namespace {

class ScheduleCheck {
public:
    ScheduleCheck(Description& description, Board const& board, Problems& problems)
        : description_{description}, board_{board}, problems_{problems} {}

    void run() {
        auto& schedules = description_.schedules;
        for (auto at = schedules.begin(); at != schedules.end(); ++at) {
            check_core(*at,
                       std::find_if(schedules.begin(), at, [&](auto const& s) { return s.core.value == at->core.value; }) != at);
            std::uint64_t end = 0;
            for (auto const& window : at->windows) check_window(*at, window, end);
        }
        for (auto& domain : description_.domains) {
            for (auto& cpu : domain.cpus) settle_policy(domain, cpu);
        }
        std::ranges::sort(schedules, {}, [](Schedule const& s) { return s.core.value; });
    }

private:
    void check_core(Schedule const& schedule, bool again) {
        auto const core = schedule.core.value;
        if (again) problems_.add(schedule.core.at, fmt::format("core {} has two schedules", core), "one");
        if (core >= board_.record.cpu_count)
            problems_.add(schedule.core.at, fmt::format("core {} of a schedule does not exist", core),
                          fmt::format("0..{}", board_.record.cpu_count - 1));
    }

    void check_window(Schedule const& schedule, TimeWindow const& window, std::uint64_t& end) {
        auto const name = fmt::format("the window of \"{}\" ({} + {})", window.domain.value, time_text(window.offset),
                                      time_text(window.length));
        if (window.offset < end)
            problems_.add(window.at, fmt::format("{} begins before the one before it has ended", name),
                          fmt::format("an offset of {} or more", time_text(end)));
        end = std::max(end, window.offset + window.length);
        if (window.offset + window.length > schedule.major_frame)
            problems_.add(window.at, fmt::format("{} reaches beyond the major frame", name),
                          fmt::format("an end at {} or before", time_text(schedule.major_frame)));
        auto const* const domain = find(window.domain);
        if (domain != nullptr && !is_on(*domain, schedule.core.value))
            problems_.add(window.domain.at,
                          fmt::format("domain \"{}\" has no vCPU on core {}", window.domain.value, schedule.core.value),
                          "a domain that runs on this core");
    }

    Domain const* find(Located<std::string> const& wanted) {
        std::vector<std::string> names;
        for (auto const& domain : description_.domains) {
            if (domain.name.value == wanted.value) return &domain;
            names.push_back(domain.name.value);
        }
        problems_.add(wanted.at, fmt::format("a window is of domain \"{}\", which does not exist", wanted.value), "a domain",
                      did_you_mean(wanted.value, names));
        return nullptr;
    }

    static bool is_on(Domain const& domain, std::uint64_t core) {
        return std::ranges::any_of(domain.cpus, [&](CpuUse const& cpu) { return cpu.core.value == core; });
    }

    void settle_policy(Domain const& domain, CpuUse& cpu) {
        auto const& schedules = description_.schedules;
        auto const found = std::ranges::find_if(schedules, [&](auto const& s) { return s.core.value == cpu.core.value; });
        if (found == schedules.end()) {
            if (cpu.policy == abi::Policy::Window)
                problems_.add(cpu.at,
                              fmt::format("a cpu of domain \"{}\" has the policy windows, and core {} has no schedule",
                                          domain.name.value, cpu.core.value),
                              "an entry for the core in \"schedule\"");
            return;
        }
        if (cpu.policy_written && cpu.policy != abi::Policy::Window)
            problems_.add(cpu.at,
                          fmt::format("a cpu of domain \"{}\" has another policy than windows on core {}, which has a schedule",
                                      domain.name.value, cpu.core.value),
                          "policy: windows", "leave \"policy\" out: it follows from the core");
        cpu.policy = abi::Policy::Window;
        auto const in = [&](TimeWindow const& w) { return w.domain.value == domain.name.value; };
        if (std::ranges::none_of(found->windows, in))
            problems_.add(cpu.at,
                          fmt::format("domain \"{}\" has no window on core {}, and would never run there", domain.name.value,
                                      cpu.core.value),
                          "a window for it in \"schedule\"");
    }

    Description& description_;
    Board const& board_;
    Problems& problems_;
};

}  // namespace

void check_schedules(Description& description, Board const& board, Problems& problems) {
    ScheduleCheck{description, board, problems}.run();
}

}  // namespace tiffin
