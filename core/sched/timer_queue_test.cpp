#include "core/sched/timer_queue.hpp"

#include <gtest/gtest.h>
#include <random>
#include <set>
#include <vector>

namespace tiffin {
namespace {

struct Timers {
    explicit Timers(std::size_t count) : slots(count), timers(count) {}
    std::vector<Timer*> slots;
    std::vector<Timer> timers;
    TimerQueue queue{slots};
};

TEST(TimerQueue, AnEmptyOneWaitsForEver) {
    Timers t{1};
    EXPECT_EQ(t.queue.earliest(), TimerQueue::never);
    EXPECT_EQ(t.queue.expire(TimerQueue::never), nullptr);
}

TEST(TimerQueue, ATimerExpiresAtItsDeadlineAndNotBefore) {
    Timers t{1};
    t.queue.arm(t.timers[0], 100);
    EXPECT_EQ(t.queue.expire(99), nullptr);
    EXPECT_EQ(t.queue.expire(100), &t.timers[0]);
    EXPECT_FALSE(t.timers[0].armed());
    EXPECT_EQ(t.queue.expire(100), nullptr);
}

TEST(TimerQueue, ArmingAgainMovesTheDeadline) {
    Timers t{2};
    t.queue.arm(t.timers[0], 100);
    t.queue.arm(t.timers[1], 200);
    t.queue.arm(t.timers[0], 300);
    EXPECT_EQ(t.queue.earliest(), 200u);
    t.queue.arm(t.timers[0], 50);
    EXPECT_EQ(t.queue.earliest(), 50u);
}

TEST(TimerQueue, CancellingWhatIsNotArmedDoesNothing) {
    Timers t{1};
    t.queue.cancel(t.timers[0]);
    t.queue.arm(t.timers[0], 7);
    t.queue.cancel(t.timers[0]);
    t.queue.cancel(t.timers[0]);
    EXPECT_EQ(t.queue.earliest(), TimerQueue::never);
}

TEST(TimerQueue, BehavesAsAMultisetOverManyRandomSteps) {
    constexpr std::size_t count = 64;
    Timers t{count};
    std::multiset<std::uint64_t> reference;
    std::mt19937 random{1};
    auto const forget = [&](Timer& timer) {
        if (timer.armed()) reference.erase(reference.find(timer.deadline));
    };
    for (int step = 0; step < 50'000; ++step) {
        Timer& timer = t.timers[random() % count];
        switch (random() % 3) {
            case 0:
                forget(timer);
                t.queue.cancel(timer);
                break;
            case 1: {
                auto const deadline = random() % 1000;
                forget(timer);
                t.queue.arm(timer, deadline);
                reference.insert(deadline);
                break;
            }
            default: {
                auto const now = random() % 1000;
                Timer* const expired = t.queue.expire(now);
                bool const due = !reference.empty() && *reference.begin() <= now;
                ASSERT_EQ(expired != nullptr, due);
                if (!due) break;
                ASSERT_EQ(expired->deadline, *reference.begin());
                reference.erase(reference.begin());
            }
        }
        ASSERT_EQ(t.queue.earliest(), reference.empty() ? TimerQueue::never : *reference.begin());
    }
}

}  // namespace
}  // namespace tiffin
