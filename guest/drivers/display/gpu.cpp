#include "guest/drivers/display/gpu.hpp"

#include <algorithm>
#include <cstring>

namespace tiffin::display {

using protocol::Code;
using sdk::Device;
using sdk::Request;
using sdk::Tell;

namespace {

/// Requests of one queue in a turn.
constexpr unsigned batch = 16;

/// What the request begins with; nothing: it is shorter.
template <class T>
std::optional<T> head_of(Request const& request) {
    T head;
    if (request.first().size() < sizeof head) return std::nullopt;
    std::memcpy(&head, request.first().data(), sizeof head);
    return head;
}

/// The answer's header: of a fenced request, with its fence.
protocol::Header header_for(Request const& request, Code type) {
    auto const asked = head_of<protocol::Header>(request).value_or(protocol::Header{});
    if ((asked.flags & protocol::fenced) == 0) return {.type = type, .flags = 0, .fence_id = 0, .context_id = 0, .padding = 0};
    return {.type = type, .flags = protocol::fenced, .fence_id = asked.fence_id, .context_id = asked.context_id, .padding = 0};
}

void finish(Request const& request, protocol::Header const& answer) {
    auto const bytes = std::as_bytes(std::span{&answer, 1});
    request.finish(0, bytes.first(std::min<std::size_t>(bytes.size(), request.writable())), Tell::WhenIdle);
}

/// A part of a picture, if it lies in it and is something.
std::optional<Rect> part_of(Picture const& picture, protocol::Rectangle const& r) {
    if (r.width == 0 || r.height == 0 || r.width > picture.width || r.height > picture.height || r.x > picture.width - r.width ||
        r.y > picture.height - r.height)
        return std::nullopt;
    return Rect{static_cast<std::int32_t>(r.x), static_cast<std::int32_t>(r.y), static_cast<std::int32_t>(r.width),
                static_cast<std::int32_t>(r.height)};
}

/// The client's name, as letters with a zero behind them.
std::array<char, protocol::owner_size> owner_of(Device const& device) {
    std::array<std::uint64_t, protocol::owner_size / 8> words{};
    for (std::uint32_t i = 0; i < words.size(); ++i) words[i] = device.config(protocol::owner_at + 8 * i);
    std::array<char, protocol::owner_size> letters{};
    std::memcpy(letters.data(), words.data(), letters.size() - 1);
    return letters;
}

/// As the description has it.
protocol::Window described(Device const& device) {
    std::uint64_t const words[] = {device.config(protocol::window_at), device.config(protocol::window_at + 8)};
    protocol::Window window;
    std::memcpy(&window, words, sizeof window);
    return window;
}

/// Of protocol::Window::kept: this window is enlarged; all windows say whose they are.
constexpr std::uint8_t kept_enlarged = 1, kept_owners = 2;

}  // namespace

Gpu::Gpu(std::span<Device const> devices, Output& output)
    : devices_{devices}, output_{output}, layout_{output.width(), output.height()} {
    window_of_.fill(none);
    auto enlarged = Layout::floor;
    for (auto const& device : devices_) {
        if (device.type() != abi::virtio::Type::Gpu) continue;
        auto const window = described(device);
        auto const number = layout_.count();
        if (!layout_.add({window.x, window.y, window.width, window.height}, window.on_top != 0)) continue;
        window_of_[device.index()] = number;
        if ((window.kept & kept_enlarged) != 0) enlarged = number;
        owners_shown_ = (window.kept & kept_owners) != 0;
    }
    layout_.enlarge(enlarged);
    for (auto const& device : devices_) name_window(device);
}

void Gpu::name_window(Device const& device) {
    auto const window = window_of(device);
    if (window == none) return;
    owners_[window] = Owner{window, owner_of(device).data(), layout_.place(window)};
    put_letters(window);
}

/// For the next life of this server, which finds the windows as they are.
void Gpu::keep(Device const& device) const {
    auto const enlarged = layout_.enlarged() == window_of(device) ? kept_enlarged : 0;
    auto window = described(device);
    window.kept = static_cast<std::uint8_t>(enlarged | (owners_shown_ ? kept_owners : 0));
    std::uint64_t words[2];
    std::memcpy(words, &window, sizeof window);
    device.set_config(protocol::window_at + 8, words[1]);
}

/// In the first corner of the window in which all of them are seen; else in the first one.
void Gpu::put_letters(std::size_t window) {
    auto const place = layout_.place(window);
    auto& owner = owners_[window];
    for (auto const y : {0, place.height - owner.high()})
        for (auto const x : {0, place.width - owner.wide()}) {
            owner.put_letters(x, y);
            if (layout_.sees_all(window, {place.x + x, place.y + y, owner.wide(), owner.high()})) return;
        }
    owner.put_letters(0, 0);
}

void Gpu::show_owners(bool shown) {
    owners_shown_ = shown;
    repaint_all();
}

Owner const* Gpu::enlarge(std::uint32_t client) {
    for (auto const& device : devices_)
        if (auto const window = window_of(device); window != none && device.client() == client)
            return arrange(window) ? &owners_[window] : nullptr;
    return nullptr;
}

std::optional<std::uint32_t> Gpu::enlarged() const {
    for (auto const& device : devices_)
        if (window_of(device) == layout_.enlarged()) return device.client();
    return std::nullopt;
}

/// What the larger window covered is drawn anew, and where nobody has a window there is nothing again.
bool Gpu::arrange(std::size_t enlarged) {
    auto const before = layout_;
    if (!layout_.enlarge(enlarged)) return false;
    for (auto const& device : devices_) {
        auto const window = window_of(device);
        if (window == none) continue;
        name_window(device);
        auto const old = before.place(window), now = layout_.place(window);
        if (old.width != now.width || old.height != now.height) device.set_config(protocol::events_at, protocol::event_display);
    }
    repaint(Layout::floor);
    repaint_all();
    return true;
}

void Gpu::repaint_all() {
    for (auto const& device : devices_) {
        if (window_of(device) == none) continue;
        keep(device);
        repaint(window_of(device));
        turns_ |= 1ull << device.index();
    }
}

void Gpu::begin(Device& device) {
    auto const window = window_of(device);
    if (window == none) return;
    auto& client = clients_[window];
    bool const first = !client.begun;
    client.pictures.forget_all();
    client.shown = 0;
    client.cursor.place = {};
    client.painting.reset();
    client.begun = true;
    client.recovered = first && device.in_use();
    if (client.recovered) return client.pictures.recover(device);
    if (layout_.enlarged() == window) put_back();
    blank(window);
}

bool Gpu::serve(Device& device) {
    auto const window = window_of(device);
    if (window == none) return refuse(device);
    bool const cursor = take_cursor(device, window), control = take_control(device, window);
    bool const floor = window == 0 && paint_some(device, Layout::floor);
    return paint_some(device, window) || cursor || control || floor;
}

/// One client more than there is room for.
bool Gpu::refuse(Device const& device) {
    std::byte head[sizeof(protocol::Header)];
    for (std::uint32_t queue = 0; queue < protocol::queues; ++queue)
        if (auto const request = device.next(queue, head))
            return finish(*request, header_for(*request, Code::ErrorOutOfMemory)), true;
    return false;
}

bool Gpu::take_control(Device const& device, std::size_t window) {
    auto& client = clients_[window];
    std::byte head[sizeof(protocol::Cursor)];
    for (unsigned n = 0; n < batch; ++n) {
        if (!is_empty(client.unpainted)) return true;
        auto const request = device.next(protocol::control_queue, head);
        if (!request) return false;
        take(device, window, *request);
    }
    return true;
}

void Gpu::take(Device const& device, std::size_t window, Request const& request) {
    auto& client = clients_[window];
    auto const header = head_of<protocol::Header>(request);
    if (header && header->type == Code::GetDisplayInfo) return tell_size(window, request);
    auto const code = header ? answer(device, window, header->type, request) : Code::ErrorUnspecified;
    if (is_empty(client.unpainted))
        finish(request, header_for(request, code));
    else
        client.painting.emplace(request, header_for(request, code));
}

Code Gpu::answer(Device const& device, std::size_t window, Code type, Request const& request) {
    auto& client = clients_[window];
    switch (type) {
        case Code::ResourceCreate2d: return create(client, request);
        case Code::ResourceUnref: return unref(device, window, request);
        case Code::SetScanout: return set_scanout(window, request);
        case Code::ResourceFlush: return flush(window, request);
        case Code::TransferToHost2d: return transfer(client, request);
        case Code::ResourceAttachBacking: return attach(device, client, request);
        case Code::ResourceDetachBacking: return detach(device, client, request);
        default: return Code::ErrorUnspecified;
    }
}

void Gpu::tell_size(std::size_t window, Request const& request) const {
    auto const place = layout_.place(window);
    protocol::DisplayInfo info{};
    info.header = header_for(request, Code::OkDisplayInfo);
    info.scanouts[0] = {.place = {0, 0, static_cast<std::uint32_t>(place.width), static_cast<std::uint32_t>(place.height)},
                        .enabled = 1,
                        .flags = 0};
    auto const bytes = std::as_bytes(std::span{&info, 1});
    request.finish(0, bytes.first(std::min<std::size_t>(bytes.size(), request.writable())), Tell::WhenIdle);
}

Code Gpu::create(Client& client, Request const& request) {
    auto const ask = head_of<protocol::ResourceCreate2d>(request);
    if (!ask) return Code::ErrorUnspecified;
    if (ask->resource_id == 0 || client.pictures.find(ask->resource_id) != nullptr) return Code::ErrorInvalidResource;
    bool const known = ask->format == protocol::Format::B8G8R8A8 || ask->format == protocol::Format::B8G8R8X8;
    auto const fits = [](std::uint32_t side) { return side != 0 && side <= Pictures::max_side; };
    if (!known || !fits(ask->width) || !fits(ask->height)) return Code::ErrorInvalidParameter;
    return client.pictures.make(ask->resource_id, ask->width, ask->height) != nullptr ? Code::OkNoData : Code::ErrorOutOfMemory;
}

Code Gpu::unref(Device const& device, std::size_t window, Request const& request) {
    auto& client = clients_[window];
    auto const ask = head_of<protocol::OfResource>(request);
    if (!ask) return Code::ErrorUnspecified;
    auto* const picture = client.pictures.find(ask->resource_id);
    if (picture == nullptr) return Code::ErrorInvalidResource;
    if (client.shown == picture->id) blank(window);
    client.pictures.forget(device, *picture);
    return Code::OkNoData;
}

Code Gpu::attach(Device const& device, Client& client, Request const& request) {
    auto const ask = head_of<protocol::AttachBacking>(request);
    if (!ask) return Code::ErrorUnspecified;
    auto* const picture = client.pictures.find(ask->resource_id);
    if (picture == nullptr) return Code::ErrorInvalidResource;
    if (picture->places != 0) return Code::ErrorUnspecified;
    return client.pictures.attach(device, *picture, request, ask->entries) ? Code::OkNoData : Code::ErrorOutOfMemory;
}

Code Gpu::detach(Device const& device, Client& client, Request const& request) {
    auto const ask = head_of<protocol::OfResource>(request);
    if (!ask) return Code::ErrorUnspecified;
    auto* const picture = client.pictures.find(ask->resource_id);
    if (picture == nullptr) return Code::ErrorInvalidResource;
    client.pictures.detach(device, *picture);
    return Code::OkNoData;
}

Code Gpu::transfer(Client& client, Request const& request) {
    auto const ask = head_of<protocol::TransferToHost2d>(request);
    if (!ask) return Code::ErrorUnspecified;
    auto const* const picture = client.pictures.find(ask->resource_id);
    if (picture == nullptr || picture->places == 0) return Code::ErrorInvalidResource;
    return part_of(*picture, ask->part) ? Code::OkNoData : Code::ErrorInvalidParameter;
}

Code Gpu::set_scanout(std::size_t window, Request const& request) {
    auto& client = clients_[window];
    auto const ask = head_of<protocol::SetScanout>(request);
    if (!ask) return Code::ErrorUnspecified;
    if (ask->scanout != 0) return Code::ErrorInvalidScanout;
    if (ask->resource_id == 0) return blank(window), Code::OkNoData;
    auto const* const picture = client.pictures.find(ask->resource_id);
    if (picture == nullptr) return Code::ErrorInvalidResource;
    auto const part = part_of(*picture, ask->part);
    if (!part) return Code::ErrorInvalidParameter;
    // What another picture, or another part, had where this one has nothing is not seen any more.
    if (client.shown != 0 && (client.part.width > part->width || client.part.height > part->height)) repaint(window);
    client.shown = picture->id;
    client.part = *part;
    return Code::OkNoData;
}

Code Gpu::flush(std::size_t window, Request const& request) {
    auto& client = clients_[window];
    auto const ask = head_of<protocol::ResourceFlush>(request);
    if (!ask) return Code::ErrorUnspecified;
    auto const* const picture = client.pictures.find(ask->resource_id);
    if (picture == nullptr) return Code::ErrorInvalidResource;
    auto const part = part_of(*picture, ask->part);
    if (!part) return Code::ErrorInvalidParameter;
    adopt(window, *picture);
    if (client.shown != picture->id) return Code::OkNoData;
    auto const seen = common(*part, client.part);
    auto const place = layout_.place(window);
    client.unpainted =
        common({seen.x - client.part.x, seen.y - client.part.y, seen.width, seen.height}, {0, 0, place.width, place.height});
    return Code::OkNoData;
}

/// What an earlier life showed is what its driver flushes now, if that is as large as the window, or as it was before it was enlarged.
void Gpu::adopt(std::size_t window, Picture const& picture) {
    auto& client = clients_[window];
    auto const place = layout_.home(window);
    auto const width = static_cast<std::int32_t>(picture.width), height = static_cast<std::int32_t>(picture.height);
    if (!client.recovered || client.shown != 0 || width < place.width || height < place.height) return;
    client.shown = picture.id;
    client.part = {0, 0, width, height};
}

/// Nothing is shown: the window is black.
void Gpu::blank(std::size_t window) {
    clients_[window].shown = 0;
    clients_[window].recovered = false;
    repaint(window);
}

void Gpu::repaint(std::size_t window) {
    auto const place = layout_.place(window);
    clients_[window].unpainted = {0, 0, place.width, place.height};
}

}  // namespace tiffin::display
