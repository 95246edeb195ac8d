#include "guest/drivers/sound/mixer.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace tiffin::sound {
namespace {

std::vector<Sample> mixed(std::vector<std::vector<Sample>> const& clients) {
    Mixer mixer;
    for (auto const& samples : clients) mixer.add(samples);
    std::vector<Sample> slot(slot_samples, 99);
    mixer.take(slot);
    return slot;
}

TEST(Mixer, OneClientIsHeardAsItIs) {
    std::vector<Sample> every;
    for (int n = -32768; n < 32768; n += 69) every.push_back(static_cast<Sample>(n));
    ASSERT_LE(every.size(), slot_samples);
    every.resize(slot_samples);
    EXPECT_EQ(mixed({every}), every);
}

TEST(Mixer, NobodyIsSilence) { EXPECT_EQ(mixed({}), std::vector<Sample>(slot_samples, 0)); }

TEST(Mixer, ClientsAreAddedAndTheSumStopsAtTheLoudest) {
    auto const all = mixed({{1000, -5, 32767, -32768, 30000}, {234, 5, 1, -1, -29999}, {0, 0, -1, 0, -1}});
    EXPECT_EQ((std::vector<Sample>{all.begin(), all.begin() + 5}), (std::vector<Sample>{1234, 0, 32767, -32768, 0}));
    EXPECT_EQ(all[5], 0) << "who has fewer samples is silent behind them";
}

TEST(Mixer, AVolumeScalesEachSampleTowardZero) {
    Mixer mixer;
    mixer.add(std::vector<Sample>{32767, -32768, 1, -1, 101, -199}, 50);
    std::vector<Sample> slot(slot_samples);
    mixer.take(slot);
    EXPECT_EQ((std::vector<Sample>{slot.begin(), slot.begin() + 6}), (std::vector<Sample>{16383, -16384, 0, 0, 50, -99}));
    mixer.add(std::vector<Sample>{32767, -32768}, 0);
    mixer.take(slot);
    EXPECT_TRUE(slot[0] == 0 && slot[1] == 0);
}

TEST(Mixer, ManyLoudClientsDoNotWrapAround) {
    auto const loud = std::vector<Sample>(slot_samples, -32768);
    EXPECT_EQ(mixed(std::vector<std::vector<Sample>>(64, loud)), loud);
}

TEST(Mixer, WhatWasHandedOutIsNotHeardAgain) {
    Mixer mixer;
    mixer.add(std::vector<Sample>{7});
    std::vector<Sample> slot(slot_samples);
    mixer.take(slot);
    mixer.take(slot);
    EXPECT_EQ(slot[0], 0);
}

TEST(Mixer, MoreThanASlotIsLeftOut) {
    Mixer mixer;
    mixer.add(std::vector<Sample>(slot_samples + 1, 3));
    std::vector<Sample> more(slot_samples + 1, 9);
    mixer.take(more);
    EXPECT_EQ(more[slot_samples - 1], 3);
    EXPECT_EQ(more[slot_samples], 9);
}

}  // namespace
}  // namespace tiffin::sound
