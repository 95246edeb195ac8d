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
    /// The mode that its connector prefers now, with a picture of that size, in which nothing is drawn yet; all stays if the size does.
    /// Empty, or what failed.
    std::string follow();
    [[nodiscard]] tiffin::sdk::Canvas canvas() const { return {frame_.pixels, frame_.width, frame_.height}; }
    [[nodiscard]] std::span<std::uint32_t> pixels() const {
        return frame_.pixels.first(static_cast<std::size_t>(frame_.width) * static_cast<std::size_t>(frame_.height));
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
        std::int32_t width{0}, height{0};
        std::uint32_t handle{0}, pitch{0};
        std::span<std::uint32_t> pixels{};
        std::uint32_t frame{0};  // its id as a frame buffer, if it is one
    };
    [[nodiscard]] std::string make_buffer(Buffer& made) const;
    [[nodiscard]] std::string make_frame(Buffer& made) const;
    void release(Buffer const& old) const;

    int file_{-1};
    std::uint32_t crtc_{0};
    Buffer frame_;
};

}  // namespace player
