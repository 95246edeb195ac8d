#include "guest/drivers/display/desk.hpp"

#include <deque>
#include <string>

#include "guest/drivers/display/testing.hpp"

namespace tiffin::display {
namespace {

using namespace testing;
using abi::virtio::input::pressed, abi::virtio::input::released;

struct Keyboard final : sdk::KeySource {
    std::optional<sdk::Key> next() override {
        if (keys.empty()) return std::nullopt;
        auto const key = keys.front();
        return keys.pop_front(), key;
    }
    std::deque<sdk::Key> keys;
};

std::vector<std::string>& said() {
    static std::vector<std::string> all;
    return all;
}

/// Both clients of GpuTest, each with a keyboard, and a third with a keyboard alone.
struct DeskTest : GpuTest {
    DeskTest() {
        for (std::uint64_t n = 0; n < 3; ++n) clients.add(Type::Input, n);
        start();
    }
    void start() {
        server.emplace(clients);
        server->start();
        gpu = std::make_unique<Gpu>(server->devices(), wall);
        desk = std::make_unique<Desk>(server->devices(), *gpu, &keyboard, Desk::Keys{},
                                      [](std::string_view line) { said().emplace_back(line); });
        said().clear();
        run();
    }
    void run() {
        for (unsigned n = 0; server->round(*desk); ++n) ASSERT_LT(n, 2000u);
    }
    void press(std::uint16_t code) {
        keyboard.keys.insert(keyboard.keys.end(), {{code, pressed}, {code, released}});
        run();
    }
    /// Bytes of events that the client has.
    std::size_t got(std::uint32_t client) {
        std::size_t bytes = 0;
        for (auto const& posted : clients.made[2 + client].queues[0]) bytes += posted.answer().size();
        return bytes;
    }

    Keyboard keyboard;
    std::unique_ptr<Desk> desk;
};

using Lines = std::vector<std::string>;

TEST_F(DeskTest, OneKeyAsksWhoseEachWindowIsAndNoClientSeesIt) {
    for (unsigned n = 0; n < 16; ++n) clients.post(2, 0, {}, 8);
    press(f11);
    EXPECT_TRUE(gpu->owners_shown());
    EXPECT_EQ(said(), (Lines{"tv 20x10+0+0", "me 20x10+30+20"}));
    press(f11);
    EXPECT_FALSE(gpu->owners_shown());
    EXPECT_EQ(said().back(), "nobody says any more whose the windows are");
    EXPECT_EQ(got(0), 0u);
    press(30);
    EXPECT_EQ(got(0), 32u) << "but other keys: down and up, each with its SYN_REPORT";
}

TEST_F(DeskTest, OneKeyGivesTheClientWithTheKeysTheScreenAndTakesItBack) {
    press(f10);
    EXPECT_EQ(gpu->enlarged(), 0u);
    EXPECT_EQ(said(), (Lines{"tv 80x70+0+0"}));
    press(f10);
    EXPECT_FALSE(gpu->enlarged());
    EXPECT_EQ(said().back(), "each window is in its place");
    press(input::f12), press(f10);
    EXPECT_EQ(gpu->enlarged(), 1u);
}

TEST_F(DeskTest, WhoeverHasTheScreenHasTheKeys) {
    press(f10);
    press(input::f12);
    EXPECT_FALSE(gpu->enlarged()) << "they moved on, and it is in its place";
}

TEST_F(DeskTest, AClientWithoutAWindowGetsNone) {
    press(input::f12), press(input::f12), press(f10);
    EXPECT_FALSE(gpu->enlarged());
    EXPECT_EQ(said(), (Lines{"who has the keys has no window that can be enlarged"}));
}

TEST_F(DeskTest, ANewLifeOfTheServerFindsScreenAndKeysAsTheyWere) {
    press(input::f12), press(f10);
    start();
    EXPECT_EQ(gpu->enlarged(), 1u);
    press(f10);
    EXPECT_FALSE(gpu->enlarged());
}

TEST_F(DeskTest, KeysThatAreNoneDoNothing) {
    desk = std::make_unique<Desk>(server->devices(), *gpu, &keyboard, Desk::Keys{.focus = 0, .owners = 0, .enlarge = 0},
                                  [](std::string_view line) { said().emplace_back(line); });
    for (std::uint16_t const code : {std::uint16_t{0}, f10, f11, input::f12}) press(code);
    EXPECT_EQ(said(), Lines{});
    EXPECT_FALSE(gpu->enlarged());
}

TEST_F(DeskTest, WithoutAKeyboardItServesTheScreensAlone) {
    desk = std::make_unique<Desk>(server->devices(), *gpu, nullptr, Desk::Keys{}, [](std::string_view) {});
    run();
    EXPECT_FALSE(gpu->enlarged());
}

}  // namespace
}  // namespace tiffin::display
