// A screen for an app: it draws into memory of its own, and says which part of it is to be seen (virtio 1.2, "GPU Device", 2D).
//
//   constinit std::uint32_t pixels[800 * 40];
//   VirtioInSlot slot{*find_virtio_slot(boot().tree, abi::virtio::Type::Gpu)};
//   Screen screen{slot, pixels};
//   if (auto const* why = screen.start()) panic(why);
//   screen.canvas().fill(screen.canvas().all(), 0x10'30'50);
//   screen.show(screen.canvas().all());
#pragma once
#include <cstdint>
#include <span>

#include "guest/sdk/canvas.hpp"
#include "guest/sdk/virtio_driver.hpp"

namespace tiffin::sdk {

class Screen {
public:
    /// `pixels`: enough for the screen, and where it is as long as the VM lives.
    Screen(VirtioRegisters& registers, std::span<std::uint32_t> pixels) : registers_{registers}, pixels_{pixels} {}

    /// Finds out how large the screen is, and takes it into use. Nullptr, or why it can't be used.
    [[nodiscard]] char const* start();
    /// All of the screen's memory.
    [[nodiscard]] Canvas canvas() const { return {pixels_, width_, height_}; }
    /// What was drawn there is seen, when this returns. False: the device did not take it; start() again.
    bool show(Rect const& where);

private:
    [[nodiscard]] bool ask_size();
    template <class T>
    bool ask(T const& request, std::span<abi::virtio::gpu::MemoryEntry const> more = {});
    bool exchange(std::span<std::byte const> request, std::span<std::byte const> more, std::span<std::byte> answer);

    static constexpr std::uint32_t picture = 1;  // the only one

    VirtioRegisters& registers_;
    std::span<std::uint32_t> pixels_;
    std::int32_t width_{0}, height_{0};
    QueueMemory memory_{};
    Virtqueue queue_{memory_};
    VirtioDriver driver_{registers_, {&queue_, 1}};
};

}  // namespace tiffin::sdk
