#include "guest/drivers/switch/card.hpp"

#include <gtest/gtest.h>
#include <memory>

#include "guest/sdk/virtio_testing.hpp"

namespace tiffin::net_switch {
namespace {

namespace net = abi::virtio::net;

struct NetworkCard : ::testing::Test {
    NetworkCard() {
        device.serve = [this](std::uint16_t queue, sdk::testing::Offered const& chain) { return serve(queue, chain); };
        EXPECT_EQ(card.start(), nullptr);
    }
    std::optional<std::uint32_t> serve(std::uint16_t queue, sdk::testing::Offered const& chain) {
        if (queue == net::transmit_queue) {
            sent.emplace_back(chain.sent.at(0).begin(), chain.sent.at(0).end());
            return 0;
        }
        if (arriving.empty()) return std::nullopt;
        auto const bytes = arriving.front();
        arriving.erase(arriving.begin());
        std::memcpy(chain.room.at(0).data(), bytes.data(), std::min(bytes.size(), chain.room[0].size()));
        return static_cast<std::uint32_t>(bytes.size());
    }
    /// Header and frame, all of one byte.
    static std::vector<std::byte> bytes(std::size_t size, char fill = '.') {
        return {header + size, static_cast<std::byte>(fill)};
    }

    std::vector<std::vector<std::byte>> sent, arriving;
    sdk::testing::FakeVirtio device;
    std::unique_ptr<Card::Memory> memory = std::make_unique<Card::Memory>();
    Card card{device, *memory};
};

TEST_F(NetworkCard, SendsFramesBehindAHeaderThatAsksForNothing) {
    EXPECT_TRUE(card.send(bytes(60)));
    device.wait();
    auto expected = bytes(60);
    for (std::size_t i = 0; i < header; ++i) expected[i] = std::byte{0};
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0], expected);
}

TEST_F(NetworkCard, SendsAsManyFramesAsItHasRoomForAndMoreWhenTheyAreOut) {
    for (unsigned round = 0; round < 1000; ++round) {
        for (unsigned n = 0; n < Card::frames; ++n) ASSERT_TRUE(card.send(bytes(60, static_cast<char>(n)))) << round;
        ASSERT_FALSE(card.send(bytes(60)));
        device.wait();
        for (unsigned n = 0; n < Card::frames; ++n) ASSERT_EQ(sent[n].back(), static_cast<std::byte>(n));
        sent.clear();
    }
}

TEST_F(NetworkCard, DoesNotSendWhatIsNoFrame) { EXPECT_FALSE(card.send(bytes(longest + 8))); }

TEST_F(NetworkCard, GivesFramesInTheirOrderAndTheirRoomBackForMore) {
    for (unsigned round = 0; round < 1000; ++round) {
        for (unsigned n = 0; n < Card::frames; ++n) arriving.push_back(bytes(60 + n, static_cast<char>(n)));
        device.wait();
        for (unsigned n = 0; n < Card::frames; ++n) {
            auto const frame = card.receive();
            ASSERT_EQ(frame.size(), header + 60 + n) << round;
            ASSERT_EQ(frame.back(), static_cast<std::byte>(n));
        }
        ASSERT_TRUE(card.receive().empty());
    }
}

TEST_F(NetworkCard, RuntsFromOutsideAreLeftOut) {
    arriving = {bytes(shortest - 1), bytes(shortest)};
    device.wait();
    EXPECT_EQ(card.receive().size(), header + shortest);
    EXPECT_TRUE(card.receive().empty());
}

TEST_F(NetworkCard, IsSetUpAnewWhenItBreaksARule) {
    arriving = {bytes(longest + 100)};  // more than it had room for
    device.wait();
    EXPECT_TRUE(card.receive().empty());
    EXPECT_EQ(device.resets, 2u);
    arriving = {bytes(100)};
    device.wait();
    EXPECT_EQ(card.receive().size(), header + 100);
}

}  // namespace
}  // namespace tiffin::net_switch
