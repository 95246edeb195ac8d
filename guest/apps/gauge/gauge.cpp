// A VM whose whole work is a small instrument on the screen: a bar that follows a slow wave. Boot arguments: gauge.steps=N (0: for ever), then it stands still,
// gauge.step_ms=N (100), gauge.colour=N (0x30'c0'60).
#include "guest/sdk/app.hpp"
#include "guest/sdk/screen.hpp"
#include "guest/sdk/sleep.hpp"
#include "guest/sdk/virtio_slot.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

TIFFIN_APP_STACK(8192);

namespace {

constexpr std::uint32_t max_pixels = 160 * 160;
constexpr std::uint32_t wave = 32;  // steps of its way up, and as many down

constinit std::uint32_t pixels[max_pixels] = {};

/// 0..wave, up and down again.
constexpr std::uint32_t height_of(std::uint64_t step) {
    auto const at = static_cast<std::uint32_t>(step % (2 * wave));
    return at < wave ? at : 2 * wave - at;
}
static_assert(height_of(0) == 0 && height_of(wave) == wave && height_of(2 * wave - 1) == 1);

void draw(Canvas canvas, std::uint64_t step, Colour colour) {
    auto const all = canvas.all();
    constexpr Colour frame = 0x20'20'28, rest = 0x40'40'48, ink = 0xf0'f0'f0;
    constexpr std::int32_t border = 4, line = 12;
    canvas.fill(all, frame);
    canvas.text(border, border, "GAUGE", ink);
    canvas.bar({border, border + line, all.width - 2 * border, all.height - 2 * border - line}, height_of(step), wave, colour,
               rest);
}

}  // namespace

unsigned app_main() {
    auto const arguments = boot().arguments;
    auto const steps = argument(arguments, "gauge.steps", 0), step_ms = argument(arguments, "gauge.step_ms", 100);
    auto const colour = static_cast<Colour>(argument(arguments, "gauge.colour", 0x30'c0'60));
    auto const slot = find_virtio_slot(boot().tree, abi::virtio::Type::Gpu);
    if (!slot) panic("gauge: the VM has no screen");
    VirtioInSlot registers{*slot};
    Screen screen{registers, pixels};
    if (char const* const why = screen.start()) print("gauge: the screen {}\n", why), panic("no screen");
    auto const all = screen.canvas().all();
    print("gauge: {} by {} pixels\n", all.width, all.height);
    Sleep sleep;
    auto next = timer::now();
    for (std::uint64_t step = 0; steps == 0 || step < steps; ++step) {
        draw(screen.canvas(), step, colour);
        if (!screen.show(all)) panic("gauge: the screen takes no more");
        if (step == 0) print("gauge: shown\n");
        sleep.until(next += timer::from_us(step_ms * 1000));
    }
    print("gauge: {} steps\n", steps);
    for (;;) sleep.until(next += timer::from_us(1'000'000'000));
}
