// Kills the VMs that it manages, one at a random moment after the other: they start anew wherever they were. Boot arguments: reaper.kills=N
// (100), reaper.seed=S (1), reaper.gap_us=P (2,000), the longest pause between two.
#include <array>

#include "abi/manage.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/random.hpp"
#include "guest/sdk/sleep.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

namespace {

constexpr std::uint64_t most = 32, report_every = 1000;

std::uint64_t count_managed() {
    std::uint64_t count = 0;
    while (count < most && !hypercall::Managed(count).failed()) ++count;
    return count;
}

bool runs(std::uint64_t which) { return hypercall::Managed(which).x1 == static_cast<std::uint64_t>(abi::VmState::Running); }

/// False: it has not come back from the last time yet.
bool kill(std::uint64_t which) {
    return runs(which) && !hypercall::Manage(which, static_cast<std::uint64_t>(abi::manage::Action::Restart)).failed();
}

void report(std::uint64_t kills, std::uint64_t seed, std::span<std::uint64_t const> of_each) {
    print("reaper: {} kills of seed {}:", kills, seed);
    for (auto const n : of_each) print(" {}", n);
    print("\n");
}

}  // namespace

unsigned app_main() {
    auto const arguments = boot().arguments;
    auto const kills = argument(arguments, "reaper.kills", 100), seed = argument(arguments, "reaper.seed", 1);
    auto const gap = timer::from_us(argument(arguments, "reaper.gap_us", 2'000));
    auto const count = count_managed();
    if (count == 0) panic("it manages nobody");
    Sleep sleep;
    Random random{seed};
    std::array<std::uint64_t, most> of_each{};
    for (std::uint64_t done = 0; done < kills;) {
        sleep.until(timer::now() + 1 + random.below(gap));
        auto const which = random.below(count);
        if (!kill(which)) continue;
        ++of_each[which];
        if (++done % report_every == 0 || done == kills) report(done, seed, std::span{of_each}.first(count));
    }
    return 0;
}
