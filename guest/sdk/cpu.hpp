// The few instructions that C++ has no words for.
#pragma once
#include <cstdint>

#define TIFFIN_STRING_(x) #x

/// Reads a system register by its assembler name: `TIFFIN_READ(cntvct_el0)`.
#define TIFFIN_READ(reg)                                                          \
    ([] {                                                                         \
        std::uint64_t value_;                                                     \
        asm volatile("mrs %0, " TIFFIN_STRING_(reg) : "=r"(value_) : : "memory"); \
        return value_;                                                            \
    }())

/// Writes a system register and synchronises the context, so that the next instruction sees it.
#define TIFFIN_WRITE(reg, value) asm volatile("msr " TIFFIN_STRING_(reg) ", %0; isb" : : "r"(std::uint64_t{value}) : "memory")

namespace tiffin::sdk {

inline void mask_interrupts() { asm volatile("msr daifset, #2" : : : "memory"); }
inline void unmask_interrupts() { asm volatile("msr daifclr, #2" : : : "memory"); }
inline bool interrupts_masked() { return (TIFFIN_READ(daif) >> 7 & 1) != 0; }

/// Masks interrupts for the life of the object, and leaves them as they were.
class InterruptsMasked {
public:
    InterruptsMasked() : were_masked_{interrupts_masked()} { mask_interrupts(); }
    ~InterruptsMasked() {
        if (!were_masked_) unmask_interrupts();
    }
    InterruptsMasked(InterruptsMasked const&) = delete;
    InterruptsMasked& operator=(InterruptsMasked const&) = delete;

private:
    bool were_masked_;
};

/// Sleeps until an interrupt is pending (WFI), and lets its handler run. Wakes also for interrupts already pending.
/// To wait for a flag that a handler sets, test it under InterruptsMasked and call this inside: no wake-up is lost.
inline void wait_for_interrupt() {
    InterruptsMasked const masked;  // WFI wakes for masked interrupts too; a handler between test and sleep would be slept over
    asm volatile("dsb sy; wfi" : : : "memory");
    unmask_interrupts();
    asm volatile("isb" : : : "memory");  // pending interrupts are taken here
    mask_interrupts();
}

/// Device loads and stores. Written in assembly because a compiler may pick pre/post-indexed or paired forms, which carry no
/// syndrome when they trap (Arm ARM, ESR_ELx, "ISS encoding for an exception from a Data Abort", ISV), and so cannot be emulated.
/// T is std::uint8_t, std::uint16_t, std::uint32_t or std::uint64_t; `address` is aligned to it.
template <class T>
T mmio_read(std::uint64_t address);
template <class T>
void mmio_write(std::uint64_t address, T value);

template <>
inline std::uint8_t mmio_read(std::uint64_t address) {
    std::uint32_t value;
    asm volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return static_cast<std::uint8_t>(value);
}
template <>
inline std::uint16_t mmio_read(std::uint64_t address) {
    std::uint32_t value;
    asm volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return static_cast<std::uint16_t>(value);
}
template <>
inline std::uint32_t mmio_read(std::uint64_t address) {
    std::uint32_t value;
    asm volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}
template <>
inline std::uint64_t mmio_read(std::uint64_t address) {
    std::uint64_t value;
    asm volatile("ldr %x0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}
template <>
inline void mmio_write(std::uint64_t address, std::uint8_t value) {
    asm volatile("strb %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}
template <>
inline void mmio_write(std::uint64_t address, std::uint16_t value) {
    asm volatile("strh %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}
template <>
inline void mmio_write(std::uint64_t address, std::uint32_t value) {
    asm volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}
template <>
inline void mmio_write(std::uint64_t address, std::uint64_t value) {
    asm volatile("str %x0, [%1]" : : "r"(value), "r"(address) : "memory");
}

}  // namespace tiffin::sdk
