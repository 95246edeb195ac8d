#include "guest/sdk/virtqueue.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace tiffin::sdk {
namespace {

struct Queue : ::testing::Test {
    Queue() { queue.reset(4); }

    std::optional<std::uint16_t> post(std::size_t pieces, bool written = true) {
        std::vector<Piece> const chain(pieces, Piece{bytes, written});
        return queue.post(chain);
    }
    /// What the device says that it is done with.
    void use(std::uint32_t id, std::uint32_t length = 0) { memory.used.ring[memory.used.index++ % 4] = {id, length}; }

    std::array<std::byte, 16> bytes{};
    QueueMemory memory{};
    Virtqueue queue{memory};
};

TEST_F(Queue, AChainIsLinkedAsItWasPosted) {
    std::array<std::byte, 3> head{};
    std::array<std::byte, 5> room{};
    ASSERT_EQ(queue.post(std::array{Piece{head, false}, Piece{room, true}}), 0);
    auto const &first = memory.descriptors[0], &second = memory.descriptors[1];
    EXPECT_EQ(first.address, reinterpret_cast<std::uint64_t>(head.data()));
    EXPECT_EQ(first.length, 3u);
    EXPECT_EQ(first.flags, abi::virtio::descriptor_next);
    EXPECT_EQ(first.next, 1);
    EXPECT_EQ(second.address, reinterpret_cast<std::uint64_t>(room.data()));
    EXPECT_EQ(second.length, 5u);
    EXPECT_EQ(second.flags, abi::virtio::descriptor_write);
    EXPECT_EQ(memory.available.index, 1);
    EXPECT_EQ(memory.available.ring[0], 0);
}

TEST_F(Queue, HoldsAsManyDescriptorsAsItHasEntriesAndGetsThemBack) {
    EXPECT_FALSE(post(5));
    EXPECT_FALSE(post(0));
    auto const one = post(3), two = post(1);
    ASSERT_TRUE(one && two);
    EXPECT_FALSE(post(1));
    use(*one);
    ASSERT_EQ(queue.take()->chain, *one);
    EXPECT_TRUE(post(3));
    EXPECT_FALSE(post(1));
}

TEST_F(Queue, ChainsMayBeDoneInAnyOrderAndTheIndicesWrap) {
    for (unsigned n = 0; n < 70'000; ++n) {
        auto const one = post(2), two = post(2);
        ASSERT_TRUE(one && two) << n;
        use(*two, 32);
        use(*one, 1);
        auto const first = queue.take(), second = queue.take();
        ASSERT_TRUE(first && second) << n;
        EXPECT_EQ(first->chain, *two);
        EXPECT_EQ(first->written, 32u);
        EXPECT_EQ(second->chain, *one);
        ASSERT_FALSE(queue.take());
    }
    EXPECT_FALSE(queue.broken());
}

TEST_F(Queue, AChainThatWasNeverPostedBreaksIt) {
    ASSERT_EQ(post(2), 0);
    for (std::uint32_t const id : {1u, 2u, 4u, 64u, ~0u}) {  // the middle of a chain, a free one, and none
        memory.used.index = 0;
        queue.reset(4);
        post(2);
        use(id);
        EXPECT_FALSE(queue.take()) << id;
        EXPECT_TRUE(queue.broken()) << id;
        EXPECT_FALSE(post(1)) << "until it was reset";
    }
}

TEST_F(Queue, AChainThatIsDoneTwiceBreaksIt) {
    auto const one = post(1);
    post(1);
    use(*one);
    use(*one);
    EXPECT_TRUE(queue.take());
    EXPECT_FALSE(queue.take());
    EXPECT_TRUE(queue.broken());
}

TEST_F(Queue, MoreBytesThanThereWasRoomForBreakIt) {
    auto const read_only = post(1, false);
    use(*read_only, 1);
    EXPECT_FALSE(queue.take());
    EXPECT_TRUE(queue.broken());
}

TEST_F(Queue, MoreDoneThanPostedBreaksIt) {
    auto const one = post(1);
    use(*one);
    memory.used.index = 2;
    EXPECT_FALSE(queue.take());
    EXPECT_TRUE(queue.broken());
}

TEST_F(Queue, WhatTheDeviceWritesIntoDescriptorsChangesNoChain) {
    auto const one = post(2);
    memory.descriptors[0].next = 3;
    memory.descriptors[1] = {0, 0, abi::virtio::descriptor_next, 1};
    use(*one);
    EXPECT_TRUE(queue.take());
    EXPECT_TRUE(post(4));
}

TEST_F(Queue, TheDeviceMayAskNotToBeNotified) {
    EXPECT_TRUE(queue.wants_notification());
    memory.used.flags = abi::virtio::no_notify;
    EXPECT_FALSE(queue.wants_notification());
}

}  // namespace
}  // namespace tiffin::sdk
