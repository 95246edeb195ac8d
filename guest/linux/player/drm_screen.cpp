#include "guest/linux/player/drm_screen.hpp"

#include <cerrno>
#include <cstring>
#include <drm/drm.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <utility>
#include <vector>

namespace player {

namespace {

std::string failed(char const* what) { return std::string{what} + ": " + std::strerror(errno); }
std::uint64_t address(void const* at) { return reinterpret_cast<std::uintptr_t>(at); }

/// A connector, what feeds it, and its mode.
struct Choice {
    std::uint32_t connector, crtc;
    drm_mode_modeinfo mode;
};

bool choose_mode(int file, std::uint32_t connector, drm_mode_modeinfo& mode) {
    drm_mode_get_connector ask{};
    ask.connector_id = connector;
    if (ioctl(file, DRM_IOCTL_MODE_GETCONNECTOR, &ask) != 0 || ask.count_modes == 0) return false;
    std::vector<drm_mode_modeinfo> modes(ask.count_modes);
    ask.modes_ptr = address(modes.data());
    ask.count_props = ask.count_encoders = 0;
    if (ioctl(file, DRM_IOCTL_MODE_GETCONNECTOR, &ask) != 0) return false;
    mode = modes.front();
    for (auto const& each : modes)
        if ((each.type & DRM_MODE_TYPE_PREFERRED) != 0) mode = each;
    return true;
}

bool choose(int file, Choice& choice) {
    drm_mode_card_res counts{};
    if (ioctl(file, DRM_IOCTL_MODE_GETRESOURCES, &counts) != 0 || counts.count_crtcs == 0) return false;
    std::vector<std::uint32_t> crtcs(counts.count_crtcs), connectors(counts.count_connectors);
    drm_mode_card_res ask{};
    ask.count_crtcs = counts.count_crtcs, ask.crtc_id_ptr = address(crtcs.data());
    ask.count_connectors = counts.count_connectors, ask.connector_id_ptr = address(connectors.data());
    if (ioctl(file, DRM_IOCTL_MODE_GETRESOURCES, &ask) != 0) return false;
    choice.crtc = crtcs.front();
    for (auto const connector : connectors) {
        choice.connector = connector;
        if (choose_mode(file, connector, choice.mode)) return true;
    }
    return false;
}

}  // namespace

std::string DrmScreen::make_buffer(Buffer& made) const {
    drm_mode_create_dumb dumb{};
    dumb.width = static_cast<std::uint32_t>(made.width), dumb.height = static_cast<std::uint32_t>(made.height), dumb.bpp = 32;
    if (ioctl(file_, DRM_IOCTL_MODE_CREATE_DUMB, &dumb) != 0) return failed("no memory for the picture");
    if (dumb.pitch != dumb.width * 4) return "the kernel wants something between the rows";
    drm_mode_map_dumb map{};
    map.handle = dumb.handle;
    if (ioctl(file_, DRM_IOCTL_MODE_MAP_DUMB, &map) != 0) return failed("the picture's memory has no place");
    void* const at = mmap(nullptr, dumb.size, PROT_READ | PROT_WRITE, MAP_SHARED, file_, static_cast<off_t>(map.offset));
    if (at == MAP_FAILED) return failed("the picture's memory can't be mapped");
    made.handle = dumb.handle, made.pitch = dumb.pitch;
    made.pixels = {static_cast<std::uint32_t*>(at), dumb.size / 4};
    return {};
}

std::string DrmScreen::make_frame(Buffer& made) const {
    if (auto why = make_buffer(made); !why.empty()) return why;
    drm_mode_fb_cmd frame{};
    frame.width = static_cast<std::uint32_t>(made.width), frame.height = static_cast<std::uint32_t>(made.height);
    frame.pitch = made.pitch;
    frame.bpp = 32, frame.depth = 24, frame.handle = made.handle;
    if (ioctl(file_, DRM_IOCTL_MODE_ADDFB, &frame) != 0) return failed("no frame buffer");
    made.frame = frame.fb_id;
    return {};
}

void DrmScreen::release(Buffer const& old) const {
    auto id = old.frame;
    if (id == 0) return;
    drm_mode_destroy_dumb dumb{};
    dumb.handle = old.handle;
    ioctl(file_, DRM_IOCTL_MODE_RMFB, &id);
    munmap(old.pixels.data(), old.pixels.size_bytes());
    ioctl(file_, DRM_IOCTL_MODE_DESTROY_DUMB, &dumb);
}

std::string DrmScreen::open(char const* path) {
    file_ = ::open(path, O_RDWR | O_CLOEXEC);
    return file_ < 0 ? failed(path) : follow();
}

std::string DrmScreen::follow() {
    Choice choice{};
    if (!choose(file_, choice)) return "no connector has a mode";
    Buffer made{.width = choice.mode.hdisplay, .height = choice.mode.vdisplay};
    if (made.width == frame_.width && made.height == frame_.height) return {};
    if (auto why = make_frame(made); !why.empty()) return why;
    drm_mode_crtc set{};
    set.crtc_id = choice.crtc, set.fb_id = made.frame;
    set.set_connectors_ptr = address(&choice.connector), set.count_connectors = 1;
    set.mode = choice.mode, set.mode_valid = 1;
    if (ioctl(file_, DRM_IOCTL_MODE_SETCRTC, &set) != 0) return failed("the mode can't be set");
    release(std::exchange(frame_, made));
    crtc_ = choice.crtc;
    return {};
}

bool DrmScreen::show(tiffin::sdk::Rect const& where) const {
    drm_clip_rect clip{};
    clip.x1 = static_cast<std::uint16_t>(where.x), clip.y1 = static_cast<std::uint16_t>(where.y);
    clip.x2 = static_cast<std::uint16_t>(where.x + where.width), clip.y2 = static_cast<std::uint16_t>(where.y + where.height);
    drm_mode_fb_dirty_cmd dirty{};
    dirty.fb_id = frame_.frame, dirty.num_clips = 1, dirty.clips_ptr = address(&clip);
    return ioctl(file_, DRM_IOCTL_MODE_DIRTYFB, &dirty) == 0;
}

std::string DrmScreen::make_pointer(void (*draw)(tiffin::sdk::Canvas&)) {
    Buffer made{.width = pointer_side, .height = pointer_side};
    if (auto why = make_buffer(made); !why.empty()) return why;
    tiffin::sdk::Canvas canvas{made.pixels, pointer_side, pointer_side};
    draw(canvas);
    drm_mode_cursor ask{};
    ask.flags = DRM_MODE_CURSOR_BO, ask.crtc_id = crtc_, ask.handle = made.handle;
    ask.width = ask.height = pointer_side;
    return ioctl(file_, DRM_IOCTL_MODE_CURSOR, &ask) == 0 ? std::string{} : failed("no cursor");
}

bool DrmScreen::move_pointer(std::int32_t x, std::int32_t y) const {
    drm_mode_cursor ask{};
    ask.flags = DRM_MODE_CURSOR_MOVE, ask.crtc_id = crtc_, ask.x = x, ask.y = y;
    return ioctl(file_, DRM_IOCTL_MODE_CURSOR, &ask) == 0;
}

}  // namespace player
