#include "drivers/gic/its.hpp"

#include <bit>
#include <utility>

#include "abi/guest_map.hpp"
#include "armv8/gic.hpp"
#include "base/pci.hpp"
#include "core/arch.hpp"
#include "core/smp/guard.hpp"

namespace tiffin {
namespace {

namespace gits = armv8::gits;
namespace gicr = armv8::gicr;
namespace lpi = armv8::lpi;
using gits::Command;

constexpr unsigned patience = 1'000'000;  // at boot
constexpr std::uint32_t queue_commands = page_size / sizeof(Command);
constexpr std::uint32_t messages = abi::guest_map::msi_count;

unsigned event_bits(std::uint32_t first) { return static_cast<unsigned>(std::bit_width(first + messages - 1)); }

/// Of one function's translation table: entries of at most 16 bytes, and its address is a multiple of 256.
std::uint64_t translation_bytes(std::uint32_t first) { return align_up(16ull << event_bits(first), 256); }

}  // namespace

char const* Its::init(Pool& pool, std::uint32_t functions, std::uint32_t first_event) {
    first_event_ = first_event;
    registers_.write(gits::ctlr, 0);
    for (unsigned n = 0; n < patience && (registers_.read(gits::ctlr) & gits::Ctlr::quiescent) == 0; ++n) {
    }
    auto const typer = registers_.read64(gits::typer);
    if (!gits::Typer::Physical::get(typer) || gits::Typer::IttEntrySize::get(typer) > 15 ||
        gits::Typer::IdBits::get(typer) + 1 < event_bits(first_event) || gits::Typer::Devbits::get(typer) + 1 < 8)
        return "the ITS knows too few functions or messages, or no physical ones";
    for (std::uint32_t n = 0; n < gits::basers; ++n)
        if (!set_table(pool, n)) return "the ITS does not share its tables with the cores, in pages of 4 KiB";
    commands_ = reinterpret_cast<Command*>(pool.take(page_size, page_size).raw());
    translations_ = pool.take(functions * translation_bytes(first_event), 256);
    given_ = pool.array<Given>(functions);
    configuration_ = pool.take(lpi::configuration_bytes, page_size);
    __builtin_memset(reinterpret_cast<void*>(configuration_.raw()), lpi::enabled, lpi::configuration_bytes);
    arch::publish_tables();
    registers_.write64(gits::cbaser, gits::cbaser_attributes | reinterpret_cast<std::uint64_t>(commands_));
    registers_.write64(gits::cwriter, 0);
    registers_.write(gits::ctlr, gits::Ctlr::enabled);
    return nullptr;
}

bool Its::set_table(Pool& pool, std::uint32_t n) {
    auto const at = gits::baser + 8 * n;
    auto const baser = registers_.read64(at);
    auto const type = gits::Baser::Type::get(baser);
    if (type != gits::Baser::devices && type != gits::Baser::collections) return true;
    auto const entries = type == gits::Baser::devices ? pci::functions_of_a_bus : abi::max_cpus;
    auto const bytes = align_up(std::uint64_t{entries} * (gits::Baser::EntrySize::get(baser) + 1), page_size);
    registers_.write64(at, gits::Baser::make(pool.take(bytes, page_size), static_cast<unsigned>(bytes / page_size)));
    auto const taken = registers_.read64(at);
    return gits::Baser::PageSize::get(taken) == 0 && (taken & armv8::shareability) != 0;
}

void Its::prepare_core(Pool& pool, std::uint32_t core) {
    if (!takes_messages(core)) pending_[core] = pool.take(lpi::pending_bytes, lpi::pending_alignment);
}

char const* Its::start_core(std::uint32_t core, std::uint64_t frame) {
    Mmio const redistributor{frame};
    auto const ctlr = redistributor.read(gicr::ctlr) & ~lpi::enable_lpis;
    redistributor.write(gicr::ctlr, ctlr);
    if ((redistributor.read(gicr::ctlr) & lpi::enable_lpis) != 0)
        return "has LPIs on, with tables of whoever ran before, and does not let go of them";
    redistributor.write64(lpi::propbaser, lpi::propbaser_of(configuration_));
    redistributor.write64(lpi::pendbaser, lpi::pendbaser_of(pending_[core]));
    redistributor.write(gicr::ctlr, ctlr | lpi::enable_lpis);
    bool const by_address = gits::Typer::Pta::get(registers_.read64(gits::typer));
    auto const number = gicr::Typer::ProcessorNumber::get(redistributor.read(gicr::typer));
    auto const target = by_address ? frame : std::uint64_t{number} << 16;
    issue(Command::mapc(core, target));
    issue(Command::invall(core));
    issue(Command::sync(target));
    return nullptr;
}

void Its::give(std::uint32_t function, std::uint32_t place, std::uint32_t core) {
    given_[place] = {.function = function, .core = core, .held = 0};
    issue(Command::mapd(function, translations_ + place * translation_bytes(first_event_), event_bits(first_event_)));
    for (std::uint32_t n = 0; n < messages; ++n)
        issue(Command::mapti(function, first_event_ + n, armv8::first_lpi + place * messages + n, core));
}

void Its::enable(std::uint32_t place, std::uint32_t which, bool on) {
    auto* const table = reinterpret_cast<std::uint8_t volatile*>(configuration_.raw());
    table[place * messages + which] = on ? lpi::enabled : lpi::disabled;
}

void Its::hold(std::uint32_t place, std::uint32_t which) {
    DriverGuard const guard{lock_};
    given_[place].held |= 1u << which;
    enable(place, which, false);
    post(Command::invall(given_[place].core));
}

void Its::release(std::uint32_t place) {
    DriverGuard const guard{lock_};
    Given& given = given_[place];
    if (given.held == 0) return;
    for (; given.held != 0; given.held &= given.held - 1)
        enable(place, static_cast<std::uint32_t>(std::countr_zero(given.held)), true);
    post(Command::invall(given.core));
}

void Its::forget(std::uint32_t place) {
    {
        DriverGuard const guard{lock_};
        for (std::uint32_t held = given_[place].held; held != 0; held &= held - 1)
            post(Command::clear(given_[place].function, first_event_ + static_cast<std::uint32_t>(std::countr_zero(held))));
    }
    release(place);
}

bool Its::broke() {
    DriverGuard const guard{lock_};
    return !well_ && !std::exchange(told_, true);
}

/// There is room for a page of commands, and the ITS is slower by far than that only if it is dead: then what comes is lost.
void Its::post(Command const& command) {
    auto const next = (prod_ + 1) % queue_commands;
    if (registers_.read64(gits::creadr) == next * sizeof(Command)) {
        well_ = false;
        return;
    }
    commands_[prod_] = command;
    arch::publish_tables();
    prod_ = next;
    registers_.write64(gits::cwriter, prod_ * sizeof(Command));
}

/// At boot: waits for the end.
void Its::issue(Command const& command) {
    post(command);
    unsigned n = 0;
    while (n < patience && registers_.read64(gits::creadr) != prod_ * sizeof(Command)) ++n;
    well_ = well_ && n < patience;
}

}  // namespace tiffin
