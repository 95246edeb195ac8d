// Errors are values. Three kinds of assertion exist, and each has its place:
//   static_assert      for layout and arithmetic known when compiling;
//   TIFFIN_INVARIANT   for OUR bugs: stops the machine with a report;
//   Result / Fail      for anything that a guest, an image or a description controls.
#pragma once
#include <cstdint>
#include <expected>

namespace tiffin {

enum class Err : std::uint8_t { Misaligned, OutOfRange, Overlap, NoMemory, NoDevice, NotPermitted, BadState, BadFormat };

template <class T = void>
using Result = std::expected<T, Err>;
using Status = Result<void>;
using Fail = std::unexpected<Err>;

/// Prints what was broken and stops the machine. Defined by the composition root (or by the test's host fake).
[[noreturn]] void panic(char const* what, char const* file = __builtin_FILE(), unsigned line = __builtin_LINE());

}  // namespace tiffin

#define TIFFIN_INVARIANT(condition) ((condition) ? void() : ::tiffin::panic(#condition))
