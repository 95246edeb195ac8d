#include "tool/description/read_life.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace tiffin {
namespace {

OnCrash on_crash(Section& section, bool watchdog) {
    auto const word = section.choice("on-crash");
    if (!word) return watchdog ? OnCrash::Restart : OnCrash::Stop;
    return word->value == "restart" ? OnCrash::Restart : word->value == "stop" ? OnCrash::Stop : OnCrash::RebootBoard;
}

}  // namespace

void read_life(Section& section, Problems& problems, Domain& domain) {
    auto& life = domain.life;
    if (auto const start = section.flag("autostart")) life.autostart = start->value;
    if (auto const watchdog = section.flag("watchdog")) life.watchdog = watchdog->value;
    life.on_crash = on_crash(section, life.watchdog);
    if (auto const limit = section.find("restart-limit")) {
        Section inner{problems, *limit, "restart-limit", "\"restart-limit\" of " + section.what(),
                      section.key_mark("restart-limit")};
        if (auto const count = inner.count("count")) life.restarts = count->value;
        if (auto const within = inner.time("within")) life.within = within->value;
        if (auto const back_off = inner.time("back-off")) life.back_off = back_off->value;
        if (life.on_crash != OnCrash::Restart)
            problems.add(section.key_mark("restart-limit"), fmt::format("\"restart-limit\" of {} has no meaning", section.what()),
                         "\"on-crash: restart\" beside it");
    }
    for (auto const& item : section.list("manages")) {
        if (item.IsScalar())
            life.manages.push_back({item.Scalar(), mark_of(item)});
        else
            problems.add(mark_of(item), fmt::format("\"manages\" of {} has an entry that is no name", section.what()),
                         "names of domains");
    }
}

void check_life(Description const& description, Problems& problems) {
    auto const& domains = description.domains;
    for (auto const& domain : domains) {
        for (auto const& name : domain.life.manages) {
            if (name.value == domain.name.value)
                problems.add(name.at, fmt::format("domain \"{}\" manages itself", name.value), "another domain",
                             "a VM stops and resets itself by PSCI");
            else if (std::ranges::none_of(domains, [&](Domain const& d) { return d.name.value == name.value; }))
                problems.add(
                    name.at,
                    fmt::format("domain \"{}\" manages \"{}\", and there is no such domain", domain.name.value, name.value),
                    "the name of a domain");
        }
    }
    if (!domains.empty() && std::ranges::none_of(domains, [](Domain const& d) { return d.life.autostart; }))
        problems.add(domains[0].name.at, "no domain starts by itself", "one without \"autostart: false\"",
                     "nobody would be there to start the others");
}

}  // namespace tiffin
