#include "core/pci/function.hpp"

namespace tiffin::pci {

namespace {

constexpr std::uint32_t may_change = Command::memory | Command::bus_master | Command::interrupt_disable;

bool is_bar(std::uint32_t reg) { return reg >= bar0 && reg < bar0 + 4 * bars; }

}  // namespace

std::uint32_t Function::read(std::uint32_t reg) const {
    if (is_bar(reg)) {
        auto const& bar = bars[(reg - bar0) / 4];
        return bar.sizing ? bar.mask : bar.assigned;
    }
    switch (reg) {
        case id:
        case class_code:
        case header_type:
        case subsystem: return config.read(reg);
        case command: return (config.read(reg) & ~Status::capabilities) | (shown_count != 0 ? Status::capabilities : 0);
        case capabilities: return next_shown(0);
        case interrupt: {
            auto const pin = config.read(reg) >> 8 & 0xff;
            return pin == 1 ? 1u << 8 : 0;  // the tool gave INTA's line
        }
        default: return reg >= header_bytes && reg < config_bytes ? read_capability(reg) : 0;
    }
}

std::uint32_t Function::read_capability(std::uint32_t reg) const {
    for (unsigned i = 0; i < shown_count; ++i) {
        std::uint32_t const at = shown[i].at, size = shown[i].size;
        if (reg < at || reg >= at + size) continue;
        auto const value = config.read(reg);
        return reg == at ? (value & ~0xff00u) | next_shown(i + 1) << 8 : value;
    }
    return 0;
}

/// Where an MSI points is no concern of ours: what the function sends passes the SMMU.
void Function::write_capability(std::uint32_t reg, std::uint32_t value) {
    for (auto const& c : std::span{shown}.first(shown_count)) {
        if (reg < c.at || reg >= std::uint32_t{c.at} + c.size) continue;
        auto const mask = reg == c.at ? c.may_change : c.rest_may_change ? ~0u : 0u;
        if (mask != 0) config.write(reg, (config.read(reg) & ~mask) | (value & mask));
    }
}

void Function::write(std::uint32_t reg, std::uint32_t value) {
    if (is_bar(reg)) {
        auto& bar = bars[(reg - bar0) / 4];
        bar.sizing = value == ~0u;
    } else if (reg == command) {
        config.write(command, value & may_change);  // zeros clear nothing in the status half
    } else {
        write_capability(reg, value);
    }
}

void Function::quiesce() {
    config.write(command, Command::interrupt_disable);
    for (auto const& c : std::span{shown}.first(shown_count))
        if (c.may_change != 0) write_capability(c.at, 0);
    for (auto& bar : bars) bar.sizing = false;
}

}  // namespace tiffin::pci
