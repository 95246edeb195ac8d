// The line between `tiffin debug` and the hypervisor: a command is command_key, a letter, numbers in hex with a space between, and a return;
// its answer is a line "tiffin: debug: =". docs/debugging.md has the table.
#pragma once
#include <cstdint>

namespace tiffin::abi::debug {

inline constexpr char command_key = '\xff';  // no keyboard sends it, and no UTF-8 has it

inline constexpr unsigned points = 4;          // of a kind, at most: breakpoints are 0 to 3, watchpoints 4 to 7
inline constexpr unsigned read_bytes = 64;     // of memory that an answer holds
inline constexpr unsigned write_bytes = 8;     // and a command
inline constexpr unsigned read_registers = 8;  // that an answer holds

/// Number of the lower half of v0, behind the general and the system registers; then the higher half, v1, ... v31, FPCR, FPSR.
inline constexpr unsigned first_fp_register = 58;

inline constexpr std::uint16_t brk = 0x7f1;  // the immediate of a BRK that is the debugger's: every other one is the guest's own

}  // namespace tiffin::abi::debug
