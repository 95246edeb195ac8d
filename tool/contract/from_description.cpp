#include "tool/contract/from_description.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "abi/guest_map.hpp"
#include "tool/contract/paths.hpp"
#include "tool/contract/words.hpp"

namespace tiffin {
namespace {

using contract::Core;
using contract::Task;

/// Interrupt lines that can come for the VM's vCPUs, and messages of its functions. One with a limit has a timer too, which lets through what
/// was held back. Each message of an ITS comes once while its VM is away, and all of a function are let go at once when that comes back.
unsigned lines_of(std::vector<Grant> const& grants) {
    unsigned lines = 0;
    for (auto const& g : grants) {
        for (auto const& i : g.interrupts) lines += i.per_second != 0 ? 2 : 1;
        for (auto const& i : g.messages) lines += i.per_second != 0 ? 2 : 1;
        if (g.by_its) lines += abi::guest_map::msi_count + 1;
    }
    return lines;
}

contract::Policy policy_of(CpuUse const& cpu) {
    switch (cpu.policy) {
        case abi::Policy::Share: return contract::Policy::Share;
        case abi::Policy::Fixed: return contract::Policy::Fixed;
        case abi::Policy::Window: return contract::Policy::Window;
    }
    return contract::Policy::Share;
}

Task task_of(Domain const& domain, unsigned vcpu, unsigned devices) {
    auto const& cpu = domain.cpus[vcpu];
    Task t{.vm = domain.name.value, .vcpu = vcpu, .policy = policy_of(cpu)};
    t.priority = static_cast<unsigned>(cpu.priority);
    t.weight = static_cast<unsigned>(cpu.weight);
    t.devices = devices;
    if (t.policy == contract::Policy::Fixed && cpu.budget.value != 0 && cpu.period.value != 0)
        t.server = {cpu.budget.value, cpu.period.value, cpu.deadline.value, cpu.background};
    return t;
}

contract::Frame frame_of(Schedule const& schedule) {
    contract::Frame frame{.major = schedule.major_frame};
    for (auto const& w : schedule.windows) frame.slots.push_back({w.domain.value, w.offset, w.length});
    return frame;
}

/// How many other cores run the VM of this core that runs on most.
unsigned partners_of(Description const& description, std::uint64_t core) {
    std::size_t most = 1;
    for (auto const& domain : description.domains) {
        std::set<std::uint64_t> cores;
        for (auto const& cpu : domain.cpus) cores.insert(cpu.core.value);
        if (cores.contains(core)) most = std::max(most, cores.size());
    }
    return static_cast<unsigned>(most - 1);
}

/// Lines by which other VMs interrupt this one: doorbells of its channels, its virtio devices, and those that it serves by one.
unsigned lines_from_vms(Description const& description, Domain const& domain) {
    bool const serves = std::ranges::any_of(description.domains, [&](Domain const& other) {
        return std::ranges::any_of(other.virtio, [&](VirtioUse const& use) { return use.server.value == domain.name.value; });
    });
    return static_cast<unsigned>(domain.channels.size() + domain.virtio.size() + (serves ? 1 : 0));
}

/// The plan has one for all cores: that of the core on which a wake-up costs most.
void settle_wake_charge(std::vector<Core>& cores) {
    contract::Ns most = 0;
    for (auto const& core : cores) most = std::max(most, contract::whole_wake_charge(core.overheads, core.tasks));
    for (auto& core : cores) core.overheads.wake_charge = most;
}

CpuUse const* find(Description const& description, Task const& task) {
    for (auto const& domain : description.domains) {
        if (domain.name.value == task.vm) return &domain.cpus[task.vcpu];
    }
    return nullptr;
}

}  // namespace

std::vector<Core> contract_cores(Description const& description, std::vector<std::vector<Grant>> const& grants) {
    std::map<std::uint64_t, Core> cores;
    for (std::size_t i = 0; i < description.domains.size(); ++i) {
        auto const& domain = description.domains[i];
        auto const devices = lines_of(grants[i]) + lines_from_vms(description, domain);
        for (unsigned n = 0; n < domain.cpus.size(); ++n)
            cores[domain.cpus[n].core.value].tasks.push_back(task_of(domain, n, devices));
    }
    auto const& speed = description.speed;
    bool const virtio = std::ranges::any_of(description.domains, [](Domain const& d) { return !d.virtio.empty(); });
    std::vector<Core> all;
    for (auto& [id, core] : cores) {
        core.id = static_cast<unsigned>(id);
        core.overheads = contract::overheads_of(speed.instructions_per_second, speed.margin,
                                                {static_cast<unsigned>(cores.size()), partners_of(description, id), virtio});
        for (auto const& s : description.schedules) {
            if (s.core.value == id) core.frame = frame_of(s);
        }
        all.push_back(std::move(core));
    }
    settle_wake_charge(all);
    return all;
}

void check_contract(Description const& description, std::vector<Core> const& cores, Problems& problems) {
    for (auto const& core : cores) {
        for (std::size_t i = 0; i < core.tasks.size(); ++i) {
            auto const no = contract::refusal(core, i);
            if (no.what.empty()) continue;
            problems.add(find(description, core.tasks[i])->deadline.at, no.what, no.expected, no.hint);
        }
    }
}

}  // namespace tiffin
