#include "guest/sdk/histogram.hpp"

#include <gtest/gtest.h>

namespace tiffin::sdk {
namespace {

TEST(Histogram, EmptyHistogramIsAllZero) {
    Histogram const h;
    EXPECT_EQ(h.min() + h.max() + h.average() + h.percentile(99), 0u);
}

TEST(Histogram, SmallValuesAreExact) {
    Histogram h;
    for (unsigned v = 1; v <= 10; ++v) h.add(v);
    EXPECT_EQ(h.percentile(50), 5u);
    EXPECT_EQ(h.percentile(100), 10u);
    EXPECT_EQ(h.average(), 5u);
}

TEST(Histogram, PercentileIsNeverLowAndAtMostASixteenthHigh) {
    Histogram h;
    for (std::uint64_t v = 1; v <= 100'000; ++v) h.add(v);
    EXPECT_GE(h.percentile(99), 99'000u);
    EXPECT_LE(h.percentile(99), 99'000u + 99'000u / 16);
}

TEST(Histogram, OneOutlierInAHundredDoesNotMoveTheNinetyNinthPercentile) {
    Histogram h;
    for (unsigned i = 0; i < 99; ++i) h.add(3);
    h.add(1'000'000);
    EXPECT_EQ(h.percentile(99), 3u);
    EXPECT_EQ(h.max(), 1'000'000u);
}

TEST(Histogram, HugeValuesLandInTheLastBucketAndKeepTheirMaximum) {
    Histogram h;
    h.add(~0ull);
    EXPECT_EQ(h.max(), ~0ull);
    EXPECT_EQ(h.count(), 1u);
    EXPECT_EQ(h.percentile(100), (1ull << 39) - 1);
}

TEST(Histogram, OctavesCountEveryValueOnce) {
    Histogram h;
    for (std::uint64_t v = 0; v < 5000; ++v) h.add(v);
    std::uint64_t total = 0;
    for (unsigned octave = 0; octave < 39; ++octave) total += h.in_octave(octave);
    EXPECT_EQ(total, 5000u);
    EXPECT_EQ(h.in_octave(10), 1024u);
}

}  // namespace
}  // namespace tiffin::sdk
