#include "guest/apps/control/loop.hpp"

#include <gtest/gtest.h>

namespace control {
namespace {

constexpr std::int32_t wanted = 60'000;

struct Loop : ::testing::Test {
    /// `periods` of them; true if the alarm began to ring in one.
    bool run(unsigned periods) {
        bool rang = false;
        for (unsigned i = 0; i < periods; ++i) {
            power = controller.step(oven.temperature());
            oven.step(power);
            rang |= alarm.look(oven.temperature(), controller.wanted());
            hottest = std::max(hottest, oven.temperature());
        }
        return rang;
    }

    Oven oven;
    Controller controller{wanted};
    Alarm alarm;
    std::int32_t power{0}, hottest{0};
};

TEST_F(Loop, HeatsUpWithoutAnAlarmAndStaysThere) {
    EXPECT_FALSE(run(4'000));
    EXPECT_NEAR(oven.temperature(), wanted, 50);
    EXPECT_FALSE(run(10'000));
    EXPECT_NEAR(oven.temperature(), wanted, 50);
    EXPECT_GT(power, 0);
    EXPECT_LT(power, Controller::full);
}

TEST_F(Loop, AFanThatStopsRingsTheAlarmOnceAndTheLoopTakesItBack) {
    run(4'000);
    oven.set_fan(false);
    EXPECT_TRUE(run(2'000));
    EXPECT_GT(hottest, wanted + Alarm::above);
    oven.set_fan(true);
    EXPECT_FALSE(run(4'000));
    EXPECT_FALSE(alarm.rings());
    EXPECT_NEAR(oven.temperature(), wanted, 50);
}

TEST_F(Loop, ColdIsNoAlarm) {
    EXPECT_FALSE(alarm.look(-40'000, wanted));
    EXPECT_FALSE(alarm.look(wanted + Alarm::above, wanted));
    EXPECT_TRUE(alarm.look(wanted + Alarm::above + 1, wanted));
    EXPECT_FALSE(alarm.look(wanted + Alarm::well + 1, wanted)) << "still the same one";
    EXPECT_TRUE(alarm.rings());
    EXPECT_FALSE(alarm.look(wanted + Alarm::well, wanted));
    EXPECT_FALSE(alarm.rings());
}

}  // namespace
}  // namespace control
