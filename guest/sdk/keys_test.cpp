#include "guest/sdk/keys.hpp"

#include <deque>
#include <gtest/gtest.h>
#include <memory>

#include "guest/sdk/virtio_testing.hpp"

namespace tiffin::sdk {
namespace {

namespace input = abi::virtio::input;
using input::pressed, input::released, input::repeated;

struct KeysTest : ::testing::Test {
    KeysTest() {
        device.serve = [this](std::uint16_t queue, testing::Offered const& chain) { return serve(queue, chain); };
        EXPECT_EQ(keys.start(), nullptr);
    }
    std::optional<std::uint32_t> serve(std::uint16_t queue, testing::Offered const& chain) {
        EXPECT_EQ(queue, input::event_queue);
        EXPECT_EQ(chain.room.at(0).size(), 8u);
        if (arriving.empty()) return std::nullopt;
        std::memcpy(chain.room[0].data(), &arriving.front(), 8);
        arriving.pop_front();
        return wrote;
    }
    void arrive(std::uint16_t code, std::uint32_t value, std::uint16_t type = input::event_key) {
        arriving.push_back({type, code, value});
    }
    std::vector<Key> all() {
        device.wait();
        std::vector<Key> got;
        while (auto const key = keys.next()) got.push_back(*key);
        return got;
    }

    std::deque<input::Event> arriving;
    std::uint32_t wrote{8};
    testing::FakeVirtio device;
    std::unique_ptr<Keys::Memory> memory = std::make_unique<Keys::Memory>();
    Keys keys{device, *memory};
};

TEST_F(KeysTest, AreGivenInTheirOrderAndTheirRoomBackForMore) {
    for (unsigned round = 0; round < 100; ++round) {
        for (std::uint16_t code = 1; code < 30; ++code) arrive(code, pressed), arrive(0, 0, input::event_synchronise);
        auto const got = all();
        ASSERT_EQ(got.size(), 29u) << round;
        for (std::uint16_t n = 0; n < 29; ++n) ASSERT_EQ(got[n], (Key{static_cast<std::uint16_t>(n + 1), pressed}));
        for (std::uint16_t code = 1; code < 30; ++code) arrive(code, released);
        ASSERT_EQ(all().size(), 29u);
    }
}

TEST_F(KeysTest, OnlyWhatFollowsFromWhatIsKnownOfAKeyIsOne) {
    arrive(30, released), arrive(30, repeated), arrive(30, pressed), arrive(30, pressed), arrive(30, repeated),
        arrive(30, released);
    EXPECT_EQ(all(), (std::vector<Key>{{30, pressed}, {30, repeated}, {30, released}}));
}

TEST_F(KeysTest, EventsThatAreNoKeysAreLeftOut) {
    arrive(0, pressed), arrive(249, pressed), arrive(0xffff, pressed), arrive(30, 3), arrive(1, 1, 2), arrive(31, pressed);
    EXPECT_EQ(all(), (std::vector<Key>{{31, pressed}}));
}

TEST_F(KeysTest, HalfAnEventIsNone) {
    wrote = 7;
    arrive(30, pressed);
    EXPECT_TRUE(all().empty());
}

TEST_F(KeysTest, ADeviceThatBreaksARuleIsSetUpAnewAndWhatWasDownGoesUp) {
    arrive(30, pressed), arrive(200, pressed);
    EXPECT_EQ(all().size(), 2u);
    wrote = 9;  // more than it had room for
    arrive(31, pressed);
    EXPECT_EQ(all(), (std::vector<Key>{{30, released}, {200, released}}));
    EXPECT_EQ(device.resets, 2u);
    wrote = 8;
    arrive(32, pressed);
    EXPECT_EQ(all(), (std::vector<Key>{{32, pressed}}));
}

TEST_F(KeysTest, ADeviceWithoutQueuesIsRefused) {
    device.size = 0;
    EXPECT_NE(keys.start(), nullptr);
}

}  // namespace
}  // namespace tiffin::sdk
