// Takes the trace out of a machine in QEMU, running or stopped.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace tiffin {

/// A part of the trace, as the hypervisor told at boot: "trace: core 0 at 0x40233000, 1048832 bytes".
struct TracePart {
    std::uint64_t at, bytes;
};

/// The parts that the hypervisor's lines (without prefix) tell of.
std::vector<TracePart> trace_parts(std::vector<std::string> const& lines);

/// Pauses the machine, reads every part through the monitor at `qmp`, lets it go on, and writes them to `file`. What went wrong; empty: nothing.
std::string fetch_trace(std::string const& qmp, std::vector<TracePart> const& parts, std::string const& file);

}  // namespace tiffin
