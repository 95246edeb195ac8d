#include "guest/drivers/disk/partitions.hpp"

#include <algorithm>
#include <cstring>

#include "base/crc32.hpp"

namespace tiffin::disk {

namespace {

using Bytes = std::span<std::byte const>;

/// Nothing is aligned, and all is little-endian.
template <class T>
T number_at(Bytes bytes, std::size_t at) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

/// "Legacy Master Boot Record": offsets.
namespace mbr {
constexpr std::size_t entries = 446, entry_bytes = 16, type_at = 4, first_at = 8, sectors_at = 12, signature_at = 510;
constexpr std::uint32_t count = 4;
constexpr std::uint16_t signature = 0xaa55;
constexpr std::byte unused{0}, extended{5}, extended_lba{15}, gpt{0xee};
}  // namespace mbr

/// "GPT Header" and "GPT Partition Entry Array": offsets.
namespace gpt {
constexpr std::uint64_t signature = 0x5452'4150'2049'4645;  // "EFI PART"
constexpr std::size_t header_size_at = 12, header_crc_at = 16, own_at = 24, entries_at = 72, count_at = 80, size_at = 84,
                      crc_at = 88;
constexpr std::size_t least_header = 92, least_entry = 128, first_at = 32, last_at = 40;
constexpr char const* damaged = "its GPT is damaged: see what gdisk says";
}  // namespace gpt

}  // namespace

std::optional<Part> Partitions::number(std::uint64_t n) const {
    if (n == 0 || n > most || parts_[n - 1].size == 0) return std::nullopt;
    return parts_[n - 1];
}

void Partitions::note(std::uint32_t index, std::uint64_t first, std::uint64_t sectors) {
    auto const whole = drive_.sectors();
    if (first < whole && sectors <= whole - first) parts_[index] = {first * sector_bytes, sectors * sector_bytes};
}

char const* Partitions::read() {
    Sector sector;
    if (!drive_.read(0, sector)) return "its first sector can't be read";
    if (number_at<std::uint16_t>(sector, mbr::signature_at) != mbr::signature) return "it has no partition table";
    return sector[mbr::entries + mbr::type_at] == mbr::gpt ? read_gpt() : read_mbr(sector);
}

char const* Partitions::read_mbr(Bytes sector) {
    for (std::uint32_t i = 0; i < mbr::count; ++i) {
        auto const entry = sector.subspan(mbr::entries + i * mbr::entry_bytes, mbr::entry_bytes);
        auto const type = entry[mbr::type_at];
        if (type == mbr::unused || type == mbr::extended || type == mbr::extended_lba) continue;
        note(i, number_at<std::uint32_t>(entry, mbr::first_at), number_at<std::uint32_t>(entry, mbr::sectors_at));
    }
    return nullptr;
}

char const* Partitions::read_gpt() {
    Sector header;
    if (drive_.sectors() < 2 || !drive_.read(1, header)) return "its GPT can't be read";
    auto const size = number_at<std::uint32_t>(header, gpt::header_size_at);
    if (number_at<std::uint64_t>(header, 0) != gpt::signature || size < gpt::least_header || size > header.size())
        return gpt::damaged;
    auto const crc = number_at<std::uint32_t>(header, gpt::header_crc_at);
    std::memset(header.data() + gpt::header_crc_at, 0, sizeof crc);  // it counts as zero
    if (crc32(Bytes{header}.first(size)) != crc || number_at<std::uint64_t>(header, gpt::own_at) != 1) return gpt::damaged;
    return read_gpt_entries(number_at<std::uint64_t>(header, gpt::entries_at), number_at<std::uint32_t>(header, gpt::count_at),
                            number_at<std::uint32_t>(header, gpt::size_at), number_at<std::uint32_t>(header, gpt::crc_at));
}

char const* Partitions::read_gpt_entries(std::uint64_t at, std::uint32_t count, std::uint32_t size, std::uint32_t crc) {
    if (count > most || size != gpt::least_entry) return "its GPT has more than 128 entries, or entries larger than 128 bytes";
    constexpr std::uint32_t a_sector = sector_bytes / gpt::least_entry;
    auto const sectors = (count + a_sector - 1) / a_sector;
    if (at > drive_.sectors() || sectors > drive_.sectors() - at) return gpt::damaged;
    Crc32 sum;
    for (std::uint32_t i = 0; i < count; i += a_sector) {
        Sector sector;
        if (!drive_.read(at + i / a_sector, sector)) return "its GPT can't be read";
        auto const here = std::min(count - i, a_sector);
        sum.add(Bytes{sector}.first(here * size));
        for (std::uint32_t n = 0; n < here; ++n) {
            auto const entry = Bytes{sector}.subspan(n * size, size);
            auto const first = number_at<std::uint64_t>(entry, gpt::first_at),
                       last = number_at<std::uint64_t>(entry, gpt::last_at);
            bool const used = number_at<std::uint64_t>(entry, 0) != 0 || number_at<std::uint64_t>(entry, 8) != 0;  // its type
            if (used && last >= first && last != ~0ull) note(i + n, first, last - first + 1);
        }
    }
    return sum.value() == crc ? nullptr : gpt::damaged;
}

}  // namespace tiffin::disk
