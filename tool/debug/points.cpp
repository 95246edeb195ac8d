#include "tool/debug/points.hpp"

#include <algorithm>
#include <bit>

namespace tiffin::gdb {
namespace {

constexpr std::uint64_t instruction = 4;  // bytes

std::string brk_bytes() {
    std::string bytes;
    for (unsigned i = 0; i < instruction; ++i) bytes += static_cast<char>(debugger_brk >> (8 * i) & 0xff);
    return bytes;
}

struct Encoded {
    std::uint64_t address, control;
};

constexpr std::uint64_t enabled = 1, el1_and_el0 = 0b11 << 1;

/// DBGWCR: LSC is 1 for loads, 2 for stores; BAS chooses bytes of a doubleword, MASK a larger naturally aligned range.
std::optional<Encoded> watch(PointType type, std::uint64_t at, std::uint64_t size) {
    constexpr auto bas = [](std::uint64_t bytes) { return bytes << 5; };
    std::uint64_t const lsc = type == PointType::Read ? 1 : type == PointType::Write ? 2 : 3;
    auto const control = enabled | el1_and_el0 | lsc << 3;
    auto const first = at % 8;
    if (size == 0) return std::nullopt;
    if (first + size <= 8) return Encoded{at - first, control | bas(((1ull << size) - 1) << first)};
    if (!std::has_single_bit(size) || at % size != 0 || size > 1ull << 31) return std::nullopt;
    return Encoded{at, control | bas(0xff) | static_cast<std::uint64_t>(std::countr_zero(size)) << 24};
}

std::optional<Encoded> encode(PointType type, std::uint64_t at, std::uint64_t size) {
    if (type != PointType::Hardware) return watch(type, at, size);
    if (at % instruction != 0) return std::nullopt;
    return Encoded{at, enabled | el1_and_el0 | 0xf << 5};
}

Kind kind_of(PointType type) { return type == PointType::Hardware ? Kind::Break : Kind::Watch; }

/// Calls `visit(offset, length, offset in the instruction)` for the part of an instruction at `point` that lies in memory at `at`.
template <typename Visit>
void overlap(std::uint64_t point, std::uint64_t at, std::uint64_t size, Visit visit) {
    for (std::uint64_t i = 0; i < instruction; ++i)
        if (auto const offset = point + i - at; offset < size) visit(offset, i);
}

}  // namespace

Points::Points(Target& target) : target_{&target}, breaks_(target.slots(Kind::Break)), watches_(target.slots(Kind::Watch)) {}

bool Points::set(unsigned vcpu, PointType type, std::uint64_t at, std::uint64_t size) {
    if (type == PointType::Software) return set_software(vcpu, at);
    auto const encoded = encode(type, at, size);
    auto& slots = slots_of(type);
    auto const free = std::ranges::find(slots, false, &Slot::used);
    if (!encoded || free == slots.end()) return false;
    auto const number = static_cast<unsigned>(free - slots.begin());
    if (!target_->set_slot(kind_of(type), number, encoded->address, encoded->control)) return false;
    *free = {.used = true, .type = type, .at = at, .size = size};
    return true;
}

bool Points::clear(unsigned vcpu, PointType type, std::uint64_t at, std::uint64_t size) {
    if (type == PointType::Software) return clear_software(vcpu, at);
    auto& slots = slots_of(type);
    auto const slot = std::ranges::find_if(slots, [&](Slot const& s) {
        return s.used && s.type == type && s.at == at && (s.size == size || type == PointType::Hardware);
    });
    if (slot == slots.end()) return true;
    slot->used = false;
    return target_->set_slot(kind_of(type), static_cast<unsigned>(slot - slots.begin()), 0, 0);
}

void Points::clear_all(unsigned vcpu) {
    while (!software_.empty()) {
        target_->write(vcpu, software_.begin()->first, software_.begin()->second);
        software_.erase(software_.begin());
    }
    for (auto* const slots : {&breaks_, &watches_})
        for (auto& s : *slots)
            if (s.used) clear(vcpu, s.type, s.at, s.size);
}

bool Points::set_software(unsigned vcpu, std::uint64_t at) {
    if (at % instruction != 0) return false;
    if (software_.contains(at)) return true;
    auto own = target_->read(vcpu, at, instruction);
    if (!own || !target_->write(vcpu, at, brk_bytes())) return false;
    software_.emplace(at, std::move(*own));
    return true;
}

bool Points::clear_software(unsigned vcpu, std::uint64_t at) {
    auto const point = software_.find(at);
    if (point == software_.end()) return true;
    if (!target_->write(vcpu, at, point->second)) return false;
    software_.erase(point);
    return true;
}

void Points::hide(std::uint64_t at, std::string& bytes) const {
    for (auto const& point : software_)
        overlap(point.first, at, bytes.size(), [&](auto offset, auto i) { bytes[offset] = point.second[i]; });
}

void Points::keep(std::uint64_t at, std::string& bytes) {
    auto const brk = brk_bytes();
    for (auto& point : software_)
        overlap(point.first, at, bytes.size(), [&](auto offset, auto i) {
            point.second[i] = bytes[offset];
            bytes[offset] = brk[i];
        });
}

/// The processor may report any address of the access, also one before the watched bytes (Arm ARM, "Determining the memory location
/// that caused a Watchpoint exception"): the nearest watchpoint is meant.
Points::Hit Points::watch_at(std::uint64_t access) const {
    constexpr std::uint64_t far = 64;
    Slot const* best = nullptr;
    auto least = far;
    for (auto const& s : watches_) {
        auto const distance = access < s.at ? s.at - access : access - s.at < s.size ? 0 : access - s.at - s.size + 1;
        if (s.used && distance < least) best = &s, least = distance;
    }
    if (best == nullptr) return {};
    auto const* const name = best->type == PointType::Write ? "watch" : best->type == PointType::Read ? "rwatch" : "awatch";
    return {.name = name, .at = std::clamp(access, best->at, best->at + best->size - 1)};
}

}  // namespace tiffin::gdb
