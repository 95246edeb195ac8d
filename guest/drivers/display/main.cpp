// A VM that shows the screens of other VMs in windows of the board's: the PCI function it was given, QEMU's bochs-display. With a keyboard
// of the board's (a virtio input device) it gives the keys to the client that has the focus. Boot arguments: display.width=800,
// display.height=480, and which key does what, by Linux's numbers: keys.focus=88 (F12) moves the focus, keys.owners=87 (F11) asks whose each
// window is, keys.enlarge=68 (F10) gives the client with the focus all of the screen, and each again takes it back.
#include <cstring>

#include "guest/drivers/display/bochs.hpp"
#include "guest/drivers/display/desk.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"
#include "guest/sdk/pci.hpp"
#include "guest/sdk/simd.hpp"
#include "guest/sdk/virtio_board.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

TIFFIN_APP_STACK(16384);

namespace {

namespace bochs = display::bochs;

class Registers final : public bochs::Registers {
public:
    explicit Registers(std::uint64_t bar) : base_{bar + bochs::registers_at} {}
    std::uint16_t read(bochs::Register which) override { return mmio_read<std::uint16_t>(at(which)); }
    void write(bochs::Register which, std::uint16_t value) override { mmio_write(at(which), value); }

private:
    [[nodiscard]] std::uint64_t at(bochs::Register which) const { return base_ + 2 * static_cast<std::uint32_t>(which); }

    std::uint64_t base_;
};

class Screen final : public display::Output {
public:
    Screen(std::uint64_t picture, bochs::Mode const& mode) : picture_{picture}, mode_{mode} {}

    [[nodiscard]] std::int32_t width() const override { return mode_.width; }
    [[nodiscard]] std::int32_t height() const override { return mode_.height; }
    void show(sdk::Rect const& where, std::span<std::uint32_t const> pixels) override {
        auto const width = static_cast<std::size_t>(where.width);
        if (where.width == mode_.width) return put(where.x, where.y, pixels);  // its rows lie one behind the other
        for (std::int32_t row = 0; row < where.height; ++row)
            put(where.x, where.y + row, pixels.subspan(static_cast<std::size_t>(row) * width, width));
    }

private:
    /// The picture is device memory: by aligned words, and 16 bytes at once where they lie so here and there.
    void put(std::int32_t x, std::int32_t y, std::span<std::uint32_t const> pixels) {
        auto at = picture_ + 4 * (static_cast<std::uint64_t>(y) * mode_.width + static_cast<std::uint64_t>(x));
        for (; at % simd::register_bytes != 0 && !pixels.empty(); at += 4, pixels = pixels.subspan(1))
            mmio_write(at, pixels.front());
        if (reinterpret_cast<std::uintptr_t>(pixels.data()) % simd::register_bytes == 0) {
            auto const many = pixels.first(pixels.size() / (simd::round_bytes / 4) * (simd::round_bytes / 4));
            simd::copy(reinterpret_cast<void*>(at), many.data(), many.size_bytes());
            at += many.size_bytes(), pixels = pixels.subspan(many.size());
        }
        for (auto const pixel : pixels) mmio_write(at, pixel), at += 4;
    }

    std::uint64_t picture_;
    bochs::Mode mode_;
};

bochs::Mode mode_asked(std::string_view arguments) {
    auto const width = argument(arguments, "display.width", 800), height = argument(arguments, "display.height", 480);
    if (width > display::Pictures::max_side || height > display::Pictures::max_side)
        panic("display: at most 4096 pixels each way");
    return {static_cast<std::uint16_t>(width), static_cast<std::uint16_t>(height)};
}

/// nullptr: the VM was given none.
input::Keyboard* find_keyboard() {
    auto* const device = find_board_virtio(abi::virtio::Type::Input, wake_server);
    if (device == nullptr) return nullptr;
    static constinit input::Keyboard::Memory memory;
    auto& keyboard = keep<input::Keyboard>(*device, memory);
    if (auto const* const why = keyboard.start())
        print("display: the board's keyboard: {}\n", why), panic("the keyboard can't be used");
    return &keyboard;
}

void say(std::string_view line) { print("display: {}\n", line); }

display::Desk::Keys keys_asked(std::string_view arguments) {
    auto const key = [&](char const* name, std::uint16_t otherwise) {
        return static_cast<std::uint16_t>(argument(arguments, name, otherwise));
    };
    return {key("keys.focus", input::f12), key("keys.owners", display::f11), key("keys.enlarge", display::f10)};
}

}  // namespace

unsigned app_main() {
    turn_caches_on();
    Server server{serve_calls()};
    auto const function = find_pci(boot().tree, bochs::id);
    if (!function) panic("display: the VM has no screen (QEMU's bochs-display)");
    function->enable(false);
    auto const mode = mode_asked(boot().arguments);
    Registers registers{function->bar(bochs::register_bar)};
    if (char const* const why = bochs::set_mode(registers, mode))
        print("display: the board's screen {}\n", why), panic("no screen");
    Screen screen{function->bar(bochs::picture_bar), mode};
    simd::enable();
    server.start();
    auto* const keyboard = find_keyboard();
    auto& gpu = keep<display::Gpu>(server.devices(), screen);
    auto& desk = keep<display::Desk>(server.devices(), gpu, keyboard, keys_asked(boot().arguments), say);
    print("display: {} devices, {} by {} pixels{}\n", server.devices().size(), mode.width, mode.height,
          keyboard != nullptr ? ", and a keyboard" : "");
    server.run(desk);
}
