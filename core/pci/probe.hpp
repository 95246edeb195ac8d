// What a function is, found out at boot: its BARs get addresses in the board's window, and keep them.
#pragma once
#include "base/addr.hpp"
#include "core/pci/function.hpp"

namespace tiffin::pci {

/// Addresses for BARs, in whole pages, so that no page belongs to two functions.
struct BarWindow {
    std::uint64_t next{0}, end{0};

    /// `size` is a power of two. 0: there is no room.
    std::uint64_t take(std::uint64_t size) {
        auto const at = align_up(next, size < page_size ? page_size : size);
        if (at > end || align_up(size, page_size) > end - at) return 0;
        next = at + align_up(size, page_size);
        return at;
    }
};

/// Nullptr, or why the function can't be given.
template <class Bus>
class Probe {
public:
    Probe(Bus const& config, Function& out, BarWindow& window) : config_{config}, out_{out}, window_{window} {}

    char const* run() {
        if (config_.read(id) == ~0u) return "is not there";
        if ((config_.read(header_type) >> 16 & 0x7f) != 0) return "is a bridge";
        config_.write(command, 0);
        for (std::uint32_t i = 0; i < bars;) {
            auto const words = assign(i);
            if (words == 0) return "has BARs larger than the board's window for them";
            i += words;
        }
        find_capabilities();
        return nullptr;
    }

private:
    /// How many registers BAR `i` takes; 0: it does not fit.
    std::uint32_t assign(std::uint32_t i) {
        auto const low = size(i);
        if (low == 0 || (low & BarBits::io) != 0) return config_.write(bar0 + 4 * i, 0), 1;
        bool const wide = (low & BarBits::type) == BarBits::is_64_bits && i + 1 < bars;
        if (wide && size(i + 1) != ~0u) return 0;
        auto const address = window_.take(std::uint64_t{~(low & ~BarBits::flags)} + 1);
        if (address == 0 || address >> 32 != 0) return 0;
        put(i, static_cast<std::uint32_t>(address) | (low & BarBits::flags), low);
        if (wide) put(i + 1, 0, ~0u);
        return wide ? 2 : 1;
    }

    std::uint32_t size(std::uint32_t i) {
        config_.write(bar0 + 4 * i, ~0u);
        return config_.read(bar0 + 4 * i);
    }

    void put(std::uint32_t i, std::uint32_t value, std::uint32_t mask) {
        config_.write(bar0 + 4 * i, value);
        out_.bars[i] = {value, mask, false};
    }

    /// The list may be a loop.
    void find_capabilities() {
        if ((config_.read(command) & Status::capabilities) == 0) return;
        auto at = config_.read(capabilities) & 0xfc;
        for (unsigned n = 0; n < pci::max_capabilities && at >= header_bytes && out_.shown_count < Function::max_capabilities;
             ++n) {
            auto const head = config_.read(at);
            auto const found = look_at(static_cast<std::uint8_t>(at), head);
            if (found.size >= 4 && at + found.size <= config_bytes) {
                out_.shown[out_.shown_count++] = found;
                if (found.may_change != 0) config_.write(at, head & ~found.may_change);
            }
            at = head >> 8 & 0xfc;
        }
    }

    /// What is shown of the capability at `at`, which begins with `head`; of size 0: nothing.
    Capability look_at(std::uint8_t at, std::uint32_t head) const {
        switch (head & 0xff) {
            case vendor_capability: return {at, static_cast<std::uint8_t>(head >> 16), 0, false};
            case msi_capability: {
                if (!out_.has_messages) return {};
                auto const size = 12 + ((head & Msi::is_64_bits) != 0 ? 4 : 0) + ((head & Msi::masks_vectors) != 0 ? 8 : 0);
                return {at, static_cast<std::uint8_t>(size), Msi::enable | Msi::multiple_message_enable, true};
            }
            case msix_capability:
                if (!out_.has_messages) return {};
                return {at, 12, Msix::enable | Msix::mask_all, false};
            default: return {};
        }
    }

    Bus const& config_;
    Function& out_;
    BarWindow& window_;
};

}  // namespace tiffin::pci
