#include "core/debug/link.hpp"

#include "armv8/debug.hpp"
#include "core/arch.hpp"
#include "core/console/format.hpp"
#include "core/cpu.hpp"
#include "core/debug/session.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::debug {
namespace {

/// A letter, and numbers in hex with a space between; those that are missing are 0.
struct Command {
    char what{0};
    std::uint64_t n[4]{};
};

/// The number that a hex digit stands for; more than 15: it is none.
constexpr unsigned digit(char c) {
    unsigned const value = static_cast<unsigned char>(c);
    return value - '0' < 10 ? value - '0' : value - 'a' < 6 ? value - 'a' + 10 : 16;
}

/// What is no command has no letter.
Command parse(std::string_view text) {
    Command command;
    auto* n = command.n;
    for (char const& c : text) {
        if (&c == text.data()) {
            command.what = c;
        } else if (c == ' ') {
            if (++n == std::end(command.n)) return {};
        } else if (auto const value = digit(c); value < 16) {
            *n = *n << 4 | value;
        } else {
            return {};
        }
    }
    return command;
}

void add(Line& line, std::uint64_t value, unsigned digits) {
    while (digits-- != 0) line << "0123456789abcdef"[value >> (4 * digits) & 0xf];
}

Outcome attach_to(std::uint64_t id, Line& line) {
    if (id >= machine.vms.size()) return Outcome::Refused;
    Vm& vm = *machine.vms[id];
    auto const outcome = attach(vm);
    if (outcome == Outcome::Done)
        line << ' ' << vm.vcpus.size() << ' ' << arch::debug_points(Kind::Break) << ' ' << arch::debug_points(Kind::Watch);
    return outcome;
}

/// "b REGISTER VALUE CONTROL": watchpoints count from Registers::most on. Nobody is armed with the old ones: the VM stands still.
Outcome set_point(Command const& c) {
    auto const kind = c.n[0] < Registers::most ? Kind::Break : Kind::Watch;
    if (c.n[0] >= 2 * Registers::most || c.n[0] % Registers::most >= arch::debug_points(kind)) return Outcome::Refused;
    session.registers.value[c.n[0]] = c.n[1] & ~3ull;
    session.registers.control[c.n[0]] = armv8::control_of(c.n[2], kind == Kind::Break ? armv8::bcr_allowed : armv8::wcr_allowed);
    return Outcome::Done;
}

Outcome show_registers(Vcpu const& v, std::uint64_t first, Line& line) {
    if (first >= register_count) return Outcome::Refused;
    line << ' ';
    for (auto n = first; n < first + abi::debug::read_registers && n < register_count; ++n)
        add(line, read_register(v, static_cast<unsigned>(n)), 16);
    return Outcome::Done;
}

Outcome set_register(Vcpu& v, std::uint64_t number, std::uint64_t value) {
    if (number >= register_count) return Outcome::Refused;
    write_register(v, static_cast<unsigned>(number), value);
    return Outcome::Done;
}

Outcome show_memory(Vcpu& v, std::uint64_t at, std::uint64_t count, Line& line) {
    std::byte bytes[abi::debug::read_bytes];
    if (count > abi::debug::read_bytes) return Outcome::Refused;
    auto const outcome = move_memory(v, Gva{at}, bytes, count, Move::Read);
    if (outcome != Outcome::Done) return outcome;
    line << ' ';
    for (unsigned i = 0; i < count; ++i) add(line, static_cast<std::uint64_t>(bytes[i]), 2);
    return Outcome::Done;
}

/// `count` bytes of `value`, the lowest first.
Outcome set_memory(Vcpu& v, std::uint64_t at, std::uint64_t value, std::uint64_t count) {
    if (count > abi::debug::write_bytes) return Outcome::Refused;
    return move_memory(v, Gva{at}, reinterpret_cast<std::byte*>(&value), count, Move::Write);
}

/// A command about one vCPU.
Outcome carry_out(Command const& c, Vcpu& v, Line& line) {
    switch (c.what) {
        case 's': return go_on(&v), Outcome::Done;
        case 'g': return show_registers(v, c.n[1], line);
        case 'G': return set_register(v, c.n[1], c.n[2]);
        case 'm': return show_memory(v, c.n[1], c.n[2], line);
        case 'M': return set_memory(v, c.n[1], c.n[2], c.n[3]);
        default: return Outcome::Refused;
    }
}

Outcome carry_out(Command const& c, Line& line) {
    switch (c.what) {
        case 'a': return attach_to(c.n[0], line);
        case 'p': return pause();
        case 'z': return detach();
        default: break;
    }
    if (auto const outcome = stopped(); outcome != Outcome::Done) return outcome;
    if (c.what == 'c') return go_on(nullptr), Outcome::Done;
    if (c.what == 'b') return set_point(c);
    auto const vcpus = session.vm.load()->vcpus;
    return c.n[0] < vcpus.size() ? carry_out(c, *vcpus[c.n[0]], line) : Outcome::Refused;
}

}  // namespace

void Link::command(std::string_view text) {
    command_ = text;
    due_ = true;
}

bool Link::step() {
    Line line;
    if (due_) {
        line << "debug: =";
        auto const outcome = carry_out(parse(command_), line);
        if (outcome == Outcome::NotYet) return retry_soon(), false;
        if (outcome == Outcome::Refused) line << " no";
        due_ = false;
    } else if (session.news) {
        session.news = false;
        auto const& stop = session.stop;
        line << "debug: ! " << stop.vcpu << ' ' << Hex{stop.ec} << ' ' << Hex{stop.far};
    } else {
        return false;
    }
    console_->log(line);
    return session.news;
}

}  // namespace tiffin::debug
