#include "core/console/focus_line.hpp"

#include <gtest/gtest.h>
#include <string>

namespace tiffin {
namespace {

/// A line with the buffer that a port would give it.
struct Editor {
    FocusLine line;
    char text[168]{};
    std::uint8_t length{0};
    Echo last;

    Editor& operator<<(std::string_view bytes) {
        for (char c : bytes) last = line.accept(c, text, length);
        return *this;
    }
    std::string shown() const { return {text, length}; }
};

TEST(FocusLine, TextIsEchoedAsItComes) {
    Editor e;
    e << "ls";
    EXPECT_EQ(e.shown(), "ls");
    EXPECT_EQ(e.last.view(), "s");
}

TEST(FocusLine, BackspaceMovesAndTheNextCharacterOverwrites) {
    Editor e;
    e << "abc\b\bX";
    EXPECT_EQ(e.shown(), "aXc");
    EXPECT_EQ(e.line.cursor(), 2);
}

TEST(FocusLine, ShellsRubOutErasesTheCharacter) {
    Editor e;
    e << "abc\b \b\x1b[J";
    EXPECT_EQ(e.shown(), "ab");
    EXPECT_EQ(e.last.view(), "\x1b[K") << "ED 0 erases only this line's rest";
}

TEST(FocusLine, TheCursorNeverLeavesTheTextOnTheLeft) {
    Editor e;
    e << "ab\b\b\b\b";
    EXPECT_EQ(e.line.cursor(), 0);
    EXPECT_EQ(e.last.kind, Echo::Kind::Nothing) << "a backspace at the start would enter the prefix";
    e << "\x1b[C\x1b[999D";
    EXPECT_EQ(e.line.cursor(), 0);
}

TEST(FocusLine, TheCursorNeverLeavesTheTextOnTheRight) {
    Editor e;
    e << "ab\x1b[500C";
    EXPECT_EQ(e.line.cursor(), 2) << "further right, the terminal's own margin would make us lose count";
}

TEST(FocusLine, ErasingTheWholeLineSparesThePrefix) {
    Editor e;
    e << "secret\x1b[2K";
    EXPECT_EQ(e.shown(), "      ");
    EXPECT_EQ(e.last.kind, Echo::Kind::Repaint);
    e << "\x1b[1K";
    EXPECT_EQ(e.last.kind, Echo::Kind::Nothing);
}

TEST(FocusLine, ColoursPassAndAreRemembered) {
    Editor e;
    e << "\x1b[1;31m";
    EXPECT_EQ(e.last.view(), "\x1b[1;31m");
    EXPECT_TRUE(e.line.coloured());
    EXPECT_EQ(e.shown(), "");
}

TEST(FocusLine, OtherSequencesAreSwallowedWhole) {
    for (std::string_view sequence : {"\x1b[2J", "\x1b[H", "\x1b[10;1H", "\x1b[A", "\x1b[6n", "\x1b[?1049h",
                                      "\x1b"
                                      "c",
                                      "\x1b(B", "\x1b]0;title\x07", "\x1b]52;c;aGk=\x1b\\", "\x1bP1$q\x1b\\", "\x1b[>0q",
                                      "\x1b[1;2;3;4;5;6;7;8;9m", "\x1b[1$m"}) {
        Editor e;
        e << sequence;
        EXPECT_EQ(e.last.kind, Echo::Kind::Nothing) << sequence.substr(1);
        e << "x";
        EXPECT_EQ(e.shown(), "x") << sequence.substr(1);
        EXPECT_FALSE(e.line.coloured());
    }
}

TEST(FocusLine, InsertAndDeleteWorkAsLineEditorsUseThem) {
    Editor e;
    e << "helo\b\x1b[1@l";
    EXPECT_EQ(e.shown(), "hello");
    e << "\x1b[1G\x1b[P";
    EXPECT_EQ(e.shown(), "ello");
}

TEST(FocusLine, Utf8IsCollectedAndCountsAsOneCharacter) {
    Editor e;
    e << "\xc3\xa9";
    EXPECT_EQ(e.last.view(), "\xc3\xa9");
    e << "\b";
    EXPECT_EQ(e.line.cursor(), 0);
    EXPECT_EQ(e.last.kind, Echo::Kind::Repaint) << "its width is not ours to know";
    e << "x";
    EXPECT_EQ(e.shown(), "x");
}

TEST(FocusLine, HarmfulUtf8BecomesTheReplacementCharacter) {
    Editor e;
    e << "\xc2\x9b"
         "2J";
    EXPECT_EQ(e.shown(),
              "\xef\xbf\xbd"
              "2J");
    Editor f;
    f << "\xe2\x82"
         "ab";
    EXPECT_EQ(f.shown(),
              "\xef\xbf\xbd"
              "ab");
}

TEST(FocusLine, ControlCharactersAreSpeltOutAndBellsDropped) {
    Editor e;
    e << "\x07\x01";
    EXPECT_EQ(e.shown(), "\\x01");
}

TEST(FocusLine, NoByteAddsMoreThanItSays) {
    std::uint32_t random = 1;
    for (int round = 0; round < 2000; ++round) {
        Editor e;
        for (int i = 0; i < 60; ++i) {
            random = random * 1664525 + 1013904223;
            char const pick[] = {static_cast<char>(random >> 24), '\x1b', '[', '@', '9', 'P', '\b', '\xe2'};
            auto const before = e.length;
            if (e.length + FocusLine::widest > 160) break;
            e << std::string(1, pick[(random >> 16) & 7]);
            ASSERT_LE(e.length, before + FocusLine::widest);
            ASSERT_LE(e.line.cursor(), e.length);
        }
    }
}

}  // namespace
}  // namespace tiffin
