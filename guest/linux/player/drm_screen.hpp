// A screen of Linux's, by its kernel's mode-setting interface (drm_mode.h, "dumb buffers"): memory to draw in, and a word for what changed.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "guest/sdk/canvas.hpp"

namespace player {

class DrmScreen {
public:
    DrmScreen() = default;
    DrmScreen(DrmScreen const&) = delete;
    DrmScreen& operator=(DrmScreen const&) = delete;

    /// Takes the first connector that has a mode, in the mode that it prefers. Empty, or what failed.
    std::string open(char const* path);
    [[nodiscard]] tiffin::sdk::Canvas canvas() const { return {pixels_, width_, height_}; }
    [[nodiscard]] std::span<std::uint32_t> pixels() const {
        return pixels_.first(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_));
    }
    /// What was drawn there is on the screen when this returns. False: the kernel refused; errno says why.
    [[nodiscard]] bool show(tiffin::sdk::Rect const& where) const;

    static constexpr std::int32_t pointer_side = 64;
    /// The hardware's cursor is this, of pixels with alpha. Empty, or what failed.
    std::string make_pointer(void (*draw)(tiffin::sdk::Canvas&));
    [[nodiscard]] bool move_pointer(std::int32_t x, std::int32_t y) const;

private:
    /// Memory to draw in, of 32 bits a pixel.
    struct Buffer {
        std::uint32_t handle{0}, pitch{0};
        std::span<std::uint32_t> pixels;
    };
    [[nodiscard]] std::string make_buffer(std::int32_t width, std::int32_t height, Buffer& made) const;
    [[nodiscard]] std::string make_frame();

    int file_{-1};
    std::uint32_t crtc_{0};
    std::uint32_t buffer_{0};  // the frame buffer's id
    std::int32_t width_{0}, height_{0};
    std::span<std::uint32_t> pixels_;
};

}  // namespace player
