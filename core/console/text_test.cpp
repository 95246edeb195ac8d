#include "core/console/text.hpp"

#include <gtest/gtest.h>
#include <string>

namespace tiffin {
namespace {

std::string spelt(std::string_view text) {
    std::string out;
    text::spell(text, [&](char c) { out += c; });
    return out;
}

TEST(Text, PrintableTextAndTabsPassUnchanged) {
    EXPECT_EQ(spelt("Linux version 6.1\t(debian)"), "Linux version 6.1\t(debian)");
    EXPECT_EQ(spelt("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8d\xb1"), "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8d\xb1");
}

TEST(Text, ControlCharactersAreSpeltOut) {
    EXPECT_EQ(spelt("\x1b[2J\x07\x7f"), "\\x1b[2J\\x07\\x7f");
    EXPECT_EQ(spelt(std::string_view{"\0", 1}), "\\x00");
}

TEST(Text, C1ControlsHideNeitherInUtf8NorAlone) {
    EXPECT_EQ(spelt("\xc2\x9b"
                    "2J"),
              "\\xc2\\x9b2J");
    EXPECT_EQ(spelt("\x9b"
                    "2J"),
              "\\x9b2J");
}

TEST(Text, BidirectionalAndInvisibleCharactersAreSpeltOut) {
    EXPECT_EQ(spelt("\xe2\x80\xae"), "\\xe2\\x80\\xae");  // U+202E
    EXPECT_EQ(spelt("\xe2\x81\xa6"), "\\xe2\\x81\\xa6");  // U+2066
    EXPECT_EQ(spelt("\xe2\x80\x8b"), "\\xe2\\x80\\x8b");  // U+200B
}

TEST(Text, MalformedUtf8IsSpeltOutByteByByte) {
    EXPECT_EQ(spelt("\xc0\x80"), "\\xc0\\x80");
    EXPECT_EQ(spelt("\xe2\x82"), "\\xe2\\x82");
    EXPECT_EQ(spelt("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond U+10FFFF";
    EXPECT_EQ(spelt("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
}

TEST(Text, EveryByteAloneStaysHarmless) {
    for (int i = 0; i < 256; ++i) {
        char const c = static_cast<char>(i);
        for (char shown : spelt({&c, 1})) EXPECT_TRUE((shown >= ' ' && shown <= '~') || shown == '\t') << i;
    }
}

}  // namespace
}  // namespace tiffin
