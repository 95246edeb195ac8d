// A virtio block device of the board (virtio 1.2, "Block Device") in the hands of this VM, one request at a time.
#pragma once
#include <span>

#include "guest/sdk/virtio_driver.hpp"

namespace tiffin::disk {

class Drive {
public:
    Drive(sdk::VirtioRegisters& registers, sdk::QueueMemory& memory)
        : registers_{registers}, queue_{memory}, driver_{registers, {&queue_, 1}} {}
    Drive(Drive const&) = delete;
    Drive& operator=(Drive const&) = delete;

    /// Nullptr, or why it can't be used.
    char const* start();
    [[nodiscard]] std::uint64_t sectors() const { return sectors_; }
    [[nodiscard]] bool read_only() const;

    /// Whole sectors, inside the drive. False: the drive says so, or breaks a rule, upon which it is set up anew.
    bool read(std::uint64_t sector, std::span<std::byte> into);
    bool write(std::uint64_t sector, std::span<std::byte const> from);
    /// What was written so far survives a loss of power. A drive without a cache has nothing to do.
    bool flush();

private:
    bool carry_out(std::uint32_t type, std::uint64_t sector, std::span<sdk::Piece const> data);
    [[nodiscard]] bool finished(std::uint16_t chain);

    sdk::VirtioRegisters& registers_;
    sdk::Virtqueue queue_;
    sdk::VirtioDriver driver_;
    std::uint64_t sectors_{0};
    abi::virtio::block::Request head_{};
    std::byte status_{};
};

}  // namespace tiffin::disk
