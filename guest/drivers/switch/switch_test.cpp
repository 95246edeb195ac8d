#include "guest/drivers/switch/switch.hpp"

#include <gtest/gtest.h>

#include "guest/sdk/serve_testing.hpp"

namespace tiffin::net_switch {
namespace {

using namespace sdk::testing;
namespace net = abi::virtio::net;

constexpr std::uint64_t hz = 1000;
constexpr Mac mac_of(std::uint64_t n) { return {0x5452 | n << 40}; }
constexpr Mac everybody{0xffff'ffff'ffff};

std::uint64_t ticks = 0;

Bytes frame(Mac to, Mac from, std::size_t payload = 46) {
    Bytes all(header, std::byte{0xee});  // a header that lies
    for (Mac const mac : {to, from})
        for (unsigned i = 0; i < 6; ++i) all.push_back(static_cast<std::byte>(mac.bits >> 8 * i));
    return all + bytes({"\x08\x00", 2}) + Bytes(payload, std::byte{'.'});
}

struct Network : ::testing::Test {
    explicit Network(Rules const& rules = {}) {
        ticks = 0;
        for (std::uint64_t n = 0; n < 3; ++n) clients.made[clients.add(abi::virtio::Type::Net, n)].config[0] = mac_of(n).bits;
        server.emplace(clients);
        server->start();
        service = std::make_unique<Switch>(server->devices(), rules, [] { return ticks; }, hz);
        while (server->round(*service)) {
        }
    }
    void send(std::uint32_t port, Bytes what) {
        auto const& p = clients.post(port, net::transmit_queue, std::move(what));
        while (server->round(*service)) {
        }
        EXPECT_TRUE(p.done && p.told);
    }
    Posted& room(std::uint32_t port, std::size_t size = 1530) { return clients.post(port, net::receive_queue, {}, size); }

