#include "guest/sdk/format.hpp"

#include <cstdint>
#include <gtest/gtest.h>
#include <string>

namespace tiffin::sdk {
namespace {

template <class... Args>
std::string formatted(std::string_view format, Args... args) {
    std::string out;
    FormatArg const list[] = {FormatArg{args}..., FormatArg{0u}};
    format_to([&out](char c) { out += c; }, format, list, sizeof...(Args));
    return out;
}

TEST(Format, NumbersOfBothSignsReachTheirEnds) {
    EXPECT_EQ(formatted("{} {}", UINT64_MAX, INT64_MIN), "18446744073709551615 -9223372036854775808");
    EXPECT_EQ(formatted("{}{}", 0u, -1), "0-1");
}

TEST(Format, HexadecimalOfANegativeNumberIsItsBits) { EXPECT_EQ(formatted("{:x}", std::int64_t{-1}), "ffffffffffffffff"); }

TEST(Format, TextAndBoolAreCopied) { EXPECT_EQ(formatted("<{}|{}>", "a", true), "<a|true>"); }

TEST(Format, PlaceholderWithoutArgumentIsAQuestionMark) { EXPECT_EQ(formatted("{} {}", 1u), "1 ?"); }

TEST(Format, BracesThatAreNoPlaceholderStay) { EXPECT_EQ(formatted("{ {:d} }{"), "{ {:d} }{"); }

}  // namespace
}  // namespace tiffin::sdk
