// Function identifiers of PSCI, SMCCC and TRNG. Sources: Arm DEN 0022 (PSCI 1.1) "Functions", DEN 0028 (SMCCC 1.2) "Arm
// Architecture Calls", DEN 0098 (TRNG firmware interface 1.0).
#pragma once
#include <cstdint>

namespace tiffin::armv8 {

namespace smccc {
inline constexpr std::uint32_t version = 0x8000'0000, arch_features = 0x8000'0001, arch_soc_id = 0x8000'0002;
inline constexpr std::uint32_t arch_workaround_1 = 0x8000'8000, arch_workaround_2 = 0x8000'7fff, arch_workaround_3 = 0x8000'3fff;
inline constexpr std::uint32_t vendor_call_count = 0x8600'ff00, vendor_uid = 0x8600'ff01, vendor_revision = 0x8600'ff03;
inline constexpr std::uint32_t version_1_1 = 0x1'0001;
inline constexpr std::uint64_t not_supported = ~0ull;  // -1
inline constexpr std::uint32_t sixty_four = 1u << 30;  // in a function identifier: the 64-bit form
}  // namespace smccc

namespace psci {
enum class Function : std::uint32_t {
    Version = 0x8400'0000,
    CpuSuspend = 0x8400'0001,
    CpuOff = 0x8400'0002,
    CpuOn = 0x8400'0003,
    AffinityInfo = 0x8400'0004,
    Migrate = 0x8400'0005,
    MigrateInfoType = 0x8400'0006,
    SystemOff = 0x8400'0008,
    SystemReset = 0x8400'0009,
    Features = 0x8400'000a,
    SystemSuspend = 0x8400'000e,
    SystemReset2 = 0x8400'0012,
};
inline constexpr std::uint32_t version_1_1 = 0x1'0001;
enum class Return : std::int64_t {
    Success = 0,
    NotSupported = -1,
    InvalidParameters = -2,
    Denied = -3,
    AlreadyOn = -4,
    OnPending = -5,
    InternalFailure = -6,
    NotPresent = -7,
    Disabled = -8,
    InvalidAddress = -9,
};
}  // namespace psci

namespace trng {
inline constexpr std::uint32_t version = 0x8400'0050, features = 0x8400'0051, get_uuid = 0x8400'0052, rnd32 = 0x8400'0053,
                               rnd64 = 0xc400'0053;
inline constexpr std::uint32_t version_1_0 = 0x1'0000;
inline constexpr std::int64_t invalid_parameters = -2, no_entropy = -3;
}  // namespace trng

/// Arm DEN 0057 "Paravirtualized Time for Arm-based Systems", "PV_TIME_FEATURES" and "PV_TIME_ST".
namespace pv_time {
inline constexpr std::uint32_t features = 0xc500'0020, stolen_time = 0xc500'0021;
}  // namespace pv_time

}  // namespace tiffin::armv8