    sdk::testing::Clients clients;
    std::optional<sdk::Server> server;
    std::unique_ptr<Switch> service;
};

struct LimitedNetwork : Network {
    LimitedNetwork() : Network{{.ports_of_any_mac = 0b100, .bytes_per_second = 10'000, .floods_per_second = 20}} {}
};

TEST_F(Network, TellsEveryPortThatItsLinkIsUp) { EXPECT_EQ(clients.made[1].config[0], mac_of(1).bits | 1ull << 48); }

TEST_F(Network, AFrameGoesToWhomItIsForAndToNobodyElse) {
    auto& theirs = room(1);
    auto& others = room(2);
    auto const sent = frame(mac_of(1), mac_of(0));
    send(0, sent);
    ASSERT_TRUE(theirs.done && theirs.told);
    EXPECT_TRUE(std::equal(sent.begin() + header, sent.end(), theirs.room.begin() + header));
    EXPECT_EQ(theirs.length, sent.size());
    EXPECT_FALSE(others.given);
}

TEST_F(Network, TheHeaderIsTheSwitchsAndNotTheSenders) {
    auto& theirs = room(1);
    send(0, frame(mac_of(1), mac_of(0)));
    Bytes const head{theirs.room.begin(), theirs.room.begin() + header};
    Bytes expected(header);
    expected[10] = std::byte{1};
    EXPECT_EQ(head, expected);
}

TEST_F(Network, BroadcastsAndUnknownDestinationsReachAllOthers) {
    for (Mac const to : {everybody, mac_of(77)}) {
        auto& own = room(0);
        auto& one = room(1);
        auto& two = room(2);
        send(0, frame(to, mac_of(0)));
        EXPECT_TRUE(one.done && two.done);
        EXPECT_FALSE(own.given);
        own.given = true;
    }
}

TEST_F(Network, NobodySendsAsAnother) {
    auto& theirs = room(1);
    send(0, frame(mac_of(1), mac_of(2)));
    send(0, frame(mac_of(1), mac_of(1)));
    send(0, frame(mac_of(1), everybody));
    EXPECT_FALSE(theirs.given);
    EXPECT_EQ(service->counts(0).spoofed, 3u);
}

TEST_F(Network, RuntsAndGiantsAreDropped) {
    auto& theirs = room(1);
    auto runt = frame(mac_of(1), mac_of(0));
    runt.resize(header + shortest - 1);
    send(0, runt);
    send(0, frame(mac_of(1), mac_of(0), 1505));
    send(0, Bytes{});
    EXPECT_FALSE(theirs.given);
    EXPECT_EQ(service->counts(0).malformed, 3u);
    send(0, frame(mac_of(1), mac_of(0), 1504));
    EXPECT_TRUE(theirs.done);
}

TEST_F(Network, WhoPostsNoRoomGetsHisFramesLaterInTheirOrder) {
    for (std::size_t n = 0; n < 3; ++n) send(0, frame(mac_of(1), mac_of(0), 46 + n));
    for (std::size_t n = 0; n < 3; ++n) EXPECT_EQ(room(1).length, 0u);
    while (server->round(*service)) {
    }
    for (std::size_t n = 0; n < 3; ++n) EXPECT_EQ(clients.made[1].queues[net::receive_queue][n].length, header + 14 + 46 + n);
}

TEST_F(Network, WhoTakesNothingMissesWhatIsTooMuchAndHoldsUpNobody) {
    for (std::size_t n = 0; n < Backlog::frames_a_port + 5; ++n) send(0, frame(mac_of(1), mac_of(0)));
    EXPECT_EQ(service->counts(1).missed, 5u);
    auto& other = room(2);
    send(0, frame(mac_of(2), mac_of(0)));
    EXPECT_TRUE(other.done);
}

TEST_F(Network, WhatWaitedForAFormerLifeIsGone) {
    send(0, frame(mac_of(1), mac_of(0)));
    clients.reset(1);
    auto& theirs = room(1);
    while (server->round(*service)) {
    }
    EXPECT_FALSE(theirs.given);
}

TEST_F(Network, AFrameThatDoesNotFitIsMissed) {
    auto& small = room(1, 20);
    send(0, frame(mac_of(1), mac_of(0)));
    EXPECT_TRUE(small.done);
    EXPECT_EQ(small.length, 0u);
}

TEST(Backlog, GivesBackWhatItKept) {
    auto const backlog = std::make_unique<Backlog>();
    for (unsigned round = 0; round < 1000; ++round) {
        EXPECT_TRUE(backlog->add(round % 3, bytes("frame")));
        EXPECT_EQ(backlog->first(round % 3).size(), 5u);
        backlog->drop_first(round % 3);
        EXPECT_TRUE(backlog->empty(round % 3));
    }
}

TEST(Backlog, OnePortFillsNoMoreThanItsPart) {
    auto const backlog = std::make_unique<Backlog>();
    while (backlog->add(1, bytes("frame"))) {
    }
    EXPECT_TRUE(backlog->add(2, bytes("frame")));
    backlog->drop_all(1);
    EXPECT_TRUE(backlog->empty(1));
    EXPECT_FALSE(backlog->empty(2));
}

TEST_F(LimitedNetwork, ABroadcastStormEnds) {
    for (unsigned n = 0; n < 100; ++n) {
        room(1), room(2);
        send(0, frame(everybody, mac_of(0)));
    }
    EXPECT_EQ(service->counts(1).received, 2u) << "a tenth of a second's";
    ticks += hz;
    send(0, frame(everybody, mac_of(0)));
    EXPECT_EQ(service->counts(1).received, 3u);
}

TEST_F(LimitedNetwork, APortSendsNoMoreThanItMay) {
    for (unsigned n = 0; n < 100; ++n) {
        room(1);
        send(0, frame(mac_of(1), mac_of(0), 86));  // 100 bytes
        ++ticks;
    }
    EXPECT_EQ(service->counts(1).received, 10u + 9) << "the burst, and 10 bytes a tick";
}

TEST_F(LimitedNetwork, ABridgeSendsForOthersButNotAsAPortsOwn) {
    auto& theirs = room(0);
    send(2, frame(mac_of(0), mac_of(99)));
    EXPECT_TRUE(theirs.done);
    send(2, frame(mac_of(0), mac_of(1)));
    EXPECT_EQ(service->counts(2).spoofed, 1u);
    auto& bridge = room(2);
    send(0, frame(mac_of(99), mac_of(0)));
    EXPECT_TRUE(bridge.done) << "where it was seen";
    EXPECT_FALSE(clients.made[1].queues[net::receive_queue].size());
}

/// With a way out.
struct ConnectedNetwork : LimitedNetwork {
    struct Wire final : Uplink {
        std::vector<Bytes> sent, arriving;
        Bytes current;
        bool full{false};
        bool send(std::span<std::byte const> what) override {
            if (!full) sent.emplace_back(what.begin(), what.end());
            return !full;
        }
        std::span<std::byte> receive() override {
            if (arriving.empty()) return {};
            current = arriving.front();
            arriving.erase(arriving.begin());
            return current;
        }
    };

    ConnectedNetwork() {
        Rules const rules{.ports_of_any_mac = 0b100, .floods_per_second = 20};
        service = std::make_unique<Switch>(server->devices(), rules, [] { return ticks; }, hz, &wire);
    }
    void arrive(Bytes what) {
        wire.arriving.push_back(std::move(what));
        while (server->round(*service)) {
        }
    }

    static constexpr std::uint32_t outside = Switch::outside;
    Wire wire;
};

TEST_F(ConnectedNetwork, FramesGoOutAndComeInToWhomTheyAreFor) {
    room(1), room(2);
    send(0, frame(mac_of(77), mac_of(0)));
    ASSERT_EQ(wire.sent.size(), 1u) << "nobody knows where that is";
    auto& theirs = room(0);
    auto& others = room(1);
    auto& more = room(2);
    arrive(frame(mac_of(0), mac_of(77)));
    EXPECT_TRUE(theirs.done && theirs.told);
    EXPECT_FALSE(others.given);
    send(1, frame(mac_of(77), mac_of(1)));
    EXPECT_EQ(wire.sent.size(), 2u);
    EXPECT_FALSE(more.given) << "where it was seen, and nowhere else";
}

TEST_F(ConnectedNetwork, WhatIsBetweenPortsDoesNotGoOut) {
    room(1);
    send(0, frame(mac_of(1), mac_of(0)));
    EXPECT_TRUE(wire.sent.empty());
    arrive(frame(mac_of(88), mac_of(77)));
    EXPECT_TRUE(wire.sent.empty()) << "nor back where it came from";
}

TEST_F(ConnectedNetwork, NobodySendsOutAsAnother) {
    send(0, frame(mac_of(77), mac_of(78)));
    EXPECT_TRUE(wire.sent.empty());
}

TEST_F(ConnectedNetwork, NobodyOutsideSendsAsAPortsOwn) {
    auto& theirs = room(0);
    arrive(frame(mac_of(0), mac_of(1)));
    arrive(frame(mac_of(0), everybody));
    EXPECT_FALSE(theirs.given);
    EXPECT_EQ(service->counts(outside).spoofed, 2u);
}

TEST_F(ConnectedNetwork, ABroadcastStormFromOutsideEnds) {
    for (unsigned n = 0; n < 100; ++n) {
        room(0), room(1), room(2);
        arrive(frame(everybody, mac_of(77)));
    }
    EXPECT_EQ(service->counts(0).received, 2u) << "a tenth of a second's";
    EXPECT_TRUE(wire.sent.empty());
}

TEST_F(ConnectedNetwork, AWireWithoutRoomMissesFramesAndHoldsUpNobody) {
    wire.full = true;
    auto& theirs = room(1);
    send(0, frame(mac_of(77), mac_of(0)));
    EXPECT_TRUE(theirs.done);
    EXPECT_EQ(service->counts(outside).missed, 1u);
}

TEST_F(ConnectedNetwork, ManyFramesFromOutsideTakeMoreThanOneTurn) {
    for (unsigned n = 0; n < 40; ++n) room(0), wire.arriving.push_back(frame(mac_of(0), mac_of(77)));
    EXPECT_TRUE(server->round(*service));
    EXPECT_FALSE(wire.arriving.empty());
    while (server->round(*service)) {
    }
    EXPECT_EQ(service->counts(0).received, 40u);
}

TEST(MacTable, ForgetsWhatWasNotSeenForLong) {
    MacTable table{100};
    table.learn({2}, 1, 0);
    EXPECT_EQ(table.find({2}, 100), 1u);
    EXPECT_FALSE(table.find({2}, 101));
}

TEST(MacTable, AFloodOfAddressesOfOnePortTakesNothingFromAnother) {
    MacTable table{1000};
    table.pin({2}, 1);
    table.learn({4}, 2, 0);
    for (std::uint64_t n = 0; n < 100'000; ++n) table.learn({n << 8}, 3, 1);
    EXPECT_EQ(table.find({2}, 1), 1u);
    EXPECT_EQ(table.find({4}, 1), 2u);
}

TEST(Rate, ZeroIsNoLimitAndASecondFillsItOnce) {
    EXPECT_TRUE(Rate(0, hz).take(~0ull, 0));
    Rate rate{100, hz};
    EXPECT_TRUE(rate.take(10, 0));
    EXPECT_FALSE(rate.take(1, 9));
    EXPECT_TRUE(rate.take(1, 10));
    EXPECT_FALSE(rate.take(11, ~0ull));
    EXPECT_TRUE(rate.take(10, ~0ull));
}

}  // namespace
}  // namespace tiffin::net_switch
