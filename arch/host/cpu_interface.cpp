#include "arch/host/cpu_interface.hpp"

#include <algorithm>
#include <utility>

#include "arch/host/hardware.hpp"
#include "armv8/gic.hpp"

namespace tiffin::host {
namespace {

using armv8::IchHcr;
using armv8::Lr;

bool owes_maintenance(std::uint64_t lr) {
    return Lr::LrState::get(lr) == Lr::State::Invalid && !Lr::Hw::get(lr) && Lr::Eoi::get(lr);
}

/// The signalled list register that would be acknowledged; lr_count if none.
std::uint32_t most_urgent() {
    auto const& h = hardware();
    std::uint32_t best = Hardware::lr_count;
    auto const rank = [&](std::uint32_t i) { return std::pair{Lr::Priority::get(h.lr[i]), Lr::VIntid::get(h.lr[i])}; };
    for (std::uint32_t i = 0; i < Hardware::lr_count; ++i)
        if (armv8::is_signalled(h.lr[i], h.vmcr) && !Lr::is_active(h.lr[i]) &&
            (best == Hardware::lr_count || rank(i) < rank(best)))
            best = i;
    return best;
}

struct Running {
    std::uint32_t intid;
    std::uint8_t priority;
};

/// `running` packs the priority above the number: it must be known after the list register was reused.
constexpr std::uint32_t pack(Running r) { return static_cast<std::uint32_t>(r.priority) << 16 | r.intid; }
constexpr std::uint32_t running_priority(std::uint32_t packed) { return packed >> 16; }

}  // namespace

bool guest_is_interrupted() {
    auto const& h = hardware();
    auto const i = most_urgent();
    if (i == Hardware::lr_count || (h.ich_hcr & IchHcr::en) == 0) return false;
    return h.running.empty() || Lr::Priority::get(h.lr[i]) < running_priority(h.running.back());
}

std::optional<Acknowledged> guest_acknowledge() {
    if (!guest_is_interrupted()) return std::nullopt;
    auto& h = hardware();
    auto const i = most_urgent();
    h.running.push_back(pack({Lr::VIntid::get(h.lr[i]), Lr::Priority::get(h.lr[i])}));
    h.lr[i] = Lr::LrState::set(h.lr[i], Lr::State::Active);
    return Acknowledged{.intid = Lr::VIntid::get(h.lr[i]), .source = h.lr_source[i]};
}

void guest_end(std::uint32_t intid) {
    auto& h = hardware();
    if (h.running.empty()) return;
    h.running.pop_back();
    for (auto& lr : h.lr) {
        if (Lr::VIntid::get(lr) != intid || !Lr::is_active(lr)) continue;
        lr = Lr::LrState::set(lr, Lr::is_pending(lr) ? Lr::State::Pending : Lr::State::Invalid);
        if (Lr::Hw::get(lr)) h.irq_active.erase(Lr::PIntid::get(lr));
        return;
    }
    ++h.eoi_count;
}

bool maintenance_pending() {
    auto const& h = hardware();
    if ((h.ich_hcr & IchHcr::en) == 0) return false;
    bool const no_pending = std::ranges::none_of(h.lr, Lr::is_pending);
    return std::ranges::any_of(h.lr, owes_maintenance) || ((h.ich_hcr & IchHcr::npie) != 0 && no_pending) ||
           ((h.ich_hcr & IchHcr::lrenpie) != 0 && h.eoi_count != 0);
}

std::uint32_t empty_list_registers() {
    std::uint32_t empty = 0;
    for (std::uint32_t i = 0; i < Hardware::lr_count; ++i) {
        auto const lr = hardware().lr[i];
        if (Lr::LrState::get(lr) == Lr::State::Invalid && !owes_maintenance(lr)) empty |= 1u << i;
    }
    return empty;
}

}  // namespace tiffin::host
