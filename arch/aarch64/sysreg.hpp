// Reading and writing system registers by name.
#pragma once
#include <cstdint>

// The name is text for the assembler, so these two are macros.
#define TIFFIN_READ_SYSREG(name)                                \
    ({                                                          \
        std::uint64_t value_;                                   \
        asm volatile("mrs %0, " name : "=r"(value_)::"memory"); \
        value_;                                                 \
    })
#define TIFFIN_WRITE_SYSREG(name, value) asm volatile("msr " name ", %x0" ::"rZ"(static_cast<std::uint64_t>(value)) : "memory")

namespace tiffin::arch {
inline void isb() { asm volatile("isb" ::: "memory"); }
}  // namespace tiffin::arch
