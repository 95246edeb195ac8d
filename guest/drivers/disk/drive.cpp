#include "guest/drivers/disk/drive.hpp"

#include <array>

#include "guest/drivers/disk/parts.hpp"

namespace tiffin::disk {

namespace {

namespace block = abi::virtio::block;

constexpr std::uint64_t wanted = block::read_only | block::can_flush;
/// No status that a device has: it wrote none.
constexpr std::byte nothing{0xff};

}  // namespace

char const* Drive::start() {
    if (auto const* const why = driver_.start(wanted)) return why;
    sectors_ = registers_.config(block::capacity_at);
    return sectors_ <= ~0ull / sector_bytes ? nullptr : "it says that it is larger than 16 EiB";
}

bool Drive::read_only() const { return (driver_.features() & block::read_only) != 0; }

bool Drive::read(std::uint64_t sector, std::span<std::byte> into) {
    sdk::Piece const data{into, true};
    return carry_out(block::in, sector, {&data, 1});
}

bool Drive::write(std::uint64_t sector, std::span<std::byte const> from) {
    sdk::Piece const data{from, false};
    return !read_only() && carry_out(block::out, sector, {&data, 1});
}

bool Drive::flush() { return (driver_.features() & block::can_flush) == 0 || carry_out(block::flush, 0, {}); }

bool Drive::carry_out(std::uint32_t type, std::uint64_t sector, std::span<sdk::Piece const> data) {
    head_ = {type, 0, sector};
    status_ = nothing;
    sdk::Piece const head{std::as_bytes(std::span{&head_, 1}), false}, status{{&status_, 1}, true};
    std::array<sdk::Piece, 3> chain{head, status, {}};
    if (!data.empty()) chain = {head, data[0], status};
    auto const posted = queue_.post(std::span{chain}.first(2 + data.size()));
    if (!posted) return false;
    if (queue_.wants_notification()) registers_.notify(0);
    if (finished(*posted)) return const_cast<std::byte volatile&>(status_) == std::byte{block::ok};
    // It may still write to what it was given, until it is reset. If it does not start, the next request tries it again.
    start();
    return false;
}

bool Drive::finished(std::uint16_t chain) {
    for (;;) {
        if (auto const done = queue_.take()) return done->chain == chain;
        if (driver_.failed()) return false;
        registers_.wait();
    }
}

}  // namespace tiffin::disk
