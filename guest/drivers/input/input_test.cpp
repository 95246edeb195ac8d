#include "guest/drivers/input/input.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <random>

#include "guest/sdk/serve_testing.hpp"

namespace tiffin::input {
namespace {

namespace protocol = abi::virtio::input;
using abi::virtio::Type;
using protocol::pressed, protocol::released, protocol::repeated;
using sdk::Key;

/// The board's keyboard.
struct Keyboard final : sdk::KeySource {
    std::optional<Key> next() override {
        if (keys.empty()) return std::nullopt;
        auto const key = keys.front();
        keys.pop_front();
        return key;
    }
    std::deque<Key> keys;
};

struct InputTest : ::testing::Test {
    InputTest() {
        for (std::uint64_t n = 0; n < 3; ++n) clients.add(Type::Input, n);
        start();
    }
    void start() {
        server = std::make_unique<sdk::Server>(clients);
        server->start();
        service = std::make_unique<Input>(server->devices(), &keyboard);
        work();
    }
    void work() {
        unsigned rounds = 0;
        while (server->round(*service)) ASSERT_LT(++rounds, 100u);
    }
    void press(std::vector<Key> const& keys) {
        keyboard.keys.insert(keyboard.keys.end(), keys.begin(), keys.end());
        work();
    }
    /// Buffers of `size` bytes for events.
    void post(std::uint32_t device, unsigned count, std::size_t size = 8) {
        for (unsigned n = 0; n < count; ++n) clients.post(device, protocol::event_queue, {}, size);
    }
    /// The keys that `device` got since last asked; each has its SYN_REPORT behind it.
    std::vector<Key> got(std::uint32_t device) {
        std::vector<Key> keys;
        auto& queue = clients.made[device].queues[protocol::event_queue];
        for (bool key = true; seen[device] < queue.size() && queue[seen[device]].done; ++seen[device]) {
            auto const answer = queue[seen[device]].answer();
            if (answer.empty()) continue;
            protocol::Event event{};
            EXPECT_EQ(answer.size(), sizeof event);
            std::memcpy(&event, answer.data(), sizeof event);
            EXPECT_EQ(event.type, key ? protocol::event_key : protocol::event_synchronise);
            if (key) keys.push_back({event.code, event.value});
            key = !key;
            EXPECT_TRUE(!key || queue[seen[device]].told) << "a whole key waits for nothing";
        }
        return keys;
    }
    /// As got(), with as many buffers as it takes.
    std::vector<Key> drain(std::uint32_t device) {
        post(device, 300);
        work();
        return got(device);
    }

