// How a VM manages others: the arguments of the call Manage (abi/hypercalls.hpp), and of the page at guest_map::manager that offers the same
// to programs that cannot make hypercalls.
#pragma once
#include <cstdint>
#include <string_view>

namespace tiffin::abi {

/// Of a VM, as the manager's page and the call Managed tell it.
enum class VmState : std::uint8_t { Off = 0, Starting = 1, Running = 2, Crashed = 3, Stopped = 4, Paused = 5 };

/// As consoles show it.
constexpr std::string_view name(VmState state) {
    switch (state) {
        case VmState::Off: return "off";
        case VmState::Starting: return "starting";
        case VmState::Running: return "running";
        case VmState::Crashed: return "crashed";
        case VmState::Stopped: return "stopped";
        case VmState::Paused: return "paused";
    }
    return "?";
}

namespace manage {

/// What can be asked for. A VM may ask for those that its description names under `manages`, by their place there.
enum class Action : std::uint32_t {
    Start = 0,    // a VM that is off, stopped or crashed
    Stop = 1,     // one that runs or is paused
    Restart = 2,  // any
    Pause = 3,    // one that runs
    Resume = 4,   // one that is paused
};
inline constexpr std::uint32_t actions = 5;

/// Registers of the manager's page, 32 bits each but where said; read and written in whole words.
enum Register : std::uint32_t {
    Magic = 0x00,   // "TFMN"
    Count = 0x04,   // VMs that this one manages
    Select = 0x08,  // which of them the registers below are about
    Act = 0x0c,     // written: an Action; read: 0 if the last was taken, else an abi::Error
    State = 0x10,   // a VmState; ~0: no such VM
    Status = 0x14,  // with which it ended
    Starts = 0x18,  // how often it started anew
    Faults = 0x1c,
    RunTicks = 0x20,  // 64 bits, low word first
    Frequency = 0x28,
    Name = 0x40,  // name_bytes, ended by a zero
};
inline constexpr std::uint32_t name_bytes = 32;
inline constexpr std::uint32_t magic = 0x4e4d'4654;
inline constexpr std::uint32_t page_bytes = 0x1000;

}  // namespace manage

}  // namespace tiffin::abi
