#include "guest/drivers/entropy/entropy.hpp"

#include <gtest/gtest.h>

#include "guest/sdk/serve_testing.hpp"

namespace tiffin::entropy {
namespace {

using namespace sdk::testing;

std::size_t there_are = 0;

std::size_t source(std::span<std::byte> into) {
    auto const n = std::min(into.size(), there_are);
    std::fill_n(into.begin(), n, std::byte{7});
    return n;
}

struct Random : ::testing::Test {
    Random() {
        clients.add(abi::virtio::Type::Rng, 0);
        server.emplace(clients);
        server->start();
    }
    Bytes ask(std::size_t room) {
        auto const& p = clients.post(0, 0, {}, room);
        while (server->round(service)) {
        }
        EXPECT_TRUE(p.done && p.told);
        return p.answer();
    }
    Clients clients;
    Entropy service{source};
    std::optional<sdk::Server> server;
};

TEST_F(Random, FillsTheRoom) {
    there_are = 1000;
    EXPECT_EQ(ask(64), Bytes(64, std::byte{7}));
}

TEST_F(Random, NobodyGetsMoreThanAPieceAtATime) {
    there_are = 10'000;
    EXPECT_EQ(ask(10'000).size(), 256u);
}

TEST_F(Random, WithoutASourceTheAnswerIsShortAndNotZeros) {
    there_are = 5;
    EXPECT_EQ(ask(64).size(), 5u);
}

}  // namespace
}  // namespace tiffin::entropy
