// As much of ELF as loading and symbolising need. Every offset in the file is checked before it is followed.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tiffin {

struct ElfSegment {
    std::uint64_t address;             // physical (p_paddr)
    std::span<std::byte const> bytes;  // from the file
    std::uint64_t memory_size;         // >= bytes.size(); the rest is zero
};

struct ElfSymbol {
    std::uint64_t address, size;
    std::string_view name;
};

class Elf {
public:
    /// An ELF64 little-endian AArch64 executable; else nothing, and a reason. `file` must outlive it.
    static std::optional<Elf> open(std::span<std::byte const> file, std::string& why);

    [[nodiscard]] std::uint64_t entry() const { return entry_; }  // physical
    /// PT_LOAD segments that occupy memory, by address.
    [[nodiscard]] std::vector<ElfSegment> const& segments() const { return segments_; }
    /// Functions, by address. Empty for a stripped file.
    [[nodiscard]] std::vector<ElfSymbol> functions() const;

private:
    explicit Elf(std::span<std::byte const> file) : file_{file} {}
    bool read_header(std::string& why);
    bool read_segments(std::string& why);

    std::span<std::byte const> file_;
    std::uint64_t entry_{0};
    std::vector<ElfSegment> segments_;
};

}  // namespace tiffin
