#include "guest/sdk/screen.hpp"

namespace tiffin::sdk {

namespace {

namespace gpu = abi::virtio::gpu;
using gpu::Code;

constexpr gpu::Header head(Code type) { return {.type = type, .flags = 0, .fence_id = 0, .context_id = 0, .padding = 0}; }

constexpr gpu::Rectangle rectangle(Rect const& r) {
    return {static_cast<std::uint32_t>(r.x), static_cast<std::uint32_t>(r.y), static_cast<std::uint32_t>(r.width),
            static_cast<std::uint32_t>(r.height)};
}

}  // namespace

/// One at a time: nobody here has more to say at once.
bool Screen::exchange(std::span<std::byte const> request, std::span<std::byte const> more, std::span<std::byte> answer) {
    Piece const chain[] = {{request}, {more}, {answer, true}};
    Piece const short_chain[] = {{request}, {answer, true}};
    if (!queue_.post(more.empty() ? std::span<Piece const>{short_chain} : std::span<Piece const>{chain})) return false;
    registers_.notify(gpu::control_queue);
    for (;;) {
        if (auto const done = queue_.take()) return done->written == answer.size();
        if (driver_.failed() || queue_.broken()) return false;
        registers_.wait();
    }
}

template <class T>
bool Screen::ask(T const& request, std::span<gpu::MemoryEntry const> more) {
    gpu::Header answer{};
    return exchange(std::as_bytes(std::span{&request, 1}), std::as_bytes(more), std::as_writable_bytes(std::span{&answer, 1})) &&
           answer.type == Code::OkNoData;
}

bool Screen::ask_size() {
    auto const request = head(Code::GetDisplayInfo);
    gpu::DisplayInfo info{};
    if (!exchange(std::as_bytes(std::span{&request, 1}), {}, std::as_writable_bytes(std::span{&info, 1}))) return false;
    auto const& place = info.scanouts[0].place;
    constexpr std::uint32_t most = 1u << 14;
    if (info.scanouts[0].enabled == 0 || place.width == 0 || place.height == 0 || place.width > most || place.height > most)
        return false;
    width_ = static_cast<std::int32_t>(place.width), height_ = static_cast<std::int32_t>(place.height);
    return true;
}

char const* Screen::start() {
    if (char const* const why = driver_.start(0)) return why;
    if (!ask_size()) return "does not say how large it is";
    auto const all = canvas().all();
    auto const area = rectangle(all);
    auto const bytes = std::uint64_t{area.width} * area.height * sizeof(std::uint32_t);
    if (bytes > pixels_.size_bytes()) return "is larger than the memory for it";
    gpu::MemoryEntry const memory{reinterpret_cast<std::uint64_t>(pixels_.data()), static_cast<std::uint32_t>(bytes), 0};
    bool const taken =
        ask(gpu::ResourceCreate2d{head(Code::ResourceCreate2d), picture, gpu::Format::B8G8R8X8, area.width, area.height}) &&
        ask(gpu::AttachBacking{head(Code::ResourceAttachBacking), picture, 1}, {&memory, 1}) &&
        ask(gpu::SetScanout{head(Code::SetScanout), area, 0, picture});
    return taken ? nullptr : "does not take the picture";
}

bool Screen::show(Rect const& where) {
    auto const area = rectangle(where);
    auto const offset = (std::uint64_t{area.y} * static_cast<std::uint32_t>(width_) + area.x) * sizeof(std::uint32_t);
    return ask(gpu::TransferToHost2d{head(Code::TransferToHost2d), area, offset, picture, 0}) &&
           ask(gpu::ResourceFlush{head(Code::ResourceFlush), area, picture, 0});
}

}  // namespace tiffin::sdk
