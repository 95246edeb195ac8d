// A user interface's click, or an alarm, every so often, by the sound device that another VM serves. Boot arguments:
//   clicker.every_ms=N   from one to the next (200)
//   clicker.count=N      how many (10)
//   clicker.alarm_ms=N   an alarm of so long in place of a click
#include <algorithm>
#include <array>
#include <new>

#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"
#include "guest/sdk/sleep.hpp"
#include "guest/sdk/speaker.hpp"
#include "guest/sdk/tones.hpp"
#include "guest/sdk/virtio_slot.hpp"

using namespace tiffin::sdk;

TIFFIN_APP_STACK(8192);

namespace {

void must(bool done) {
    if (!done) panic("the sound device failed");
}

/// A tone of so many periods, heard whole; between two of them the stream is stopped, and asks nothing of the server.
void sound(Speaker& speaker, std::uint64_t periods, std::int16_t (*tone)(std::uint32_t)) {
    static constinit std::array<Speaker::Sample, Speaker::period_samples> period{};
    constexpr std::uint32_t frames = Speaker::period_samples / 2;
    for (std::uint64_t n = 0; n < periods; ++n) {
        tones::fill(period, static_cast<std::uint32_t>(n) * frames, tone);
        must(speaker.play(period));
        if (n + 1 == std::min<std::uint64_t>(periods, Speaker::periods)) must(speaker.start());
    }
    must(speaker.drain());
    must(speaker.stop());
}

}  // namespace

unsigned app_main() {
    turn_caches_on();
    auto const number = [](char const* name, std::uint64_t usual) { return argument(boot().arguments, name, usual); };
    auto const every = timer::from_us(number("clicker.every_ms", 200) * 1000), count = number("clicker.count", 10);
    auto const alarm_periods = number("clicker.alarm_ms", 0) / 10;
    auto const found = find_virtio_slot(boot().tree, tiffin::abi::virtio::Type::Sound);
    if (!found) panic("the VM has no sound device");
    VirtioInSlot slot{*found};
    alignas(Speaker) static constinit std::byte place[sizeof(Speaker)]{};  // too large for a stack
    auto& speaker = *new (place) Speaker{slot};
    if (auto const* const why = speaker.open()) panic(why);
    Sleep sleep;
    auto const begin = timer::now();
    for (std::uint64_t n = 0; n < count; ++n) {
        sleep.until(begin + (n + 1) * every);
        sound(speaker, alarm_periods != 0 ? alarm_periods : 1, alarm_periods != 0 ? tones::alarm : tones::click);
    }
    print("clicker: {} sounds, {} periods refused, {} ms ahead of the ear\n", count, speaker.refused(),
          speaker.latency_bytes() / 192);
    return speaker.refused() == 0 ? 0 : 1;
}