    sdk::testing::Clients clients;
    Keyboard keyboard;
    std::array<std::size_t, 4> seen{};
    std::unique_ptr<sdk::Server> server;
    std::unique_ptr<Input> service;
};

using Keys = std::vector<Key>;

TEST_F(InputTest, KeysGoToTheFirstDeviceAndToNoOther) {
    for (std::uint32_t device = 0; device < 3; ++device) post(device, 32);
    press({{30, pressed}, {30, repeated}, {30, released}});
    EXPECT_EQ(got(0), (Keys{{30, pressed}, {30, repeated}, {30, released}}));
    EXPECT_EQ(got(1), Keys{});
    EXPECT_EQ(got(2), Keys{});
}

TEST_F(InputTest, TheHotKeyMovesTheFocusRoundAndNobodySeesIt) {
    for (std::uint32_t device = 0; device < 3; ++device) post(device, 32);
    for (std::uint16_t code = 30; code < 34; ++code)
        press({{code, pressed}, {code, released}, {f12, pressed}, {f12, repeated}, {f12, released}});
    EXPECT_EQ(got(0), (Keys{{30, pressed}, {30, released}, {33, pressed}, {33, released}}));
    EXPECT_EQ(got(1), (Keys{{31, pressed}, {31, released}}));
    EXPECT_EQ(got(2), (Keys{{32, pressed}, {32, released}}));
}

TEST_F(InputTest, AnotherHotKeyLeavesF12ToTheClients) {
    Input other{server->devices(), nullptr, 70};
    EXPECT_FALSE(other.key(f12, pressed));
    EXPECT_TRUE(other.key(70, pressed));
    EXPECT_EQ(other.focused(), 1u);
    Input none{server->devices(), nullptr, 0};
    EXPECT_FALSE(none.key(0, pressed));
    EXPECT_FALSE(none.key(70, pressed));
}

TEST_F(InputTest, WhatIsHeldGoesUpWhenTheFocusMovesAndStaysUp) {
    post(0, 32), post(1, 32);
    press({{30, pressed}, {42, pressed}, {f12, pressed}, {f12, released}, {42, repeated}, {42, released}, {30, released}});
    EXPECT_EQ(got(0), (Keys{{30, pressed}, {42, pressed}, {30, released}, {42, released}}));
    EXPECT_EQ(got(1), Keys{}) << "neither half of a key that went down elsewhere";
}

TEST_F(InputTest, TheOwnerMovesTheFocusAndOnlyToInputDevices) {
    clients.add(Type::Gpu, 3);
    start();
    service->focus(2);
    EXPECT_EQ(service->focused(), 2u);
    for (std::size_t const device : {3u, 4u, 63u, 64u, ~0u}) service->focus(device);
    EXPECT_EQ(service->focused(), 2u);
    press({{f12, pressed}});
    EXPECT_EQ(service->focused(), 0u) << "the hot key passes the screen by";
}

TEST_F(InputTest, WithoutAnInputDeviceKeysGoNowhere) {
    sdk::testing::Clients screens;
    screens.add(Type::Gpu, 0);
    sdk::Server only{screens};
    Input none{only.devices(), &keyboard};
    keyboard.keys = {{30, pressed}, {f12, pressed}};
    while (only.round(none)) {
    }
    EXPECT_EQ(none.focused(), abi::serve::max_devices);
    EXPECT_TRUE(keyboard.keys.empty());
}

TEST_F(InputTest, KeysWaitForBuffersInTheirOrder) {
    press({{30, pressed}, {30, released}, {31, pressed}});
    EXPECT_EQ(drain(0), (Keys{{30, pressed}, {30, released}, {31, pressed}}));
}

TEST_F(InputTest, AKeyThatIsHalfOutIsEndedByTheNextBuffer) {
    post(0, 1);
    press({{30, pressed}, {30, released}});
    EXPECT_TRUE(clients.made[0].queues[0][0].told);
    EXPECT_EQ(drain(0), (Keys{{30, pressed}, {30, released}}));
}

TEST_F(InputTest, WhatIsReleasedLateWhileAnotherIsHalfOutIsReleasedToo) {
    post(0, 5);  // two keys down, and the first half of the release that the focus owes
    press({{40, pressed}, {41, pressed}, {f12, pressed}});
    press({{f12, pressed}, {f12, pressed}});  // back again
    press({{3, pressed}, {f12, pressed}});
    EXPECT_EQ(drain(0), (Keys{{40, pressed}, {41, pressed}, {40, released}, {41, released}}));
}

TEST_F(InputTest, AFullBacklogLosesPressesAndNoRelease) {
    for (std::uint16_t code = 1; code <= 80; ++code) press({{code, pressed}});
    for (std::uint16_t code = 1; code <= 80; ++code) press({{code, released}});
    press({{90, pressed}, {90, released}});
    auto const keys = drain(0);
    ASSERT_EQ(keys.size(), 128u) << "64 presses fitted, and each has its release";
    for (std::uint16_t n = 0; n < 64; ++n) {
        EXPECT_EQ(keys[n], (Key{static_cast<std::uint16_t>(n + 1), pressed}));
        EXPECT_EQ(keys[n + 64u].value, released);
    }
    press({{30, pressed}, {30, released}});
    EXPECT_EQ(drain(0), (Keys{{30, pressed}, {30, released}})) << "and it goes on";
}

TEST_F(InputTest, BehindALostReleaseNothingIsPressedBeforeIt) {
    for (std::uint16_t code = 1; code <= 64; ++code) press({{code, pressed}});
    press({{5, released}, {5, pressed}});
    auto const keys = drain(0);
    EXPECT_EQ(keys.back(), (Key{5, released}));
    EXPECT_EQ(keys.size(), 65u);
}

TEST_F(InputTest, BuffersTooSmallForAnEventAreGivenBackEmpty) {
    post(0, 3, 7), post(0, 2, 0), post(0, 100, 4096);
    press({{30, pressed}});
    EXPECT_EQ(got(0), (Keys{{30, pressed}}));
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(clients.made[0].queues[0][i].length, 0u);
}

TEST_F(InputTest, ManyUselessBuffersHoldUpNobody) {
    post(0, 1000, 1);
    post(1, 8);
    keyboard.keys = {{30, pressed}, {f12, pressed}, {31, pressed}};
    server->round(*service);
    EXPECT_EQ(got(1), (Keys{{31, pressed}})) << "in the same round";
    EXPECT_FALSE(clients.made[0].queues[0].back().done) << "and not behind all of them";
    work();
    EXPECT_EQ(drain(0), (Keys{{30, pressed}, {30, released}}));
}

TEST_F(InputTest, LightsAreTakenAndChangeNothing) {
    protocol::Event const light{0x11, 1, 1};
    for (unsigned n = 0; n < 100; ++n) clients.post(0, protocol::status_queue, sdk::testing::bytes_of(light));
    auto& odd = clients.post(0, protocol::status_queue, {}, 100);
    work();
    for (auto const& posted : clients.made[0].queues[protocol::status_queue]) EXPECT_TRUE(posted.done && posted.told);
    EXPECT_EQ(odd.length, 0u);
}

TEST_F(InputTest, AResetOfTheClientForgetsWhatWasHeldAndWhatWaited) {
    post(0, 2);
    press({{30, pressed}, {31, pressed}});
    EXPECT_EQ(got(0), (Keys{{30, pressed}}));
    clients.reset(0);
    work();
    press({{30, released}, {31, released}, {32, pressed}});
    seen[0] = clients.made[0].queues[0].size();
    EXPECT_EQ(drain(0), (Keys{{32, pressed}}));
}

TEST_F(InputTest, AClientWithoutADriverHearsNothingOfWhatWasPressedBefore) {
    clients.made[0].status = 0;
    press({{30, pressed}});
    clients.made[0].status = abi::virtio::driver_ok;
    press({{30, released}, {31, pressed}});
    EXPECT_EQ(drain(0), (Keys{{31, pressed}}));
}

TEST_F(InputTest, ANewLifeOfTheServerLiftsWhatWasDownAndKeepsTheFocus) {
    service->focus(1);
    post(1, 7);
    press({{30, pressed}, {200, pressed}, {31, pressed}, {31, released}});
    EXPECT_EQ(got(1), (Keys{{30, pressed}, {200, pressed}, {31, pressed}, {31, released}})) << "without a SYN_REPORT";
    start();
    EXPECT_EQ(service->focused(), 1u);
    seen[1] = clients.made[1].queues[0].size();
    EXPECT_EQ(drain(1), (Keys{{30, released}, {31, released}, {200, released}}));
    start();
    EXPECT_EQ(drain(1), Keys{}) << "once";
    press({{30, released}, {33, pressed}});
    EXPECT_EQ(drain(1), (Keys{{33, pressed}}));
}

TEST_F(InputTest, ANewLifeOfTheServerLiftsNothingForANewLifeOfTheClient) {
    post(0, 2);
    press({{30, pressed}});
    clients.reset(0);
    start();
    seen[0] = clients.made[0].queues[0].size();
    EXPECT_EQ(drain(0), Keys{});
}

TEST_F(InputTest, AKeyboardThatNeverEndsLeavesTheOthersTheirTurn) {
    struct Endless final : sdk::KeySource {
        std::optional<Key> next() override { return Key{30, value = value == pressed ? released : pressed}; }
        std::uint32_t value{released};
    } endless;
    Input other{server->devices(), &endless};
    post(0, 32);
    EXPECT_TRUE(server->round(other)) << "there is more";
    EXPECT_EQ(got(0).size(), 16u);
}

/// Whatever happens in whatever order, a client that has read everything holds no key down that is up.
TEST_F(InputTest, NoKeyIsEverStuckDown) {
    std::mt19937 random{5};
    auto const pick = [&](unsigned below) { return static_cast<std::uint32_t>(random() % below); };
    for (unsigned round = 0; round < 300; ++round) {
        for (unsigned n = 0; n < 60; ++n) {
            switch (pick(8)) {
                case 0: post(pick(3), pick(9), pick(4) == 0 ? 7 : 8); break;
                case 1: press({{f12, pressed}, {f12, released}}); break;
                case 2: pick(10) == 0 ? start() : work(); break;
                default:
                    for (unsigned keys = 0; keys < 12; ++keys)
                        keyboard.keys.push_back({static_cast<std::uint16_t>(1 + pick(80)), pick(3)});
                    work();
            }
        }
        for (std::uint16_t code = 1; code <= 80; ++code) press({{code, released}});
        std::array<sdk::KeySet, 3> down{};
        for (std::uint32_t device = 0; device < 3; ++device) {
            post(device, 300), work();
            for (auto const& posted : clients.made[device].queues[protocol::event_queue]) {
                protocol::Event event{};
                if (posted.length == sizeof event) std::memcpy(&event, posted.room.data(), sizeof event);
                if (event.type != protocol::event_key) continue;
                event.value == released ? down[device].remove(event.code) : down[device].add(event.code);
            }
            ASSERT_EQ(down[device].first(), 0u) << device << " in round " << round;
            clients.made[device].queues[protocol::event_queue].clear();
            clients.reset(device);
        }
        work();
    }
}

TEST_F(InputTest, CodesAndValuesThatNoKeyboardHasAreLeftOut) {
    press({{0, pressed}, {249, pressed}, {0xffff, pressed}, {30, 3}, {30, ~0u}, {248, pressed}});
    EXPECT_EQ(drain(0), (Keys{{248, pressed}}));
}

}  // namespace
}  // namespace tiffin::input
