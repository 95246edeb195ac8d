// A disk's own partition table: GPT (UEFI Specification 2.10, "GUID Partition Table (GPT) Disk Layout") or the four primary partitions of an
// MBR ("Legacy Master Boot Record"), numbered as Linux numbers them. Nothing in it is believed beyond what the disk has.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "guest/drivers/disk/drive.hpp"
#include "guest/drivers/disk/parts.hpp"

namespace tiffin::disk {

class Partitions {
public:
    explicit Partitions(Drive& drive) : drive_{drive} { problem_ = read(); }

    /// Why the table can't be used; nullptr if it can.
    [[nodiscard]] char const* problem() const { return problem_; }
    /// Number `n` counts from 1. Nothing if the table has none of that number, or the disk does not have all of it.
    [[nodiscard]] std::optional<Part> number(std::uint64_t n) const;

private:
    using Sector = std::array<std::byte, sector_bytes>;
    using Bytes = std::span<std::byte const>;
    /// Entries that are looked at: GPT has 128 on nearly all disks.
    static constexpr std::uint32_t most = 128;

    char const* read();
    char const* read_mbr(Bytes mbr);
    char const* read_gpt();
    char const* read_gpt_entries(std::uint64_t at, std::uint32_t count, std::uint32_t size, std::uint32_t crc);
    void note(std::uint32_t index, std::uint64_t first, std::uint64_t sectors);

    Drive& drive_;
    std::array<Part, most> parts_{};
    char const* problem_;
};

}  // namespace tiffin::disk
