// A virtio block device made up by a test, with its bytes in memory. For host tests only.
#pragma once
#include <cstring>

#include "guest/drivers/disk/parts.hpp"
#include "guest/sdk/serve_testing.hpp"
#include "guest/sdk/virtio_testing.hpp"

namespace tiffin::disk::testing {

struct FakeDrive {
    explicit FakeDrive(std::size_t size) : bytes(size) {
        std::uint64_t const sectors = size / sector_bytes;
        std::memcpy(device.space.data(), &sectors, sizeof sectors);
        device.features |= abi::virtio::block::can_flush;
        device.serve = [this](std::uint16_t, sdk::testing::Offered const& chain) { return serve(chain); };
    }
    FakeDrive(FakeDrive const&) = delete;

    sdk::testing::Bytes bytes;
    sdk::testing::FakeVirtio device;
    std::uint64_t bad_sector{~0ull};
    unsigned flushes{0};
    bool says_nothing{false};  // writes no status

private:
    std::optional<std::uint32_t> serve(sdk::testing::Offered const& chain) {
        namespace block = abi::virtio::block;
        block::Request head{};
        std::memcpy(&head, chain.sent.at(0).data(), sizeof head);
        auto& status = chain.room.back()[0];
        std::uint32_t wrote = 1;
        auto const at = head.sector * sector_bytes;
        status = std::byte{head.sector == bad_sector ? block::io_error : block::ok};
        if (head.type == block::flush) {
            ++flushes;
        } else if (head.type == block::out) {
            std::memcpy(bytes.data() + at, chain.sent.at(1).data(), chain.sent[1].size());
        } else {
            std::memcpy(chain.room[0].data(), bytes.data() + at, chain.room[0].size());
            wrote += static_cast<std::uint32_t>(chain.room[0].size());
        }
        if (says_nothing) status = std::byte{0xff};
        return wrote;
    }
};

}  // namespace tiffin::disk::testing
