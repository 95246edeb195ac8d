#include "core/trace/trace.hpp"

#include <gtest/gtest.h>
#include <map>

#include "core/smp/guard.hpp"
#include "core/testing.hpp"

namespace tiffin {
namespace {

using abi::TraceKind;
using testing::Board;
using testing::VmSpec;

constexpr std::uint64_t smallest = abi::min_trace_bytes;

/// A board whose core records into a ring on the heap.
struct TracedBoard : Board {
    explicit TracedBoard(std::vector<VmSpec> const& specs = {VmSpec{}}, std::uint64_t bytes = smallest)
        : Board{specs}, memory_(bytes / 8 + 1024) {
        Pool pool{Pa{reinterpret_cast<std::uint64_t>(memory_.data())}, memory_.size() * 8};
        cpu().trace = trace::make(pool, 0, bytes);
    }
    abi::TraceHeader& header() { return *cpu().trace->header; }
    std::vector<abi::TraceEvent> events() {
        auto const* const first = cpu().trace->events;
        return {first, first + header().written};
    }
    std::vector<abi::TraceEvent> events(TraceKind kind) {
        auto all = events();
        std::erase_if(all, [&](auto const& e) { return TraceKind(e.stamp & 0xff) != kind; });
        return all;
    }
    /// A trap of `v` that takes `ticks`, as the tracing vectors tell of it.
    void trap(Vcpu& v, std::uint64_t ticks, TraceKind kind = TraceKind::Hypercall) {
        trace::begin(*cpu().trace, kind, trace::name_of(v), 7, hw().counter);
        hw().counter += ticks;
        trace::end(cpu(), abi::TraceEnd::Return);
    }
    Vcpu& run_traced() { return *trace::switch_vcpu(cpu()); }

private:
    std::vector<std::uint64_t> memory_;
};

std::uint64_t time_of(abi::TraceEvent const& e) { return e.stamp >> 8; }

TEST(Trace, TurnsAddUpToWhatIsAccounted) {
    TracedBoard t{{VmSpec{}, VmSpec{}, VmSpec{.policy = abi::Policy::Fixed, .priority = 9}}, 1 << 16};
    t.cpu().turn_started = t.hw().counter;
    t.boot();
    t.run_traced();
    for (int n = 0; n < 50; ++n) {
        t.hw().counter += 1000 + 37 * static_cast<unsigned>(n);
        Vcpu& v = *t.cpu().current;
        if (v.policy == abi::Policy::Fixed && n % 3 == 0) {
            sched::block(v);
        } else {
            sched::yield(v);
        }
        if (n % 5 == 4 && t.vcpu(2).state == VcpuState::Blocked) sched::wake(t.vcpu(2));
        t.run_traced();
    }
    std::map<std::uint16_t, std::uint64_t> ran;
    auto const switches = t.events(TraceKind::Switch);
    for (std::size_t i = 0; i < switches.size(); ++i)
        ran[switches[i].who] +=
            (i + 1 < switches.size() ? time_of(switches[i + 1]) : t.cpu().turn_started) - time_of(switches[i]);
    EXPECT_GT(switches.size(), 20u);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(ran[trace::name_of(t.vcpu(i))], t.vcpu(i).stats.run_ticks) << "VM " << i;
}

TEST(Trace, ASwitchSaysWhoRanBeforeAndWhyNotAnyMore) {
    TracedBoard t{{VmSpec{}, VmSpec{.policy = abi::Policy::Fixed, .priority = 9}}};
    t.boot();
    ASSERT_EQ(&t.run_traced(), &t.vcpu(1));
    sched::block(t.vcpu(1));
    t.run_traced();
    sched::wake(t.vcpu(1));
    t.run_traced();
    auto const switches = t.events(TraceKind::Switch);
    ASSERT_EQ(switches.size(), 3u);
    EXPECT_EQ(switches[1].argument, trace::name_of(t.vcpu(1)));
    EXPECT_EQ(abi::TraceReason(switches[1].detail), abi::TraceReason::Blocked);
    EXPECT_EQ(switches[2].who, trace::name_of(t.vcpu(1)));
    EXPECT_EQ(abi::TraceReason(switches[2].detail), abi::TraceReason::Preempted);
    EXPECT_EQ(t.events(TraceKind::Wake).size(), 1u);
}

TEST(Trace, SleepIsATurnOfNobody) {
    TracedBoard t;
    Vcpu& v = t.vcpu();
    t.boot();
    t.run_traced();
    sched::block(v);
    t.hw().on_sleep = [&] {
        t.hw().counter += 5000;
        sched::wake(v);
    };
    trace::begin(*t.cpu().trace, TraceKind::Trap, trace::name_of(v), 0, t.hw().counter - 10);
    t.run_traced();
    auto const switches = t.events(TraceKind::Switch);
    ASSERT_EQ(switches.size(), 3u);
    EXPECT_EQ(switches[1].who, abi::trace_nobody);
    EXPECT_EQ(abi::TraceReason(switches[1].detail), abi::TraceReason::Blocked);
    ASSERT_EQ(t.events(TraceKind::Sleep).size(), 1u);
    EXPECT_EQ(t.events(TraceKind::Sleep)[0].argument, 5000u);
    EXPECT_EQ(t.header().longest[1].how, abi::TraceEnd::Sleep) << "the path of the trap ends where interrupts are looked at";
    EXPECT_EQ(t.events(TraceKind::WakeUp).size(), 1u) << "another path leads back into the guest";
}

TEST(Trace, TheOldestEventsAreOverwritten) {
    TracedBoard t;
    auto const capacity = t.header().capacity;
    for (std::uint32_t n = 0; n < capacity + 3; ++n) trace::write(*t.cpu().trace, TraceKind::Wake, n, 0, n, 0);
    EXPECT_EQ(t.header().written, capacity + 3);
    EXPECT_EQ(t.cpu().trace->events[2].argument, capacity + 2);
    EXPECT_EQ(t.cpu().trace->events[3].argument, 3u);
}

TEST(Trace, KeepsTheLongestPathOfEachKindWhateverIsOverwritten) {
    TracedBoard t;
    t.boot();
    Vcpu& v = t.run_traced();
    t.trap(v, 90'000);
    t.trap(v, 400, TraceKind::Interrupt);
    for (int n = 0; n < 1000; ++n) t.trap(v, 100);
    EXPECT_EQ(t.header().longest[0].ticks, 90'000u);
    EXPECT_EQ(t.header().longest[2].ticks, 400u);
    EXPECT_EQ(t.header().longest[0].kind, TraceKind::Hypercall);
    EXPECT_EQ(t.header().longest[0].argument, 7u);
}

TEST(Trace, ADurationThatDoesNotFitIsTheLargest) {
    TracedBoard t;
    t.boot();
    Vcpu& v = t.run_traced();
    t.trap(v, 90'000);
    EXPECT_EQ(t.events(TraceKind::Hypercall).back().detail, 0xffff);
}

TEST(Trace, AFrozenRingStaysAsItIsAndBeginsEmptyAfterwards) {
    TracedBoard t;
    t.boot();
    Vcpu& v = t.run_traced();
    t.trap(v, 1);
    auto const before = t.header().written;
    t.header().frozen = trace::frozen;
    t.trap(v, 1);
    EXPECT_EQ(t.header().written, before);
    t.header().frozen = trace::thaw;
    t.trap(v, 1);
    EXPECT_EQ(t.header().written, 1u);
    EXPECT_EQ(t.header().frozen, trace::running);
    sched::yield(v);
    t.run_traced();
    EXPECT_EQ(t.events(TraceKind::Switch).size(), 1u) << "who runs is told anew";
}

TEST(Trace, TellsWhenABudgetIsUsedUpAndWhenItComesBack) {
    for (bool const background : {false, true}) {
        VmSpec const limited{
            .policy = abi::Policy::Fixed, .priority = 9, .budget_ns = 200'000, .period_ns = 1'000'000, .background = background};
        TracedBoard t{{limited, VmSpec{}}};
        t.boot();
        t.run_traced();
        t.fire_deadline();
        auto const exhausted = t.events(TraceKind::Exhausted);
        ASSERT_EQ(exhausted.size(), 1u);
        EXPECT_EQ(exhausted[0].who, trace::name_of(t.vcpu(0)));
        EXPECT_EQ(exhausted[0].argument, background ? 1u : 0u);
        t.fire_deadline();
        EXPECT_EQ(t.events(TraceKind::Replenished).size(), 1u);
    }
}

TEST(Trace, AWakeUpSaysSinceWhenItIsDue) {
    TracedBoard t;
    t.boot();
    t.run_traced();
    sched::block(t.vcpu());
    t.hw().on_sleep = [&] { sched::wake(t.vcpu()); };
    t.run_traced();
    EXPECT_EQ(t.events(TraceKind::Wake).at(0).argument, t.hw().counter - t.vcpu().woke);
    t.vcpu().woke -= 40;
    trace::woke(t.vcpu());
    EXPECT_EQ(t.events(TraceKind::Wake).at(1).argument, 40u);
}

TEST(Trace, TellsWhatTheConsoleLost) {
    TracedBoard t;
    t.console.set_loss_listener(trace::lost);
    t.boot();
    t.run_traced();
    t.uart.room = 0;
    for (int n = 0; n < 20'000 && !t.vm().console->tx_full(); ++n) t.vm().console->put(n % 8 == 7 ? '\n' : 'x');
    EXPECT_TRUE(t.events(TraceKind::Lost).empty());
    t.vm().console->put('x');
    t.vm().console->put('y');
    auto const bytes = t.events(TraceKind::Lost);
    ASSERT_EQ(bytes.size(), 2u);
    EXPECT_EQ(bytes[1].who, trace::name_of(t.vcpu()));
    EXPECT_EQ(bytes[1].argument, 2u);
    for (int n = 0; n < 2000 && t.console.log_has_room(); ++n) t.console.log("hello");
    t.console.log("hello");
    t.console.count_dropped();
    auto const lines = t.events(TraceKind::Lost);
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_EQ(lines[3].who, abi::trace_nobody);
    EXPECT_EQ(lines[3].argument, 2u);
}

TEST(Trace, ACoreWithoutARingRecordsNothing) {
    Board board;
    board.boot();
    board.run();
    sched::block(board.vcpu());
    sched::wake(board.vcpu());
    board.run();
    EXPECT_EQ(board.cpu().trace, nullptr);
}

TEST(Trace, KeepsHowLongALockWasHeldAndHowOftenAPathTookIt) {
    TracedBoard t{{VmSpec{.vcpus = 2, .cores = {0, 1}}}};
    Vcpu& v = t.vcpu(0, 0);
    auto const hold = [&](std::uint64_t ticks) {
        VmGuard const outer{*v.vm};
        VmGuard const inner{*v.vm};
        ConsoleGuard const console;
        t.hw().counter += ticks;
    };
    hold(900);
    EXPECT_EQ(t.header().holds[0].ticks, 0u) << "outside all paths, while the machine is set up";
    trace::begin(*t.cpu().trace, TraceKind::Trap, trace::name_of(v), 0, t.hw().counter);
    hold(30);
    hold(70);
    trace::begin(*t.cpu().trace, TraceKind::Interrupt, trace::name_of(v), 27, t.hw().counter);
    hold(50);
    for (auto const lock : {abi::TraceLock::Vm, abi::TraceLock::Console}) {
        auto const& seen = t.header().holds[static_cast<unsigned>(lock)];
        EXPECT_EQ(seen.ticks, 70u);
        EXPECT_EQ(seen.by_guest, 2u) << "a lock that is taken again by who has it is taken once";
        EXPECT_EQ(seen.by_interrupt, 1u);
    }
}

}  // namespace
}  // namespace tiffin
