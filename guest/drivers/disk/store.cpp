#include "guest/drivers/disk/store.hpp"

#include <algorithm>
#include <cstring>

namespace tiffin::disk {

bool Store::take(sdk::Request const& request, std::uint64_t head, std::uint64_t at, std::uint64_t size) {
    auto const to = bytes_.subspan(at, size);
    if (place_ == Place::Ram) return request.read(head, to);
    for (std::size_t done = 0; done < size;) {
        auto const piece = std::span{page_}.first(std::min<std::size_t>(size - done, page_.size()));
        if (!request.read(head + done, piece)) return false;
        std::memcpy(to.data() + done, piece.data(), piece.size());
        done += piece.size();
    }
    return true;
}

bool Store::give(sdk::Request const& request, std::uint64_t at, std::uint64_t size) {
    auto const from = bytes_.subspan(at, size);
    if (place_ == Place::Ram) return request.write(0, from);
    for (std::size_t done = 0; done < size;) {
        auto const piece = std::span{page_}.first(std::min<std::size_t>(size - done, page_.size()));
        std::memcpy(piece.data(), from.data() + done, piece.size());
        if (!request.write(done, piece)) return false;
        done += piece.size();
    }
    return true;
}

}  // namespace tiffin::disk
