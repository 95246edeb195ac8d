// The registers of a channel's doorbell page, whatever a guest does with them.
#include "vdev/channel/doorbells.hpp"

#include <gtest/gtest.h>

#include "core/testing.hpp"

namespace tiffin {
namespace {

using testing::Board;
using testing::VmSpec;

constexpr std::uint32_t doorbell = abi::guest_map::channel_intid, page = abi::guest_map::channel_doorbell_stride;

struct Pair : Board {
    Pair() : Board{{VmSpec{.channel_with = 1}, VmSpec{.channel_with = 0}}} { boot(); }
    bool rung() { return (vgic::bank(vcpu(1), doorbell).pending & vgic::mask(doorbell)) != 0; }
    Doorbells device;
};

TEST(Doorbells, AStoreToRingRingsThePeerWhateverItsValue) {
    for (std::uint64_t value : {0ull, 1ull, ~0ull}) {
        Pair pair;
        pair.device.write(pair.vcpu(), {.offset = Doorbells::ring, .size = 4}, value);
        EXPECT_TRUE(pair.rung());
    }
}

TEST(Doorbells, NothingElseDoes) {
    Pair pair;
    for (std::uint32_t offset = 0; offset < 64; ++offset)
        for (std::uint8_t size : {1, 2, 4, 8})
            if (offset != Doorbells::ring || size != 4) pair.device.write(pair.vcpu(), {.offset = offset, .size = size}, 1);
    pair.device.write(pair.vcpu(), {.offset = page, .size = 4}, 1);
    pair.device.write(pair.vcpu(), {.offset = 31 * page, .size = 4}, 1);
    EXPECT_FALSE(pair.rung());
}

TEST(Doorbells, PeerTellsOfTheOtherVmAndTheRestReadsAsZero) {
    Pair pair;
    pair.vm(1).resets = 3;
    EXPECT_EQ(pair.device.read(pair.vcpu(), {.offset = Doorbells::peer, .size = 4}), 0x301u);
    EXPECT_EQ(pair.device.read(pair.vcpu(), {.offset = Doorbells::ring, .size = 4}), 0u);
    EXPECT_EQ(pair.device.read(pair.vcpu(), {.offset = Doorbells::ring, .size = 8}), 0u);
    EXPECT_EQ(pair.device.read(pair.vcpu(), {.offset = page + Doorbells::peer, .size = 4}), 0u);
}

}  // namespace
}  // namespace tiffin
