// Where the guests' bytes lie in the boot image. What is the same is stored once: a hundred VMs of one kernel cost one kernel.
#pragma once
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "tool/files.hpp"

namespace tiffin {

struct PlacedPayload {
    std::uint64_t image_offset;
    SharedBytes bytes;
    std::uint32_t crc32;
};

class PayloadArea {
public:
    /// `start` is the first free offset of the image, 4 KiB aligned.
    explicit PayloadArea(std::uint64_t start) : end_{start} {}

    /// The index of the place of these bytes. From 2 MiB on, the place is congruent to `ipa` modulo 2 MiB, so that stage 2 can
    /// map blocks.
    std::size_t add(SharedBytes const& bytes, std::uint64_t ipa);
    /// Places everything: small pieces first, then the large ones, so that the gaps before these stay few.
    void settle();

    [[nodiscard]] PlacedPayload const& at(std::size_t index) const { return places_[index]; }
    [[nodiscard]] std::vector<PlacedPayload> const& all() const { return places_; }
    [[nodiscard]] std::uint64_t end() const { return end_; }

private:
    using Key = std::tuple<std::uint32_t, std::size_t, std::uint64_t>;  // checksum, size, residue
    std::uint32_t checksum(SharedBytes const& bytes);

    std::uint64_t end_;
    std::vector<PlacedPayload> places_;
    std::vector<std::uint64_t> residues_;  // of ipa modulo 2 MiB; of small pieces 0
    std::multimap<Key, std::size_t> known_;
    std::map<Bytes const*, std::uint32_t> checksums_;
};

}  // namespace tiffin
