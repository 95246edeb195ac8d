// How pixels of a client come to the screen, and its cursor over them.
#include <algorithm>
#include <cstring>

#include "guest/drivers/display/gpu.hpp"

namespace tiffin::display {

namespace {

/// Pixels of a window painted in one turn, about: then other clients have theirs.
constexpr std::int32_t pixels_a_turn = 32'768;
/// Requests of the cursor queue in a turn.
constexpr unsigned cursor_batch = 8;

constexpr std::uint32_t colour_mask = 0xff'ff'ff;

/// Over what lies behind: of a pixel whose colours are multiplied by its alpha.
std::uint32_t blend(std::uint32_t over, std::uint32_t behind) {
    auto const rest = 255 - (over >> 24);
    std::uint32_t out = 0;
    for (unsigned shift = 0; shift < 24; shift += 8)
        out |= std::min(255u, (over >> shift & 255) + (behind >> shift & 255) * rest / 255) << shift;
    return out;
}

/// Where the driver has its corner: it may lie beyond an edge, and no farther than that makes a difference.
std::int32_t tip(std::uint32_t at) {
    return std::clamp(static_cast<std::int32_t>(at), -static_cast<std::int32_t>(protocol::cursor_size),
                      static_cast<std::int32_t>(Pictures::max_side));
}

std::size_t index_of(std::int32_t x, std::int32_t y) {
    return static_cast<std::size_t>(y) * protocol::cursor_size + static_cast<std::size_t>(x);
}

}  // namespace

/// True: there is more.
bool Gpu::paint_some(sdk::Device const& device, std::size_t window) {
    auto& client = clients_[window];
    auto& left = client.unpainted;
    if (!is_empty(left)) {
        auto const lines = std::min(left.height, std::max(1, pixels_a_turn / left.width));
        paint(device, window, {left.x, left.y, left.width, lines});
        left.y += lines, left.height -= lines;
    }
    if (!is_empty(left)) return true;
    if (!client.painting) return false;
    auto const bytes = std::as_bytes(std::span{&client.painting->answer, 1});
    auto const& request = client.painting->request;
    request.finish(0, bytes.first(std::min<std::size_t>(bytes.size(), request.writable())), sdk::Tell::WhenIdle);
    client.painting.reset();
    return true;  // the next may have waited for this
}

/// `where`: in the window. As many rows at once as there is room for; of those, what is seen is shown.
void Gpu::paint(sdk::Device const& device, std::size_t window, Rect const& where) {
    auto const place = layout_.place(window);
    auto left = common(where, {-place.x, -place.y, output_.width(), output_.height()});
    if (is_empty(left)) return;
    // What can be written together on the screen can be read together here.
    auto const room = std::span{pixels_}.subspan(static_cast<std::size_t>((place.x + left.x) % Output::together));
    auto const width = static_cast<std::size_t>(left.width);
    auto const most = static_cast<std::int32_t>(pixels_at_once / width);
    while (left.height != 0) {
        Rect const rows{left.x, left.y, left.width, std::min(left.height, most)};
        fetch(device, clients_[window], rows, room);
        if (owners_shown_ && window != Layout::floor) {
            auto const pixels = room.first(width * static_cast<std::size_t>(rows.height));
            Canvas canvas{pixels, rows.width, rows.height};
            owners_[window].draw(canvas, pixels, rows);
        }
        show(window, {place.x + rows.x, place.y + rows.y, rows.width, rows.height}, room);
        left.y += rows.height, left.height -= rows.height;
    }
}

/// `where`, of the screen: what is seen of it, of these pixels.
void Gpu::show(std::size_t window, Rect const& where, std::span<std::uint32_t const> pixels) {
    auto const width = static_cast<std::size_t>(where.width);
    if (layout_.is_free(window, where)) return output_.show(where, pixels.first(width * static_cast<std::size_t>(where.height)));
    for (std::int32_t row = 0; row < where.height; ++row) {
        auto const line = pixels.subspan(static_cast<std::size_t>(row) * width, width);
        auto const y = where.y + row;
        layout_.seen(window, y, where.x, where.x + where.width, [&](std::int32_t first, std::int32_t last) {
            auto const length = last - first;
            output_.show({first, y, length, 1},
                         line.subspan(static_cast<std::size_t>(first - where.x), static_cast<std::size_t>(length)));
        });
    }
}

/// What a client has in `where` of its window, its cursor over it: black where it has nothing.
void Gpu::fetch(sdk::Device const& device, Client& client, Rect const& where, std::span<std::uint32_t> into) {
    auto const width = static_cast<std::size_t>(where.width);
    auto const* const picture = client.pictures.find(client.shown);
    auto const shown = picture == nullptr ? Rect{} : common({0, 0, client.part.width, client.part.height}, where);
    auto const read = [&](std::int32_t y, std::span<std::uint32_t> pixels) {
        client.pictures.read(device, *picture, static_cast<std::uint32_t>(client.part.x + where.x),
                             static_cast<std::uint32_t>(client.part.y + y), pixels);
    };
    if (shown == where && width == picture->width) {  // rows of the picture lie one behind the other
        read(where.y, into.first(width * static_cast<std::size_t>(where.height)));
    } else {
        for (std::int32_t row = 0; row < where.height; ++row) {
            auto const line = into.subspan(static_cast<std::size_t>(row) * width, width);
            auto const there = is_empty(shown) || row >= shown.height ? 0 : static_cast<std::size_t>(shown.width);
            if (there != 0) read(where.y + row, line.first(there));
            std::ranges::fill(line.subspan(there), 0u);
        }
    }
    if (picture == nullptr || is_empty(common(client.cursor.place, where))) return;
    for (std::int32_t row = 0; row < where.height; ++row)
        blend_cursor(client, where.x, where.y + row, into.subspan(static_cast<std::size_t>(row) * width, width));
}

void Gpu::blend_cursor(Client const& client, std::int32_t x, std::int32_t y, std::span<std::uint32_t> line) const {
    auto const& place = client.cursor.place;
    auto const both = common(place, {x, y, static_cast<std::int32_t>(line.size()), 1});
    if (is_empty(both)) return;
    for (auto column = both.x; column < both.x + both.width; ++column) {
        auto& pixel = line[static_cast<std::size_t>(column - x)];
        pixel = blend(client.cursor.image[index_of(column - place.x, y - place.y)], pixel & colour_mask);
    }
}

bool Gpu::take_cursor(sdk::Device const& device, std::size_t window) {
    std::byte head[sizeof(protocol::Cursor)];
    for (unsigned n = 0; n < cursor_batch; ++n) {
        auto const request = device.next(protocol::cursor_queue, head);
        if (!request) return false;
        protocol::Cursor ask;
        if (request->first().size() >= sizeof ask) {
            std::memcpy(&ask, request->first().data(), sizeof ask);
            set_cursor(device, window, ask);
        }
        request->finish(sdk::Tell::WhenIdle);
    }
    return true;
}

/// It is drawn at once where it was and where it is: little, and nobody waits for it.
void Gpu::set_cursor(sdk::Device const& device, std::size_t window, protocol::Cursor const& ask) {
    auto& client = clients_[window];
    auto& cursor = client.cursor;
    auto const before = cursor.place;
    constexpr auto side = static_cast<std::int32_t>(protocol::cursor_size);
    if (ask.header.type == protocol::Code::UpdateCursor) {
        auto const* const picture = client.pictures.find(ask.resource_id);
        bool const fits =
            picture != nullptr && picture->width == protocol::cursor_size && picture->height == protocol::cursor_size;
        cursor.place = fits ? Rect{0, 0, side, side} : Rect{};
        for (std::uint32_t y = 0; fits && y < protocol::cursor_size; ++y)
            client.pictures.read(device, *picture, 0, y,
                                 std::span{cursor.image}.subspan(y * protocol::cursor_size, protocol::cursor_size));
    }
    cursor.place.x = tip(ask.x), cursor.place.y = tip(ask.y);
    auto const size = layout_.place(window);
    for (auto const& where : {before, cursor.place}) paint(device, window, common(where, {0, 0, size.width, size.height}));
}

}  // namespace tiffin::display
