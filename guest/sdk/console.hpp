// Text to the VM's console: Tiffin's ConsoleWrite (48 bytes a call, and no UART to emulate), or the PL011 of the device tree.
#pragma once
#include <string_view>

#include "guest/sdk/format.hpp"

namespace tiffin::sdk {

/// Writes all of `text`; waits while the console is full.
void write(std::string_view text);

/// The implementation of print(): out of line, so that each call site costs a table of arguments and no more.
void print_args(std::string_view format, FormatArg const* args, unsigned count);

/// Writes `format` with `{}` and `{:x}` filled in; see format.hpp. End lines with '\n'.
template <class... Args>
void print(std::string_view format, Args... args) {
    FormatArg const list[] = {FormatArg{args}..., FormatArg{0u}};
    print_args(format, list, sizeof...(Args));
}

/// True if text goes by hypercall. Elsewhere it goes to the PL011.
bool console_is_hypercall();

/// Guest-physical base of the VM's PL011, as its device tree says; the `virt` map's without one.
std::uint64_t uart_address();

}  // namespace tiffin::sdk
