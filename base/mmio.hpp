// Device registers, one access at a time. Drivers take the bus as a template parameter, so that host tests give them a fake one.
#pragma once
#include <cstdint>

namespace tiffin {

/// A window of 32-bit registers that is mapped as Device memory at `base`.
class Mmio {
public:
    constexpr explicit Mmio(std::uintptr_t base) : base_{base} {}

    /// `offset` is in bytes, a multiple of 4.
    [[nodiscard]] std::uint32_t read(std::uint32_t offset) const { return *at(offset); }
    void write(std::uint32_t offset, std::uint32_t value) const { *at(offset) = value; }
    /// The few registers of 64 bits; a multiple of 8.
    [[nodiscard]] std::uint64_t read64(std::uint32_t offset) const { return *at<std::uint64_t>(offset); }
    void write64(std::uint32_t offset, std::uint64_t value) const { *at<std::uint64_t>(offset) = value; }

private:
    // Volatile alone orders accesses to one device for the core too: Device-nGnRE keeps program order within a peripheral
    // (Arm ARM DDI 0487, "Device memory").
    template <class Word = std::uint32_t>
    [[nodiscard]] Word volatile* at(std::uint32_t offset) const {
        return reinterpret_cast<Word volatile*>(base_ + offset);
    }

    std::uintptr_t base_;
};

}  // namespace tiffin
