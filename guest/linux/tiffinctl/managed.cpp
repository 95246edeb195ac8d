#include "guest/linux/tiffinctl/managed.hpp"

#include <cstring>

namespace tiffin::ctl {

namespace manage = abi::manage;

std::string Managed::name() {
    char text[manage::name_bytes + 1]{};
    for (std::uint32_t at = 0; at < manage::name_bytes; at += 4) {
        auto const word = page_.read(manage::Name + at);
        std::memcpy(text + at, &word, sizeof word);
    }
    return text;
}

std::uint64_t Managed::read_both(std::uint32_t offset) {
    for (;;) {
        std::uint64_t const high = page_.read(offset + 4);
        std::uint64_t const low = page_.read(offset);
        if (page_.read(offset + 4) == high) return high << 32 | low;
    }
}

std::uint64_t Managed::run_us() {
    constexpr std::uint64_t us_per_s = 1'000'000;
    auto const hertz = read_both(manage::Frequency), ticks = read_both(manage::RunTicks);
    return hertz == 0 ? 0 : ticks / hertz * us_per_s + ticks % hertz * us_per_s / hertz;
}

Facts Managed::facts(std::uint32_t which) {
    page_.write(manage::Select, which);
    return {.name = name(),
            .state = static_cast<abi::VmState>(page_.read(manage::State)),
            .status = page_.read(manage::Status),
            .starts = page_.read(manage::Starts),
            .faults = page_.read(manage::Faults),
            .run_us = run_us()};
}

std::optional<std::uint32_t> Managed::find(std::string_view wanted) {
    for (std::uint32_t which = 0; which < count(); ++which) {
        page_.write(manage::Select, which);
        if (name() == wanted) return which;
    }
    return std::nullopt;
}

abi::Error Managed::ask(std::uint32_t which, manage::Action action) {
    page_.write(manage::Select, which);
    page_.write(manage::Act, static_cast<std::uint32_t>(action));
    return static_cast<abi::Error>(static_cast<std::int32_t>(page_.read(manage::Act)));
}

}  // namespace tiffin::ctl
