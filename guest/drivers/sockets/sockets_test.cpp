#include "guest/drivers/sockets/sockets.hpp"

#include <gtest/gtest.h>

#include "guest/sdk/serve_testing.hpp"

namespace tiffin::sockets {
namespace {

using namespace sdk::testing;
namespace vsock = abi::virtio::vsock;

Header header(std::uint64_t from, std::uint64_t to, Op op = Op::Request, std::uint32_t length = 0) {
    return {from, to, 1000, 77, length, stream, op, 0, 4096, 0};
}
Bytes packet(Header const& h, Bytes const& payload = {}) {
    Bytes bytes(header_bytes);
    put(h, bytes);
    return bytes + payload;
}

struct Addresses : ::testing::Test {
    Addresses() {
        for (std::uint64_t n = 0; n < 3; ++n) clients.made[clients.add(abi::virtio::Type::Vsock, n)].config[0] = 3 + n;
        server.emplace(clients);
        server->start();
        service.emplace(*server);
    }
    void rounds() {
        while (server->round(*service)) {
        }
    }
    Posted& send(std::uint32_t device, Bytes bytes) {
        auto& p = clients.post(device, vsock::transmit_queue, std::move(bytes));
        rounds();
        return p;
    }
    Posted& room(std::uint32_t device, std::size_t size = header_bytes + 4096) {
        auto& p = clients.post(device, vsock::receive_queue, {}, size);
        rounds();
        return p;
    }
    sdk::testing::Clients clients;
    std::optional<sdk::Server> server;
    std::optional<Sockets> service;
};

TEST_F(Addresses, APacketReachesTheAddressThatItNames) {
    auto& other = room(2);
    auto& theirs = room(1);
    auto const bytes = packet(header(3, 4, Op::Data, 5), sdk::testing::bytes("hello"));
    EXPECT_TRUE(send(0, bytes).done);
    EXPECT_EQ(theirs.answer(), bytes);
    EXPECT_FALSE(other.given);
}

TEST_F(Addresses, NobodySendsAsAnother) {
    auto& theirs = room(1);
    EXPECT_TRUE(send(0, packet(header(5, 4))).done);
    EXPECT_FALSE(theirs.given);
}

TEST_F(Addresses, APacketThatLiesOfItsLengthGoesNowhere) {
    auto& theirs = room(1);
    EXPECT_TRUE(send(0, packet(header(3, 4, Op::Data, 6), sdk::testing::bytes("hello"))).done);
    EXPECT_TRUE(send(0, packet(header(3, 4, Op::Data, ~0u))).done);
    EXPECT_TRUE(send(0, Bytes(7)).done);
    EXPECT_FALSE(theirs.given);
}

TEST_F(Addresses, AnAddressWithoutAVmIsRefused) {
    for (std::uint64_t const nobody : {2, 99}) {
        auto& answer = room(0);
        EXPECT_TRUE(send(0, packet(header(3, nobody))).done);
        auto const h = header_of(answer.answer());
        EXPECT_EQ(h.op, Op::Reset);
        EXPECT_EQ(h.source_cid, nobody);
        EXPECT_EQ(h.destination_port, 1000u);
    }
    auto& none = room(0);
    send(0, packet(header(3, 99, Op::Reset)));
    EXPECT_FALSE(none.given) << "or two of us would go on for ever";
}

TEST_F(Addresses, AClientThatIsNotUpIsRefusedToo) {
    clients.made[1].status = 0;
    auto& answer = room(0);
    send(0, packet(header(3, 4)));
    EXPECT_EQ(header_of(answer.answer()).op, Op::Reset);
}

TEST_F(Addresses, BytesAreCutToTheRoomAndNoneIsLost) {
    auto& first = room(1, header_bytes + 4);
    auto& sent = send(0, packet(header(3, 4, Op::Data, 10), sdk::testing::bytes("0123456789")));
    EXPECT_FALSE(sent.done);
    auto& second = room(1, header_bytes + 100);
    EXPECT_TRUE(sent.done && sent.told);
    EXPECT_EQ(first.answer(), packet(header(3, 4, Op::Data, 4), sdk::testing::bytes("0123")));
    EXPECT_EQ(second.answer(), packet(header(3, 4, Op::Data, 6), sdk::testing::bytes("456789")));
}

TEST_F(Addresses, WhoeverTakesNothingHoldsUpHisOwnPeersAndNobodyElse) {
    auto& waits = send(0, packet(header(3, 4)));
    EXPECT_FALSE(waits.done);
    auto& theirs = room(0);
    EXPECT_TRUE(send(2, packet(header(5, 3))).done);
    EXPECT_TRUE(theirs.done);
    room(1);
    EXPECT_TRUE(waits.done && waits.told);
}

TEST_F(Addresses, TwoThatWaitForEachOtherWaitAsleep) {
    auto& one = send(0, packet(header(3, 4)));
    auto& other = clients.post(1, vsock::transmit_queue, packet(header(4, 3)));
    for (unsigned n = 0; n < 10; ++n) (void)server->round(*service);
    EXPECT_FALSE(server->round(*service));
    room(0), room(1);
    EXPECT_TRUE(one.done && other.done);
}

TEST_F(Addresses, RoomThatIsNoneEndsAndDoesNotLoop) {
    for (unsigned n = 0; n < 4; ++n) room(1, 10);
    auto& sent = send(0, packet(header(3, 4, Op::Data, 5), sdk::testing::bytes("hello")));
    EXPECT_FALSE(sent.done);
    room(1);
    EXPECT_TRUE(sent.done);
}

TEST_F(Addresses, ASenderThatStartsAnewTakesItsPacketBack) {
    send(0, packet(header(3, 4)));
    clients.reset(0);
    rounds();
    auto& theirs = room(1);
    EXPECT_FALSE(theirs.given);
}

TEST_F(Addresses, ANewLifeOfTheServerTellsThoseWhoAreUp) {
    clients.made[2].status = 0;
    auto& event = clients.post(0, vsock::event_queue, {}, 4);
    auto& none = clients.post(2, vsock::event_queue, {}, 4);
    service->announce();
    rounds();
    EXPECT_EQ(event.answer(), Bytes(4));
    EXPECT_FALSE(none.given);
    auto& another = clients.post(0, vsock::event_queue, {}, 4);
    rounds();
    EXPECT_FALSE(another.done) << "once";
}

TEST_F(Addresses, WhoIsToldOfANewLifeGetsNothingBeforeItHasLooked) {
    for (std::uint32_t const device : {0, 1})
        for (unsigned n = 0; n < 2; ++n) clients.post(device, vsock::event_queue, {}, 4);
    auto& sent = clients.post(0, vsock::transmit_queue, packet(header(3, 4)));
    auto& theirs = clients.post(1, vsock::receive_queue, {}, header_bytes);
    service->announce();
    rounds();
    EXPECT_FALSE(sent.given) << "its sender has not looked";
    clients.post(0, vsock::event_queue, {}, 4);
    rounds();
    EXPECT_TRUE(sent.given && !theirs.given) << "the other has not looked";
    clients.post(1, vsock::event_queue, {}, 4);
    rounds();
    EXPECT_TRUE(sent.done && theirs.done);
}

TEST_F(Addresses, WhoCanNotBeToldIsServedAllTheSame) {
    auto& theirs = clients.post(1, vsock::receive_queue, {}, header_bytes);
    service->announce();
    EXPECT_TRUE(send(0, packet(header(3, 4))).done);
    EXPECT_TRUE(theirs.done);
}

}  // namespace
}  // namespace tiffin::sockets
