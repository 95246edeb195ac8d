#include "guest/drivers/disk/store.hpp"

#include <algorithm>
#include <cstring>

#include "guest/drivers/disk/parts.hpp"

namespace tiffin::disk {

namespace {

/// Calls `move(done, piece)` for `size` bytes, in pieces of `buffer`, until one fails.
template <class Move>
bool in_pieces(std::uint64_t size, std::span<std::byte> buffer, Move move) {
    for (std::uint64_t done = 0; done < size;) {
        auto const piece = buffer.first(std::min<std::uint64_t>(size - done, buffer.size()));
        if (!move(done, piece)) return false;
        done += piece.size();
    }
    return true;
}

}  // namespace

bool MemoryStore::take(sdk::Request const& request, std::uint64_t head, std::uint64_t at, std::uint64_t size) {
    if (place_ == Place::Flash) return false;
    auto const to = bytes_.subspan(at, size);
    if (place_ == Place::Ram) return request.read(head, to);
    return in_pieces(size, page_, [&](std::uint64_t done, std::span<std::byte> piece) {
        if (!request.read(head + done, piece)) return false;
        std::memcpy(to.data() + done, piece.data(), piece.size());
        return true;
    });
}

bool MemoryStore::give(sdk::Request const& request, std::uint64_t at, std::uint64_t size) {
    auto const from = bytes_.subspan(at, size);
    if (place_ == Place::Ram) return request.write(0, from);
    return in_pieces(size, page_, [&](std::uint64_t done, std::span<std::byte> piece) {
        std::memcpy(piece.data(), from.data() + done, piece.size());
        return request.write(done, piece);
    });
}

std::uint64_t DriveStore::size() const { return drive_.sectors() * sector_bytes; }

bool DriveStore::take(sdk::Request const& request, std::uint64_t head, std::uint64_t at, std::uint64_t size) {
    return in_pieces(size, buffer_, [&](std::uint64_t done, std::span<std::byte> piece) {
        return request.read(head + done, piece) && drive_.write((at + done) / sector_bytes, piece);
    });
}

bool DriveStore::give(sdk::Request const& request, std::uint64_t at, std::uint64_t size) {
    return in_pieces(size, buffer_, [&](std::uint64_t done, std::span<std::byte> piece) {
        return drive_.read((at + done) / sector_bytes, piece) && request.write(done, piece);
    });
}

}  // namespace tiffin::disk
