#include "tool/pack/payloads.hpp"

#include "base/addr.hpp"
#include "base/crc32.hpp"

namespace tiffin {

std::uint32_t PayloadArea::checksum(SharedBytes const& bytes) {
    auto const [known, fresh] = checksums_.try_emplace(bytes.get(), 0);
    if (fresh) known->second = crc32(*bytes);
    return known->second;
}

std::size_t PayloadArea::add(SharedBytes const& bytes, std::uint64_t ipa) {
    auto const large = bytes->size() >= large_page_size;
    auto const residue = large ? ipa % large_page_size : 0;
    Key const key{checksum(bytes), bytes->size(), residue};
    for (auto [at, end] = known_.equal_range(key); at != end; ++at) {
        auto const& other = places_[at->second].bytes;
        if (other == bytes || *other == *bytes) return at->second;
    }
    places_.push_back({0, bytes, std::get<0>(key)});
    residues_.push_back(residue);
    known_.emplace(key, places_.size() - 1);
    return places_.size() - 1;
}

void PayloadArea::settle() {
    for (bool const large : {false, true}) {
        for (std::size_t i = 0; i < places_.size(); ++i) {
            auto& place = places_[i];
            if ((place.bytes->size() >= large_page_size) != large) continue;
            if (large) end_ += (residues_[i] - end_) % large_page_size;
            place.image_offset = end_;
            end_ = align_up(end_ + place.bytes->size(), page_size);
        }
    }
}

}  // namespace tiffin
