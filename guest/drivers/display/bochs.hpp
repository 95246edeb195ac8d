// The display of Bochs ("VBE dispi", QEMU's docs/specs/standard-vga.txt): a picture in BAR 0, and registers of 16 bits in BAR 2. It does no
// DMA, so what it can show is what its driver writes.
#pragma once
#include <array>
#include <cstdint>

#include "guest/drivers/display/output.hpp"

namespace tiffin::display::bochs {

inline constexpr std::uint32_t id = 0x1111'1234;  // PCI: 31:16 device, 15:0 vendor
inline constexpr unsigned picture_bar = 0, register_bar = 2;

/// In BAR 2, from registers_at on, two bytes each.
inline constexpr std::uint32_t registers_at = 0x500;
enum class Register : std::uint32_t { Id, Width, Height, Depth, Enable, Bank, VirtualWidth, VirtualHeight, X, Y, Memory64K };
inline constexpr std::uint16_t first_id = 0xb0c0, last_id = 0xb0c5;
inline constexpr std::uint16_t enabled = 1, linear = 0x40, keep = 0x80;  // of Enable; keep: what is in the memory

class Registers {
public:
    virtual std::uint16_t read(Register which) = 0;
    virtual void write(Register which, std::uint16_t value) = 0;

protected:
    ~Registers() = default;
};

struct Mode {
    std::uint16_t width, height;  // pixels of 32 bits

    friend bool operator==(Mode const&, Mode const&) = default;
};

/// Sets the mode; what was on the screen stays if the mode does. Nullptr, or why it can't be used.
inline char const* set_mode(Registers& registers, Mode const& mode) {
    auto const version = registers.read(Register::Id);
    if (version < first_id || version > last_id) return "is no display of Bochs";
    auto const bytes = 4ull * mode.width * mode.height;
    if (mode.width == 0 || mode.height == 0 || bytes > std::uint64_t{registers.read(Register::Memory64K)} << 16)
        return "has too little memory for the mode";
    constexpr std::uint16_t depth = 32;
    Mode const now{registers.read(Register::Width), registers.read(Register::Height)};
    bool const same =
        now == mode && registers.read(Register::Depth) == depth && (registers.read(Register::Enable) & enabled) != 0;
    if (same) return nullptr;
    registers.write(Register::Enable, 0);
    registers.write(Register::Width, mode.width);
    registers.write(Register::Height, mode.height);
    registers.write(Register::Depth, depth);
    registers.write(Register::VirtualWidth, mode.width);
    registers.write(Register::X, 0);
    registers.write(Register::Y, 0);
    registers.write(Register::Enable, enabled | linear);
    if (registers.read(Register::Width) != mode.width || registers.read(Register::Height) != mode.height)
        return "does not take the mode";
    return nullptr;
}

}  // namespace tiffin::display::bochs
