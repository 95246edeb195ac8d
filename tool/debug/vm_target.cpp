#include "tool/debug/vm_target.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <sstream>

#include "abi/debug.hpp"
#include "base/addr.hpp"
#include "tool/debug/packet.hpp"

namespace tiffin::gdb {
namespace {

/// How many of `left` bytes at `at` one command may take, which holds `most`: it must not leave the page.
std::uint64_t piece(std::uint64_t at, std::uint64_t left, std::uint64_t most) {
    return std::min({left, most, page_size - at % page_size});
}

/// What an answer with content says; nothing if it is none.
std::optional<std::string_view> content(std::optional<std::string> const& answer) {
    if (!answer || !answer->starts_with(' ') || *answer == " no") return std::nullopt;
    return std::string_view{*answer}.substr(1);
}

/// Of an exception class (Arm ARM, ESR_EL2.EC).
Stop::Why why(unsigned ec) {
    switch (ec) {
        case 0x32: return Stop::Why::Step;
        case 0x34: return Stop::Why::Watchpoint;
        default: return Stop::Why::Breakpoint;
    }
}

}  // namespace

std::optional<Stop> parse_stop(std::string_view line) {
    constexpr std::string_view mark = "debug: ! ";
    if (!line.starts_with(mark)) return std::nullopt;
    std::istringstream words{std::string{line.substr(mark.size())}};
    unsigned ec = 0;
    Stop stop;
    if (!(words >> std::dec >> stop.vcpu >> std::hex >> ec >> stop.address)) return std::nullopt;
    stop.why = why(ec);
    return stop;
}

bool VmTarget::attach() {
    auto const answer = ask_(fmt::format("a{:x}", vm_));
    auto const text = content(answer);
    if (!text) return false;
    std::istringstream words{std::string{*text}};
    return static_cast<bool>(words >> vcpus_ >> breakpoints_ >> watchpoints_) && vcpus_ != 0 &&
           std::max(breakpoints_, watchpoints_) <= abi::debug::points;
}

void VmTarget::step(unsigned vcpu) { done(fmt::format("s{:x}", vcpu)); }

std::optional<std::vector<std::uint64_t>> VmTarget::registers_from(unsigned vcpu, unsigned first) {
    auto const answer = ask_(fmt::format("g{:x} {:x}", vcpu, first));
    auto text = content(answer);
    if (!text) return std::nullopt;
    std::vector<std::uint64_t> values;
    for (; text->size() >= 16; text->remove_prefix(16)) {
        auto digits = text->substr(0, 16);
        auto const value = take_number(digits);
        if (!value || !digits.empty()) return std::nullopt;
        values.push_back(*value);
    }
    if (values.empty() || !text->empty()) return std::nullopt;
    return values;
}

std::optional<Registers> VmTarget::registers(unsigned vcpu) {
    Registers all{};
    for (unsigned n = 0; n < register_count;) {
        auto const some = registers_from(vcpu, n);
        if (!some) return std::nullopt;
        for (auto const value : *some)
            if (n < register_count) all[n++] = value;
    }
    return all;
}

std::optional<std::uint64_t> VmTarget::one_register(unsigned vcpu, unsigned number) {
    auto const some = registers_from(vcpu, number);
    return some ? std::optional{some->front()} : std::nullopt;
}

bool VmTarget::set_register(unsigned vcpu, unsigned number, std::uint64_t value) {
    return done(fmt::format("G{:x} {:x} {:x}", vcpu, number, value));
}

std::optional<std::string> VmTarget::read(unsigned vcpu, std::uint64_t at, std::uint64_t size) {
    std::string all;
    while (all.size() < size) {
        auto const here = at + all.size();
        auto const wanted = piece(here, size - all.size(), abi::debug::read_bytes);
        auto const answer = ask_(fmt::format("m{:x} {:x} {:x}", vcpu, here, wanted));
        auto const text = content(answer);
        auto const bytes = text ? bytes_of_hex(*text) : std::nullopt;
        if (!bytes || bytes->size() != wanted) break;
        all += *bytes;
    }
    return all.empty() && size != 0 ? std::nullopt : std::optional{all};
}

bool VmTarget::write(unsigned vcpu, std::uint64_t at, std::string_view bytes) {
    while (!bytes.empty()) {
        auto const size = piece(at, bytes.size(), abi::debug::write_bytes);
        std::uint64_t value = 0;
        for (auto i = size; i-- != 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
        if (!done(fmt::format("M{:x} {:x} {:x} {:x}", vcpu, at, value, size))) return false;
        bytes.remove_prefix(size);
        at += size;
    }
    return true;
}

bool VmTarget::set_slot(Kind kind, unsigned slot, std::uint64_t address, std::uint64_t control) {
    auto const number = kind == Kind::Break ? slot : abi::debug::points + slot;
    return done(fmt::format("b{:x} {:x} {:x}", number, address, control));
}

}  // namespace tiffin::gdb
