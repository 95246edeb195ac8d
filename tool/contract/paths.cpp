#include "tool/contract/paths.hpp"

#include <algorithm>

namespace tiffin::contract {
namespace {

constexpr Path table[] = {
#include "tool/contract/paths.inc"
};

std::uint64_t instructions_of(std::string_view name) { return std::ranges::find(table, name, &Path::name)->instructions; }

}  // namespace

std::span<Path const> paths() { return table; }

Overheads overheads_of(std::uint64_t instructions_per_second, std::uint64_t margin, unsigned cores) {
    auto const time = [&](std::string_view name) {
        constexpr Ns grain = 10;  // a figure that people read
        auto const exact = static_cast<unsigned __int128>(instructions_of(name)) * (100 + margin) * second;
        auto const ns = static_cast<Ns>((exact + 100 * instructions_per_second - 1) / (100 * instructions_per_second));
        return (ns + grain - 1) / grain * grain;
    };
    Overheads o{.switching = time("switching"), .interrupt = time("interrupt"), .masked = time("masked")};
    o.masked = std::max(o.masked, o.interrupt + o.switching);  // that is one as well
    o.lock = cores > 1 ? (cores - 1) * time("lock") : 0;
    return o;
}

Ns whole_wake_charge(Overheads const& overheads, std::span<Task const> tasks) {
    Ns most = 0;
    for (auto const& t : tasks) most = std::max<Ns>(most, 2 + t.devices);
    return overheads.switching + 2 * most * overheads.interrupt;
}

}  // namespace tiffin::contract
