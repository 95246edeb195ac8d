#include "guest/drivers/display/gpu.hpp"

#include "guest/drivers/display/testing.hpp"

namespace tiffin::display {
namespace {

using namespace testing;

TEST_F(GpuTest, SaysHowLargeTheWindowIs) {
    auto const& posted = clients.post(0, 0, bytes_of(head(Code::GetDisplayInfo)), sizeof(protocol::DisplayInfo));
    work();
    protocol::DisplayInfo info{};
    std::memcpy(&info, posted.room.data(), sizeof info);
    EXPECT_EQ(info.header.type, Code::OkDisplayInfo);
    EXPECT_EQ(info.scanouts[0].place.width, 20u);
    EXPECT_EQ(info.scanouts[0].place.height, 10u);
    EXPECT_EQ(info.scanouts[0].enabled, 1u);
    EXPECT_EQ(info.scanouts[1].enabled, 0u);
}

TEST_F(GpuTest, WhatIsFlushedIsSeenInItsWindowAndNothingElse) {
    make_picture(1, 1);
    EXPECT_EQ(flush(1, {2, 3, 4, 1}, 1), Code::OkNoData);
    EXPECT_EQ(wall.at(32, 23), 0x100u + 3 * 20 + 2);
    EXPECT_EQ(wall.at(35, 23), 0x100u + 3 * 20 + 5);
    for (auto const& [x, y] : {std::pair{31, 23}, {36, 23}, {32, 22}, {32, 24}}) EXPECT_EQ(wall.at(x, y), 0x99u) << x << ' ' << y;
    EXPECT_EQ(wall.at(29, 23), 0x99u) << "beside the window";
    EXPECT_EQ(flush(1, {0, 0, 20, 10}, 1), Code::OkNoData);
    EXPECT_EQ(wall.at(49, 29), 0x100u + 199);
}

TEST_F(GpuTest, PartsOfRowsAndWholeRowsAreFetchedFromWhereTheyLie) {
    make_picture(1);
    for (protocol::Rectangle const& part : {protocol::Rectangle{3, 2, 4, 5}, {0, 1, 20, 8}}) {
        EXPECT_EQ(flush(1, part), Code::OkNoData);
        for (auto y = part.y; y < part.y + part.height; ++y)
            for (auto x = part.x; x < part.x + part.width; ++x)
                ASSERT_EQ(wall.at(static_cast<std::int32_t>(x), static_cast<std::int32_t>(y)), 0x100u + y * 20 + x)
                    << x << ' ' << y;
    }
    EXPECT_EQ(wall.at(0, 0), 0x99u);
    EXPECT_EQ(wall.at(0, 9), 0x99u);
}

TEST_F(GpuTest, WhatNobodyCoversIsShownInOnePiece) {
    make_picture(1);
    wall.pieces = 0;
    EXPECT_EQ(flush(1), Code::OkNoData);
    EXPECT_EQ(wall.pieces, 1u);
    EXPECT_EQ(wall.at(19, 9), 0x100u + 199);
}

TEST_F(GpuTest, APictureInPiecesIsPutTogether) {
    EXPECT_EQ(create(1), Code::OkNoData);
    for (std::uint32_t i = 0; i < 200; ++i) put(i < 7 ? 0x8000 + 4 * i : i < 100 ? 0x100 + 4 * i : 0x4000 + 4 * i, 0x200 + i);
    EXPECT_EQ(attach(1, {{0x8000, 28, 0}, {0x100 + 28, 372, 0}, {0x4000 + 400, 400, 0}}), Code::OkNoData);
    show(1), flush(1);
    for (std::int32_t i = 0; i < 200; ++i) ASSERT_EQ(wall.at(i % 20, i / 20), 0x200u + static_cast<std::uint32_t>(i)) << i;
}

TEST_F(GpuTest, WhatTheClientHasNoMemoryForIsBlack) {
    EXPECT_EQ(create(1), Code::OkNoData);
    for (std::uint32_t i = 0; i < 200; ++i) put(4 * i, 0x777);
    EXPECT_EQ(attach(1, {{0, 40, 0}, {1u << 30, 400, 0}}), Code::OkNoData);
    show(1), flush(1);
    EXPECT_EQ(wall.at(9, 0), 0x777u);
    EXPECT_EQ(wall.at(10, 0), 0u) << "not its RAM";
    EXPECT_EQ(wall.at(19, 9), 0u) << "never attached";
}

TEST_F(GpuTest, AFencedRequestIsAnsweredWithItsFenceWhenItIsOnTheScreen) {
    make_picture(1);
    auto const answer =
        ask(protocol::ResourceFlush{head(Code::ResourceFlush, protocol::fenced, 0x1234'5678'9abc), {0, 0, 20, 10}, 1, 0});
    EXPECT_EQ(answer.type, Code::OkNoData);
    EXPECT_EQ(answer.flags, protocol::fenced);
    EXPECT_EQ(answer.fence_id, 0x1234'5678'9abcu);
    EXPECT_EQ(answer.context_id, 5u);
}

TEST_F(GpuTest, WhatMakesNoSenseIsAnError) {
    EXPECT_EQ(create(0), Code::ErrorInvalidResource);
    EXPECT_EQ(create(1, 0, 5), Code::ErrorInvalidParameter);
    EXPECT_EQ(create(1, Pictures::max_side + 1, 5), Code::ErrorInvalidParameter);
    EXPECT_EQ(create(1, 5, ~0u), Code::ErrorInvalidParameter);
    EXPECT_EQ(create(1, 5, 5, 0, protocol::Format{67}), Code::ErrorInvalidParameter);
    make_picture(1);
    EXPECT_EQ(create(1), Code::ErrorInvalidResource) << "it is there";
    EXPECT_EQ(attach(1, {{0, 4, 0}}), Code::ErrorUnspecified) << "it has memory";
    EXPECT_EQ(attach(2, {{0, 4, 0}}), Code::ErrorInvalidResource);
    for (auto const& part :
         {protocol::Rectangle{0, 0, 0, 1}, {0, 0, 21, 1}, {1, 0, 20, 1}, {~0u, 0, 2, 1}, {0, ~0u - 1, 1, 5}, {0, 0, 1, ~0u}}) {
        EXPECT_EQ(flush(1, part), Code::ErrorInvalidParameter);
        EXPECT_EQ(show(1, part), Code::ErrorInvalidParameter);
    }
    EXPECT_EQ(ask(protocol::SetScanout{head(Code::SetScanout), {0, 0, 20, 10}, 1, 1}).type, Code::ErrorInvalidScanout);
    EXPECT_EQ(flush(9), Code::ErrorInvalidResource);
    EXPECT_EQ(ask(head(Code{0x777})).type, Code::ErrorUnspecified);
    EXPECT_EQ(ask(head(Code::SetScanout)).type, Code::ErrorUnspecified) << "the rest of it is missing";
    EXPECT_EQ(ask(std::uint32_t{0}).type, Code::ErrorUnspecified);
}

TEST_F(GpuTest, AnotherClientsPicturesAreNoneOfMine) {
    make_picture(1, 1);
    EXPECT_EQ(flush(1), Code::ErrorInvalidResource);
    EXPECT_EQ(show(1), Code::ErrorInvalidResource);
    EXPECT_EQ(ask(protocol::OfResource{head(Code::ResourceUnref), 1, 0}).type, Code::ErrorInvalidResource);
}

TEST_F(GpuTest, AFreedPictureIsGoneItsWindowBlackAndItsPlacesFree) {
    make_picture(1);
    flush(1);
    EXPECT_EQ(ask(protocol::OfResource{head(Code::ResourceUnref), 1, 0}).type, Code::OkNoData);
    EXPECT_EQ(wall.at(5, 5), 0u);
    EXPECT_EQ(flush(1), Code::ErrorInvalidResource);
    for (auto const& piece : clients.made[0].pieces) EXPECT_EQ(piece.bytes, 0u);
}

TEST_F(GpuTest, PicturesAndPlacesRunOutWithoutHarm) {
    for (std::uint32_t id = 1; id <= Pictures::max_pictures; ++id) EXPECT_EQ(create(id), Code::OkNoData);
    EXPECT_EQ(create(99), Code::ErrorOutOfMemory);
    std::vector<protocol::MemoryEntry> const many(1500, {0, 4, 0});
    EXPECT_EQ(attach(1, many), Code::OkNoData);
    EXPECT_EQ(attach(2, many), Code::ErrorOutOfMemory);
    EXPECT_EQ(attach(2, {}), Code::ErrorOutOfMemory);
    EXPECT_EQ(attach(2, {{0, 4, 0}}), Code::OkNoData) << "there are some left";
    EXPECT_EQ(ask(protocol::OfResource{head(Code::ResourceDetachBacking), 1, 0}).type, Code::OkNoData);
    EXPECT_EQ(attach(3, many), Code::OkNoData);
}

TEST_F(GpuTest, ACursorIsBlendedOverTheWindowAndWhatWasUnderItComesBack) {
    make_picture(1);
    flush(1);
    constexpr auto side = protocol::cursor_size;
    for (std::uint32_t i = 0; i < side * side; ++i) put(0x2000 + 4 * i, i == 0 ? 0xff12'3456 : i == 1 ? 0x8040'0000 : 0);
    create(2, side, side, 0, protocol::Format::B8G8R8A8);
    attach(2, {{0x2000, side * side * 4, 0}});
    auto const set = [&](Code type, std::uint32_t x, std::uint32_t y, std::uint32_t id) {
        clients.post(0, 1, bytes_of(protocol::Cursor{head(type), 0, x, y, 0, id, 0, 0, 0}));
        work();
    };
    set(Code::UpdateCursor, 3, 4, 2);
    EXPECT_EQ(wall.at(3, 4), 0x12'34'56u) << "opaque";
    auto const behind = 0x100u + 4 * 20 + 4;
    EXPECT_EQ(wall.at(4, 4), 0x40'00'00u + (behind >> 8) * 127 / 255 * 256 + (behind & 255) * 127 / 255) << "half of it";
    EXPECT_EQ(wall.at(5, 4), behind + 1) << "clear";
    set(Code::MoveCursor, 18, 9, 0);
    EXPECT_EQ(wall.at(3, 4), behind - 1);
    EXPECT_EQ(wall.at(18, 9), 0x12'34'56u);
    EXPECT_EQ(wall.at(20, 9), 0x99u) << "not beyond the window";
    set(Code::MoveCursor, ~0u, ~0u, 0);
    EXPECT_EQ(wall.at(18, 9), 0x100u + 9 * 20 + 18);
    set(Code::UpdateCursor, 3, 4, 0);
    EXPECT_EQ(wall.at(3, 4), behind - 1) << "no cursor";
}

TEST_F(GpuTest, ANewLifeOfTheServerGoesOnWhereTheClientIs) {
    make_picture(1);
    flush(1);
    put(0x1000, 0xabcdef);
    begin();
    EXPECT_EQ(wall.at(1, 0), 0x101u) << "the screen keeps its picture";
    EXPECT_EQ(flush(1, {0, 0, 1, 1}), Code::OkNoData);
    EXPECT_EQ(wall.at(0, 0), 0xab'cd'efu);
}

TEST_F(GpuTest, SaysWhoseEachWindowIsAndThenShowsWhatItShowed) {
    make_picture(1);
    make_picture(1, 1);
    for (std::uint32_t device : {0u, 1u}) EXPECT_EQ(flush(1, {0, 0, 20, 10}, device), Code::OkNoData);
    auto const before = wall.pixels;
    gpu->show_owners(true);
    work();
    EXPECT_EQ(gpu->owners().size(), 2u);
    EXPECT_EQ(gpu->owners()[0].words(), "tv 20x10+0+0");
    EXPECT_EQ(gpu->owners()[1].words(), "me 20x10+30+20");
    EXPECT_EQ(wall.at(0, 9), Owner::colours[0]) << "the frame, below the letters' box";
    EXPECT_EQ(wall.at(30, 29), Owner::colours[1]);
    for (auto const& [x, y] : {std::pair{20, 5}, {29, 20}, {30, 19}, {50, 25}, {30, 30}})
        EXPECT_EQ(wall.at(x, y), 0x99u) << x << ' ' << y;
    EXPECT_EQ(flush(1), Code::OkNoData);
    EXPECT_EQ(wall.at(0, 9), Owner::colours[0]) << "a client's pixels don't cover it";
    gpu->show_owners(false);
    work();
    EXPECT_EQ(wall.pixels, before);
}

TEST_F(GpuTest, ASmallerPictureLeavesNothingOfTheLargerOne) {
    make_picture(1);
    flush(1);
    for (std::uint32_t i = 0; i < 40; ++i) put(0x2000 + 4 * i, 0x300 + i);
    EXPECT_EQ(create(2, 8, 5), Code::OkNoData);
    EXPECT_EQ(attach(2, {{0x2000, 160, 0}}), Code::OkNoData);
    EXPECT_EQ(show(2, {0, 0, 8, 5}), Code::OkNoData);
    EXPECT_EQ(flush(2, {0, 0, 8, 5}), Code::OkNoData);
    for (std::int32_t y = 0; y < 10; ++y)
        for (std::int32_t x = 0; x < 20; ++x)
            ASSERT_EQ(wall.at(x, y), x < 8 && y < 5 ? 0x300u + static_cast<std::uint32_t>(y * 8 + x) : 0u) << x << ' ' << y;
}

TEST_F(GpuTest, AClientThatStartsAnewHasABlackWindow) {
    make_picture(1);
    flush(1);
    clients.reset(0);
    work();
    EXPECT_EQ(wall.at(5, 5), 0u);
    EXPECT_EQ(create(1), Code::OkNoData) << "nothing is left of the other";
}

}  // namespace
}  // namespace tiffin::display
