#include "guest/drivers/display/pictures.hpp"

#include <algorithm>

namespace tiffin::display {

namespace {

namespace gpu = abi::virtio::gpu;

/// What is written beside attached memory: [31:0] the picture's id  [44:32] its width  [60:48] its height.
struct Note {
    std::uint64_t raw;

    static Note of(Picture const& p) { return {p.id | std::uint64_t{p.width} << 32 | std::uint64_t{p.height} << 48}; }
    [[nodiscard]] std::uint32_t id() const { return static_cast<std::uint32_t>(raw); }
    [[nodiscard]] std::uint32_t width() const { return raw >> 32 & 0x1fff; }
    [[nodiscard]] std::uint32_t height() const { return raw >> 48 & 0x1fff; }
};

std::uint32_t add_up(std::uint32_t sum, std::uint32_t more) { return sum > ~more ? ~0u : sum + more; }

}  // namespace

Picture* Pictures::find(std::uint32_t id) {
    auto const found = std::ranges::find(pictures_, id, &Picture::id);
    return id == 0 || found == pictures_.end() ? nullptr : found;
}

Picture* Pictures::make(std::uint32_t id, std::uint32_t width, std::uint32_t height) {
    auto const room = std::ranges::find(pictures_, 0u, &Picture::id);
    if (room == pictures_.end()) return nullptr;
    *room = {.id = id, .width = width, .height = height};
    return room;
}

void Pictures::forget(sdk::Device const& device, Picture& picture) {
    detach(device, picture);
    picture = {};
}

bool Pictures::is_free(std::uint32_t first, std::uint32_t places) const {
    return std::ranges::none_of(
        pictures_, [&](Picture const& p) { return p.places != 0 && first < p.first + p.places && p.first < first + places; });
}

/// The first room that is large enough: at the start, or behind a picture. max_places: there is none.
std::uint32_t Pictures::find_room(std::uint32_t places) const {
    auto best = is_free(0, places) ? 0 : max_places;
    for (auto const& p : pictures_)
        if (auto const behind = p.first + p.places; p.places != 0 && behind < best && is_free(behind, places)) best = behind;
    return best + places <= max_places ? best : max_places;
}

bool Pictures::attach(sdk::Device const& device, Picture& picture, sdk::Request const& request, std::uint32_t entries) {
    if (entries == 0 || entries > max_places) return false;
    auto const first = find_room(entries);
    if (first == max_places) return false;
    picture.first = first, picture.places = entries;
    if (request.attach(0, entries, first, Note::of(picture).raw) == entries && note_ends(request, picture)) return true;
    detach(device, picture);
    return false;
}

bool Pictures::note_ends(sdk::Request const& request, Picture const& picture) {
    std::uint32_t sum = 0;
    gpu::MemoryEntry some[32];
    for (std::uint32_t done = 0; done < picture.places;) {
        auto const n = std::min<std::uint32_t>(picture.places - done, std::size(some));
        auto const at = sizeof(gpu::AttachBacking) + std::uint64_t{done} * sizeof *some;
        if (!request.read(at, std::as_writable_bytes(std::span{some}.first(n)))) return false;
        for (std::uint32_t i = 0; i < n; ++i) ends_[picture.first + done + i] = sum = add_up(sum, some[i].length);
        done += n;
    }
    return true;
}

void Pictures::detach(sdk::Device const& device, Picture& picture) {
    if (picture.places != 0) device.detach(picture.first, picture.places);
    picture.first = picture.places = 0;
}

void Pictures::read(sdk::Device const& device, Picture const& picture, std::uint32_t x, std::uint32_t y,
                    std::span<std::uint32_t> into) const {
    auto const ends = std::span{ends_}.subspan(picture.first, picture.places);
    auto at = (y * picture.width + x) * 4;  // below 2^26
    for (auto left = std::as_writable_bytes(into); !left.empty();) {
        auto const piece = static_cast<std::uint32_t>(std::ranges::upper_bound(ends, at) - ends.begin());
        if (piece == ends.size()) return void(std::ranges::fill(left, std::byte{0}));
        auto const start = piece == 0 ? 0 : ends[piece - 1];
        auto const part = left.first(std::min<std::size_t>(left.size(), ends[piece] - at));
        if (!device.look(picture.first + piece, at - start, part)) std::ranges::fill(part, std::byte{0});
        at += static_cast<std::uint32_t>(part.size());
        left = left.subspan(part.size());
    }
}

void Pictures::recover(sdk::Device const& device) {
    for (std::uint32_t place = 0; place < max_places; ++place)
        if (auto const found = device.attached(place)) recover_place(place, found->bytes, found->note);
}

/// Notes are this server's own; places of a picture lie one behind the other.
void Pictures::recover_place(std::uint32_t place, std::uint32_t bytes, std::uint64_t raw) {
    Note const note{raw};
    auto* picture = find(note.id());
    if (picture == nullptr) picture = make(note.id(), note.width(), note.height());
    if (picture == nullptr) return;
    if (picture->places == 0) picture->first = place;
    ++picture->places;
    ends_[place] = add_up(picture->first == place ? 0 : ends_[place - 1], bytes);
}

}  // namespace tiffin::display
