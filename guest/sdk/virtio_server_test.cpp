#include "guest/sdk/virtio_server.hpp"

#include <gtest/gtest.h>

#include "guest/sdk/serve_testing.hpp"

namespace tiffin::sdk {
namespace {

using namespace testing;
using abi::virtio::Type;

/// Answers with what it was sent, `batch` requests a turn.
class Echo final : public Service {
public:
    void begin(Device&) override { ++begun; }
    bool serve(Device& device) override {
        ++turns;
        for (unsigned n = 0; n < batch; ++n) {
            std::byte head[64];
            auto const request = device.next(0, head);
            if (!request) return false;
            Bytes all(request->readable());
            complete &= request->read(0, all);
            request->finish(0, all, Tell::WhenIdle);
        }
        return true;
    }
    unsigned batch{100}, turns{0}, begun{0};
    bool complete{true};
};

struct Served : ::testing::Test {
    Served() {
        clients.add(Type::Block, 3);
        clients.add(Type::Rng, 4);
        server.emplace(clients);
        server->start();
    }
    void all_rounds() {
        while (server->round(echo)) ++rounds;
    }
    Clients clients;
    std::optional<Server> server;
    Echo echo;
    unsigned rounds{0};
};

TEST_F(Served, FindsItsDevicesInTheOrderOfTheDescription) {
    ASSERT_EQ(server->devices().size(), 2u);
    EXPECT_EQ(server->devices()[0].type(), Type::Block);
    EXPECT_EQ(server->devices()[1].client(), 4u);
}

TEST_F(Served, AnswersAndTellsTheClientOnceTheQueueIsEmpty) {
    auto& p = clients.post(0, 0, bytes("hello"), 5);
    all_rounds();
    EXPECT_TRUE(p.done && p.told);
    EXPECT_EQ(text(p.answer()), "hello");
}

TEST_F(Served, CopiesPiecewiseWhatIsLargerThanACall) {
    auto& p = clients.post(1, 0, Bytes(10'000, std::byte{7}), 10'000);
    clients.most_a_call = 999;
    all_rounds();
    EXPECT_TRUE(p.done && echo.complete);
    EXPECT_EQ(p.answer(), p.sent);
}

TEST_F(Served, ARequestWithTooLittleRoomIsDoneWithFewerBytes) {
    auto& p = clients.post(0, 0, bytes("too long"), 3);
    all_rounds();
    EXPECT_TRUE(p.done);
    EXPECT_EQ(text(p.answer()), "too");
}

TEST_F(Served, BuffersThatAreNoRamEndTheRequestAndNotTheServer) {
    auto& p = clients.post(0, 0, bytes("hello"), 5);
    clients.no_ram = true;
    all_rounds();
    EXPECT_FALSE(echo.complete);
    EXPECT_TRUE(p.done);
    EXPECT_EQ(p.length, 0u);
}

TEST_F(Served, ABusyClientDoesNotKeepTheOthersWaiting) {
    echo.batch = 2;
    for (unsigned n = 0; n < 10; ++n) clients.post(0, 0, bytes("x"), 1);
    auto& other = clients.post(1, 0, bytes("y"), 1);
    EXPECT_TRUE(server->round(echo));
    EXPECT_TRUE(other.done);
    EXPECT_FALSE(clients.made[0].queues[0][2].done);
    all_rounds();
    EXPECT_TRUE(clients.made[0].queues[0][9].done);
}

TEST_F(Served, OnlyWhoeverRangIsLookedAt) {
    all_rounds();
    echo.turns = 0;
    clients.post(1, 0, bytes("y"), 1);
    all_rounds();
    EXPECT_EQ(echo.turns, 1u);
}

TEST_F(Served, AClientThatStartsAnewIsNoticed) {
    all_rounds();
    EXPECT_EQ(echo.begun, 2u);
    clients.reset(0);
    all_rounds();
    EXPECT_EQ(echo.begun, 3u);
}

TEST_F(Served, ARequestThatTheClientTookBackIsLeftAlone) {
    auto& p = clients.post(0, 0, bytes("hello"), 5);
    std::byte head[64];
    auto const request = server->devices()[0].next(0, head);
    ASSERT_TRUE(request);
    clients.reset(0);
    EXPECT_FALSE(request->write(0, head));
    request->finish(0, head, Tell::Now);
    EXPECT_FALSE(p.done);
}

}  // namespace
}  // namespace tiffin::sdk
