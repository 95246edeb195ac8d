#include "guest/drivers/display/testing.hpp"

namespace tiffin::display {
namespace {

using namespace testing;

/// Both clients of GpuTest, and a bar of 80 by 10 on top, at the lower edge.
struct Enlarged : GpuTest {
    Enlarged() {
        auto const device = clients.add(Type::Gpu, 2);
        protocol::Window const window{0, 60, 80, 10, 1, 0, {}};
        std::memcpy(&clients.made[device].config[protocol::window_at / 8], &window, sizeof window);
        clients.made[device].memory = Bytes(0x2000, std::byte{0x77});
        begin();
        create(1, 80, 10, device), attach(1, {{0, 3200, 0}}, device), show(1, {0, 0, 80, 10}, device);
        flush(1, {0, 0, 80, 10}, device);
        for (std::uint32_t each : {0u, 1u}) make_picture(1, each), flush(1, {0, 0, 20, 10}, each);
    }
    Rect told(std::uint32_t device) {
        auto const& posted = clients.post(device, 0, bytes_of(head(Code::GetDisplayInfo)), sizeof(protocol::DisplayInfo));
        work();
        protocol::DisplayInfo info{};
        std::memcpy(&info, posted.room.data(), sizeof info);
        auto const& place = info.scanouts[0].place;
        return {0, 0, static_cast<std::int32_t>(place.width), static_cast<std::int32_t>(place.height)};
    }
    bool rung(std::uint32_t device) { return clients.made[device].config[0] == protocol::event_display; }
    void enlarge(std::uint32_t client) {
        EXPECT_NE(gpu->enlarge(client), nullptr);
        work();
    }
    void put_back() { gpu->put_back(), work(); }
};

TEST_F(Enlarged, HasAllThatWindowsOnTopLeaveAndIsTold) {
    enlarge(0);
    EXPECT_EQ(gpu->enlarged(), 0u);
    EXPECT_EQ(told(0), (Rect{0, 0, 80, 60}));
    EXPECT_TRUE(rung(0));
    EXPECT_FALSE(rung(1)) << "its screen is as it was";
    EXPECT_EQ(gpu->owners()[0].words(), "tv 80x60+0+0");
}

TEST_F(Enlarged, ShowsItsPictureAndBlackAboveAllButWhatIsOnTop) {
    constexpr std::uint32_t on_top = 0x77'77'77;
    enlarge(1);
    for (std::int32_t y = 0; y < 70; ++y)
        for (std::int32_t x = 0; x < 80; ++x) {
            auto const picture = x < 20 && y < 10 ? 0x100u + static_cast<std::uint32_t>(y * 20 + x) : 0;
            ASSERT_EQ(wall.at(x, y), y < 60 ? picture : on_top) << x << ' ' << y;
        }
    flush(1, {0, 0, 20, 10}, 0);
    EXPECT_EQ(wall.at(0, 10), 0u) << "what it covers is not seen";
    EXPECT_EQ(wall.at(25, 5), 0u);
}

TEST_F(Enlarged, GoesBackAndNothingIsLeftOfIt) {
    put_back();  // the floor is painted
    auto const before = wall.pixels;
    enlarge(1);
    EXPECT_NE(wall.pixels, before);
    put_back();
    EXPECT_EQ(wall.pixels, before);
    EXPECT_EQ(told(1), (Rect{0, 0, 20, 10}));
    EXPECT_FALSE(gpu->enlarged());
}

TEST_F(Enlarged, ALargerPictureIsSeenWhole) {
    enlarge(0);
    for (std::uint32_t i = 0; i < 80 * 60; ++i) put(0x2000 + 4 * i, 0x5000 + i);
    EXPECT_EQ(create(2, 80, 60), Code::OkNoData);
    EXPECT_EQ(attach(2, {{0x2000, 80 * 60 * 4, 0}}), Code::OkNoData);
    EXPECT_EQ(show(2, {0, 0, 80, 60}), Code::OkNoData);
    EXPECT_EQ(flush(2, {0, 0, 80, 60}), Code::OkNoData);
    EXPECT_EQ(wall.at(79, 59), 0x5000u + 80 * 60 - 1);
    put_back();
    EXPECT_EQ(wall.at(19, 9), 0x5000u + 9 * 80 + 19) << "its corner, until it draws anew";
    EXPECT_EQ(wall.at(20, 9), 0u);
}

TEST_F(Enlarged, OneAtATime) {
    enlarge(0), enlarge(1);
    EXPECT_EQ(gpu->enlarged(), 1u);
    EXPECT_EQ(told(0), (Rect{0, 0, 20, 10}));
    EXPECT_EQ(told(1), (Rect{0, 0, 80, 60}));
}

TEST_F(Enlarged, WhatIsOnTopKeepsItsPlaceAndWhoHasNoWindowGetsNone) {
    enlarge(0);
    EXPECT_EQ(gpu->enlarge(2), nullptr);
    EXPECT_EQ(gpu->enlarge(7), nullptr);
    EXPECT_EQ(gpu->enlarged(), 0u) << "and all is as it was";
}

TEST_F(Enlarged, AClientThatStartsAnewHasItsOwnPlace) {
    enlarge(0);
    clients.reset(0);
    work();
    EXPECT_FALSE(gpu->enlarged());
    EXPECT_EQ(told(0), (Rect{0, 0, 20, 10}));
}

TEST_F(Enlarged, ANewLifeOfTheServerFindsItSo) {
    enlarge(0);
    gpu->show_owners(true), work();
    begin();
    EXPECT_EQ(gpu->enlarged(), 0u);
    EXPECT_TRUE(gpu->owners_shown());
    EXPECT_EQ(told(0), (Rect{0, 0, 80, 60}));
    gpu->show_owners(false), work();
    put(0x1000, 0xabcdef);
    EXPECT_EQ(flush(1), Code::OkNoData);
    EXPECT_EQ(wall.at(0, 0), 0xab'cd'efu) << "also of a client that never took the larger screen";
    put_back();
    begin();
    EXPECT_FALSE(gpu->enlarged());
    EXPECT_FALSE(gpu->owners_shown());
}

}  // namespace
}  // namespace tiffin::display
