// Names for the addresses of a panic's backtrace. EL2 code is position independent: it prints offsets into the image, and the ELF
// of the hypervisor is linked at 0, so that an offset is an address there.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tool/files.hpp"
#include "tool/image/elf.hpp"

namespace tiffin {

class Symbols {
public:
    /// Symbols of an ELF file; none, and a reason, if it can't be read.
    static std::optional<Symbols> open(std::string const& path, std::string& why);

    /// "tiffin::Scheduler::run()+0x1c"; empty if no function is near.
    [[nodiscard]] std::string name(std::uint64_t address) const;

    /// The name for a line that ends with a frame, `tiffin:   #0 +0x1234`; empty for any other line.
    [[nodiscard]] std::string annotation(std::string_view line) const;

private:
    struct Function {
        std::uint64_t address, size;
        std::string name;
    };
    std::vector<Function> functions_;  // by address
};

/// The offset that a frame's line names.
std::optional<std::uint64_t> frame_offset(std::string_view line);

}  // namespace tiffin
