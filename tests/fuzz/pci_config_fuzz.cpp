// A guest that reads and writes the whole ECAM window in every size, before a function that answers anything: what is in its configuration
// space comes from the input too. Whatever is written, only the guest's three bits of the command register change, BARs stay where they
// are, no hidden capability is read, and a quiet function does nothing.
#include <cstring>

#include "core/pci/probe.hpp"
#include "core/testing.hpp"
#include "tests/fuzz/bytes.hpp"
#include "vdev/pci/ecam.hpp"

using namespace tiffin;
using fuzz::Bytes, fuzz::require;

namespace {

constexpr std::uint32_t number = 8, words = pci::ecam_stride / 4,
                        guest_bits = pci::Command::memory | pci::Command::bus_master | pci::Command::interrupt_disable;
constexpr std::uint64_t window = 0x1000'0000, window_end = 0x1100'0000;

/// The function as boot meets it: its status and the sizes of its BARs are not for writing.
struct Bus {
    std::uint32_t* space;
    std::uint32_t sizes[pci::bars];  // what a BAR reads after all ones
    [[nodiscard]] std::uint32_t read(std::uint32_t reg) const { return space[reg / 4]; }
    void write(std::uint32_t reg, std::uint32_t value) const {
        if (reg == pci::command) value = (value & 0xffff) | (space[reg / 4] & 0xffff'0000);
        if (reg >= pci::bar0 && reg < pci::bar0 + 4 * pci::bars) {
            auto const size = sizes[(reg - pci::bar0) / 4];
            value = (value & size & ~pci::BarBits::flags) | (size & pci::BarBits::flags);
        }
        space[reg / 4] = value;
    }
};

struct CountingFence final : pci::DmaFence {
    void open(std::uint32_t function) override { require(function == number), is_open = true; }
    void close(std::uint32_t function) override { require(function == number), is_open = false; }
    bool is_open{false};
};

struct Machinery : testing::Board {
    explicit Machinery(Bytes& in) : Board{{{}}} {
        auto const seed = in.take<std::uint32_t>();  // of 256 bytes: few inputs would be as long
        for (std::uint32_t i = 0; i < pci::config_bytes / 4; ++i) space[i] = (seed + i) * 0x9e37'79b1u;
        if ((in.take<std::uint8_t>() & 3) != 0) link_capabilities(in);
        Bus bus{space.data(), {}};
        for (auto& size : bus.sizes)
            if (auto const how = in.take<std::uint8_t>(); (how & 1) != 0) size = ~0u << (4 + how / 2 % 18) | (how & 0x80) >> 7;
        pci::BarWindow bars{window, window_end};
        fits = pci::Probe{bus, function, bars}.run() == nullptr;
        assigned_once = space;
        require(function.shown_count <= pci::Function::max_capabilities);
        for (unsigned i = 0; i < function.shown_count; ++i) {
            auto const& c = function.shown[i];
            auto const id = space[c.at / 4] & 0xff;
            require(c.at >= pci::header_bytes && c.at + c.size <= pci::config_bytes);
            require(id == pci::vendor_capability || id == pci::msi_capability || id == pci::msix_capability);
        }
    }

    /// A list that leads somewhere, of a plain function: chance alone hardly makes one.
    void link_capabilities(Bytes& in) {
        space[pci::header_type / 4] &= ~0x7f'0000u;
        space[pci::command / 4] |= pci::Status::capabilities;
        auto* link = &space[pci::capabilities / 4];
        std::uint32_t shift = 0;
        for (unsigned n = in.take<std::uint8_t>() % 10; n > 0; --n) {
            auto const at = pci::header_bytes + in.take<std::uint8_t>() % 0xc0 / 4 * 4;
            *link = (*link & ~(0xffu << shift)) | at << shift;
            link = &space[at / 4];
            shift = 8;
            *link = (*link & 0xff'ff00) | ((in.take<std::uint8_t>() & 1) != 0 ? pci::vendor_capability : 0x11u);
        }
    }

    void access(Bytes& in) {
        auto const how = in.take<std::uint8_t>();
        auto const size = static_cast<std::uint8_t>(1u << (how & 3));
        auto const within = in.take<std::uint16_t>() % pci::ecam_stride;
        auto const of = (how & 0x70) != 0 ? number : in.take<std::uint8_t>();
        MmioOp const op{.offset = static_cast<std::uint32_t>(of * pci::ecam_stride + within) & ~(size - 1u), .size = size};
        if ((how & 4) != 0) {
            auto const value = (how & 8) != 0 ? ~0ull : in.take<std::uint64_t>();
            ecam.write(vcpu(), op, size == 8 ? value : value & (bit(8 * size) - 1));
        } else {
            auto const value = ecam.read(vcpu(), op);
            require(size == 8 || value >> (8 * size) == 0);
            if (of != number || size == 8) require(value == ~0ull >> (64 - 8 * size));
        }
    }

    void check() {
        for (std::uint32_t i = 0; i < words; ++i)
            require(i == pci::command / 4 ? (space[i] & 0xffff & ~guest_bits) == 0 : space[i] == assigned_once[i]);
        for (std::uint32_t reg = pci::header_bytes; reg < pci::ecam_stride; reg += 4) check_shown(reg);
        for (auto const& bar : function.bars) {
            std::uint32_t const reg = pci::bar0 + 4 * static_cast<std::uint32_t>(&bar - function.bars);
            auto const value = function.read(reg);
            require(value == bar.assigned || (bar.sizing && value == bar.mask));
        }
    }

    /// Nothing of a capability that is hidden.
    void check_shown(std::uint32_t reg) {
        bool shown = false;
        for (unsigned i = 0; i < function.shown_count; ++i) {
            auto const& c = function.shown[i];
            shown = shown || (reg >= c.at && reg < std::uint32_t{c.at} + c.size);
        }
        if (!shown) require(function.read(reg) == 0);
    }

    alignas(8) std::array<std::uint32_t, words> space{};
    std::array<std::uint32_t, words> assigned_once{};
    abi::PciRecord record{.vm = 0, .function = number, .line = 1, .flags = 0};
    pci::Function function{.config = Mmio{reinterpret_cast<std::uintptr_t>(space.data())}, .record = &record};
    CountingFence fence;
    vdev::Ecam ecam{vm(0), {&function, 1}, &fence};
    bool fits{false};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    Bytes in{{data, size}};
    Machinery machinery{in};
    if (!machinery.fits) return 0;
    while (!in.empty()) {
        auto const what = in.take<std::uint8_t>();
        if ((what & 15) == 15) {
            machinery.ecam.quiesce();
            require(!machinery.fence.is_open);
            require(machinery.space[pci::command / 4] == pci::Command::interrupt_disable);
        } else if ((what & 15) == 14) {
            machinery.ecam.reset();
            require(machinery.fence.is_open);
        } else {
            machinery.access(in);
        }
        machinery.check();
    }
    return 0;
}
