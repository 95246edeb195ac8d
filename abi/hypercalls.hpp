// The one table of hypercalls. Numbers, dispatch, guest stubs, names and documentation grow from it.
//
// Calling convention: SMCCC 1.x (Arm DEN 0028, "SMC and HVC calling convention"), HVC #0, fast calls, 64-bit, in the owner range
// "Vendor Specific Hypervisor Service Calls". Arguments in x1..x7, result in x0 (and x1..x3 where said). Errors: Error below.
#pragma once
#include <cstdint>

// clang-format off
// X(number, name, arguments, what it does)
#define TIFFIN_HYPERCALLS(X)                                                                                                         \
    X(0x00, Version,      0, "x0 = abi_version.")                                                                                    \
    X(0x01, Yield,        0, "Lets other VMs of the same standing run. x0 = 0.")                                                     \
    X(0x02, Exit,         1, "Stops the calling VM for good; x1 = status, 0 for success, 1..255 otherwise. Does not return.")         \
    X(0x03, ConsoleWrite, 7, "x1 = count of bytes, 1..48; x2..x7 = the bytes, little-endian. x0 = bytes taken (fewer when full).")    \
    X(0x04, VcpuStats, 1, "x1 = a StatId, of the calling vCPU. x0 = 0, x1 = the value; InvalidParameter for an unknown id.") \
    X(0x05, ChannelRing, 1, "x1 = number of a channel of the calling VM: its peer gets the doorbell. x0 = 0, or InvalidParameter.") \
    X(0x06, ServeStart, 1, "x1 = device: from now on the calling VM serves it. Requests that an earlier life of it held come again. x0 = 0.") \
    X(0x07, ServeNext, 3, "x1 = device and queue, x2 = buffer, x3 = its bytes: the client's next request. See abi/serve.hpp.") \
    X(0x08, ServeRead, 4, "x1 = handle, x2 = offset, x3 = buffer, x4 = bytes: copies what the client sends. x0 = bytes copied.") \
    X(0x09, ServeWrite, 4, "x1 = handle, x2 = offset, x3 = buffer, x4 = bytes: copies to what the client posted. x0 = bytes copied.") \
    X(0x0a, ServeComplete, 5, "As ServeWrite; if all was copied, the request is done. x5 = 1: more follow at once. x0 = bytes copied.") \
    X(0x0b, ServeNews, 0, "x0 = 0, x1 = devices (a bit each) with requests, or whose client has started or reset them.") \
    X(0x0c, ServeInfo, 2, "x1 = device, x2 = a ServeFact. x0 = 0, x1 = the value.") \
    X(0x0d, ServeConfig, 3, "x1 = device, x2 = offset (a multiple of 8), x3 = 8 bytes of its configuration space. x0 = 0.") \
    X(0x0e, Manage, 2, "x1 = which of the VMs that the calling one manages, x2 = an action (abi/manage.hpp). x0 = 0: it is being done; NotPermitted, InvalidParameter, or Busy (not in its state).") \
    X(0x0f, Managed, 1, "x1 = which of them. x0 = 0, x1 = its state, x2 = how often it started anew, x3 = status with which it ended; NotPermitted behind the last.") \
    X(0x10, ServeAttach, 5, "x1 = handle of a RESOURCE_ATTACH_BACKING, x2 = first of its entries, x3 = how many, 1..32, x4 = place of the first, x5 = a note: what they name may be looked at. x0 = entries kept.") \
    X(0x11, ServeDetach, 3, "x1 = device, x2 = first place, x3 = how many, 1..256: they are empty. x0 = 0.") \
    X(0x12, ServeLook, 4, "x1 = device, x2 = place and offset, x3 = buffer, x4 = bytes: copies what the client has there. See abi/serve.hpp. x0 = bytes copied.") \
    X(0x13, ServeAttached, 2, "x1 = device, x2 = place. x0 = 0, x1 = its bytes, x2 = its note; NotRequired: it is empty.")
// clang-format on

namespace tiffin::abi {

inline constexpr std::uint32_t abi_version = 2;

/// SMCCC function identifier of call number 0: fast, 64-bit, owner 6.
inline constexpr std::uint32_t hypercall_base = 0xc600'0000;

enum class Call : std::uint32_t {
#define X(number, name, arguments, text) name = hypercall_base + (number),
    TIFFIN_HYPERCALLS(X)
#undef X
};

/// SMCCC return codes (DEN 0028, "Return codes"), as the signed value of x0.
enum class Error : std::int64_t {
    Success = 0,
    NotSupported = -1,
    NotRequired = -2,
    InvalidParameter = -3,
    NotPermitted = -4,
    Busy = -5
};

/// What VcpuStats tells. Times are in ticks of the system counter (CNTFRQ_EL0 Hz).
enum class StatId : std::uint32_t {
    RunTicks = 0,
    WakeUps = 1,
    Traps = 2,
    Switches = 3,
    ReadyTicks = 4,
    Overruns = 5,
    WorstResponse = 6,
    Late = 7
};

}  // namespace tiffin::abi
