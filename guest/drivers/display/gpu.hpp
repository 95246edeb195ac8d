// The GPU device (virtio 1.2, "GPU Device"), 2D: a screen for each client, which is a window of the board's screen. Pixels go from the
// memory that the client attached straight to the screen when it flushes; only what it flushes, and only where its window is seen.
//
// What a flush shows is what the memory holds then: a transfer is checked, and copies nothing.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "guest/drivers/display/layout.hpp"
#include "guest/drivers/display/output.hpp"
#include "guest/drivers/display/owner.hpp"
#include "guest/drivers/display/pictures.hpp"
#include "guest/sdk/virtio_server.hpp"

namespace tiffin::display {

namespace protocol = abi::virtio::gpu;

class Gpu final : public sdk::Service {
public:
    /// One window for each GPU device, as its description has it; at most Layout::max_windows. `devices` outlive it.
    Gpu(std::span<sdk::Device const> devices, Output& output);

    /// A device whose client is already under way was set up with an earlier life of this server: its pictures are still there.
    void begin(sdk::Device& device) override;
    bool serve(sdk::Device& device) override;
    std::uint64_t wake() override { return std::exchange(turns_, 0); }

    /// Whether each window says over its picture whose it is. All windows are drawn anew, in the turns that wake() asks for.
    void show_owners(bool shown);
    [[nodiscard]] bool owners_shown() const { return owners_shown_; }

    /// The client, a VM's number, has all of the screen that windows on top leave, above all other windows but those. If its screen has
    /// another size by that it is told; when it starts anew its window goes back. Nullptr, and nothing changes: it has no window, or one
    /// on top.
    Owner const* enlarge(std::uint32_t client);
    [[nodiscard]] std::optional<std::uint32_t> enlarged() const;
    /// Each window is where the description has it.
    void put_back() { arrange(Layout::floor); }

    /// One for each window, by its number.
    [[nodiscard]] std::span<Owner const> owners() const { return std::span{owners_}.first(layout_.count()); }

private:
    static constexpr std::size_t none = Layout::max_windows + 1;
    static constexpr std::size_t pixels_at_once = 5120;  // as many as one look fetches (abi::serve::max_look), and at least a row
    static_assert(4 * pixels_at_once == abi::serve::max_look && pixels_at_once >= Pictures::max_side);

    struct Cursor {
        std::array<std::uint32_t, protocol::cursor_size * protocol::cursor_size> image{};  // alpha, and colours times alpha
        Rect place{};  // in the window; no size: it is not seen
    };
    struct Client {
        Pictures pictures{};
        std::uint32_t shown{0};  // the picture in its window; 0: none
        Rect part{};             // of that picture
        Cursor cursor{};
        Rect unpainted{};  // of its window: what is to be drawn yet,
        struct Painting {
            sdk::Request request;
            protocol::Header answer;
        };
        std::optional<Painting> painting{};  // before this is done
        bool begun{false}, recovered{false};
    };

    std::size_t window_of(sdk::Device const& device) const { return window_of_[device.index()]; }
    bool arrange(std::size_t enlarged);
    void name_window(sdk::Device const& device);
    void keep(sdk::Device const& device) const;

    bool paint_some(sdk::Device const& device, std::size_t window);
    void paint(sdk::Device const& device, std::size_t window, Rect const& where);
    void fetch(sdk::Device const& device, Client& client, Rect const& where, std::span<std::uint32_t> into);
    void show(std::size_t window, Rect const& where, std::span<std::uint32_t const> pixels);
    void blend_cursor(Client const& client, std::int32_t x, std::int32_t y, std::span<std::uint32_t> line) const;

    void put_letters(std::size_t window);
    static bool refuse(sdk::Device const& device);
    bool take_cursor(sdk::Device const& device, std::size_t window);
    void set_cursor(sdk::Device const& device, std::size_t window, protocol::Cursor const& ask);
    bool take_control(sdk::Device const& device, std::size_t window);
    void take(sdk::Device const& device, std::size_t window, sdk::Request const& request);
    void tell_size(std::size_t window, sdk::Request const& request) const;
    protocol::Code answer(sdk::Device const& device, std::size_t window, protocol::Code type, sdk::Request const& request);
    static protocol::Code create(Client& client, sdk::Request const& request);
    protocol::Code unref(sdk::Device const& device, std::size_t window, sdk::Request const& request);
    static protocol::Code attach(sdk::Device const& device, Client& client, sdk::Request const& request);
    static protocol::Code detach(sdk::Device const& device, Client& client, sdk::Request const& request);
    static protocol::Code transfer(Client& client, sdk::Request const& request);
    protocol::Code set_scanout(std::size_t window, sdk::Request const& request);
    protocol::Code flush(std::size_t window, sdk::Request const& request);
    void adopt(std::size_t window, Picture const& picture);
    void blank(std::size_t window);
    void repaint(std::size_t window);
    void repaint_all();

    std::span<sdk::Device const> devices_;
    Output& output_;
    Layout layout_;
    std::array<std::size_t, abi::serve::max_devices> window_of_;
    std::array<Client, Layout::max_windows + 1> clients_{};  // the last: the floor, of nobody's
    std::array<Owner, Layout::max_windows> owners_{};
    bool owners_shown_{false};
    std::uint64_t turns_{0};                                                                 // of devices
    alignas(16) std::array<std::uint32_t, pixels_at_once + Output::together - 1> pixels_{};  // on their way to the screen
};

}  // namespace tiffin::display
