#include <gtest/gtest.h>
#include <map>

#include "tool/trace/page.hpp"
#include "tool/trace/perfetto.hpp"
#include "tool/trace/summary.hpp"
#include "tool/trace/testing.hpp"

namespace tiffin {
namespace {

using abi::TraceKind;
using testing::dump;
using testing::good_plan;
using testing::open_trace_bytes;
using testing::Ring;

constexpr std::uint16_t alpha = 0, beta = 1, nobody = abi::trace_nobody;

TEST(TraceFile, FindsRingsAndThePlanAnywhereInADump) {
    auto const plan = good_plan().bytes();
    auto const noise = std::vector<std::byte>(4096, std::byte{0x5a});
    auto const file = open_trace_bytes(dump({noise, Ring{1}.turn(5, beta).bytes(), noise, plan, Ring{0}.turn(7, alpha).bytes()}));
    ASSERT_EQ(file.cores().size(), 2u);
    EXPECT_EQ(file.cores()[0].core, 0u);
    EXPECT_EQ(file.cores()[1].entries.at(0).time, 5u);
    EXPECT_EQ(file.name_of(alpha), "alpha");
    EXPECT_EQ(file.name_of(nobody), "idle");
}

TEST(TraceFile, WithoutAPlanVmsHaveNumbers) {
    auto const file = open_trace_bytes(Ring{}.turn(1, 3 | 2 << 12).bytes());
    EXPECT_EQ(file.name_of(3), "vm3");
    EXPECT_EQ(file.name_of(3 | 2 << 12), "vm3/2");
}

TEST(TraceFile, SaysHowManyEventsWereOverwrittenAndKeepsTheOrderOfTheRest) {
    Ring ring;
    for (unsigned n = 0; n < 300; ++n) ring.turn(n, n % 2 == 0 ? alpha : beta);
    auto const file = open_trace_bytes(ring.bytes());
    auto const& core = file.cores().at(0);
    EXPECT_EQ(core.overwritten, 44u);
    ASSERT_EQ(core.entries.size(), 256u);
    EXPECT_EQ(core.entries.front().time, 44u);
    EXPECT_EQ(core.entries.back().time, 299u);
}

TEST(TraceFile, RefusesWhatIsNoRing) {
    std::string why;
    EXPECT_FALSE(TraceFile::open({}, why));
    EXPECT_NE(why.find("there is no trace in it"), why.npos);
    auto const refused = [&](auto breaks) {
        Ring ring;
        breaks(ring.turn(1, alpha).header());
        return !TraceFile::open(ring.bytes(), why);
    };
    EXPECT_TRUE(refused([](auto& h) { h.version = 99; }));
    EXPECT_TRUE(refused([](auto& h) { h.capacity = 255; }));
    EXPECT_TRUE(refused([](auto& h) { h.capacity = 512, h.written = 512; })) << "longer than the file";
    EXPECT_TRUE(refused([](auto& h) { h.frequency = 0; }));
    EXPECT_TRUE(refused([](auto& h) { h.core = 8; }));
}

TEST(TraceFile, NamesWhatBeganAPath) {
    auto const file = open_trace_bytes(dump({good_plan().bytes(), Ring{}.turn(1, alpha).bytes()}));
    EXPECT_EQ(file.path_name(TraceKind::Hypercall, 0xc600'0002), "hypercall Exit");
    EXPECT_EQ(file.path_name(TraceKind::Hypercall, 0x8400'0008), "hypercall PSCI SYSTEM_OFF");
    EXPECT_EQ(file.path_name(TraceKind::Hypercall, 0xdead'beef), "hypercall 0xdeadbeef");
    EXPECT_EQ(file.path_name(TraceKind::Trap, 0x24u << 26 | 7), "data abort");
    EXPECT_EQ(file.path_name(TraceKind::Interrupt, 26), "EL2 timer");
    EXPECT_EQ(file.path_name(TraceKind::Interrupt, 39), "interrupt 39");
    EXPECT_EQ(file.path_name(TraceKind::WakeUp, 27), "wake-up by virtual timer");
}

TEST(ConsoleTrace, IsFoundAmongWhatTheVmsSay) {
    std::string why;
    auto const bytes = bytes_from_console(
        "[a] hello\r\ntiffin> trace\r\ntiffin: trace 0 0x00000000 TWFu\r\n[a] tiffin: not this\r\ntiffin: trace 0 0x00000003 "
        "TWE=\r\n"
        "tiffin: trace 1 0x00000000 TQ==\r\ntiffin: trace end\r\n",
        why);
    ASSERT_TRUE(bytes) << why;
    auto const text = std::string{reinterpret_cast<char const*>(bytes->data()), bytes->size()};
    EXPECT_EQ(text, std::string("ManMa") + std::string(11, '\0') + "M");
}

TEST(ConsoleTrace, AMissingLineIsToldAndSoIsAMissingEnd) {
    std::string why;
    EXPECT_FALSE(
        bytes_from_console("tiffin: trace 0 0x00000000 TWFu\ntiffin: trace 0 0x00000006 TWFu\ntiffin: trace end\n", why));
    EXPECT_EQ(why, "a line of the trace is missing before \"trace 0 0x00000006\"");
    EXPECT_FALSE(bytes_from_console("tiffin: trace 0 0x00000000 TWFu\n", why));
    EXPECT_EQ(why, "the trace in the log has no end: it was still being printed");
    EXPECT_FALSE(bytes_from_console("[linux] tiffin\n", why));
    EXPECT_EQ(why, "the log has no trace in it; the shell's command `trace` prints one");
}

/// alpha sleeps from 1000 to 5000, and is back in its guest at 5300; beta runs meanwhile.
TraceFile story() {
    Ring ring;
    ring.turn(100, alpha).path(TraceKind::Hypercall, 150, alpha, 40, 0x8400'0001);
    ring.turn(1000, beta, abi::TraceReason::Blocked).path(TraceKind::Trap, 1200, alpha, 250, 1u << 26);
    ring.add(TraceKind::Wake, 5010, alpha).turn(5100, alpha).path(TraceKind::Interrupt, 5300, beta, 320, 26);
    ring.turn(6000, nobody, abi::TraceReason::Stopped).add(TraceKind::Exhausted, 6100, alpha);
    return open_trace_bytes(dump({good_plan().bytes(), ring.bytes()}));
}

TEST(Timeline, TurnsFollowOneAnotherAndEndForAReason) {
    auto const t = tell(story());
    ASSERT_EQ(t.turns.size(), 4u);
    EXPECT_EQ(t.turns[0].who, alpha);
    EXPECT_EQ(t.turns[0].to, 1000u);
    EXPECT_EQ(t.turns[0].reason, abi::TraceReason::Blocked);
    EXPECT_EQ(t.turns[1].to, t.turns[2].from);
    EXPECT_EQ(t.turns[3].who, nobody);
    EXPECT_EQ(t.turns[3].to, 6100u);
    EXPECT_EQ(t.from, 100u);
    EXPECT_EQ(t.to, 6100u);
}

TEST(Timeline, AWaitLastsFromTheWakeUpUntilTheGuestIsEntered) {
    auto const t = tell(story());
    ASSERT_EQ(t.waits.size(), 1u);
    EXPECT_EQ(t.waits[0].who, alpha);
    EXPECT_EQ(t.waits[0].woke, 5010u);
    EXPECT_EQ(t.waits[0].entered, 5300u);
}

TEST(Timeline, ARingThatNeverSaysWhoRanHasNoTurns) {
    auto const t = tell(open_trace_bytes(Ring{}.path(TraceKind::Trap, 150, alpha, 40).bytes()));
    EXPECT_TRUE(t.turns.empty());
    EXPECT_TRUE(t.cores.empty());
}

TEST(Summary, NamesTheLongestPath) {
    auto const file = story();
    auto const text = summary_text(file, tell(file));
    EXPECT_NE(text.find("longest path at EL2: 320 ns on core 0: EL2 timer of beta back into the guest"), text.npos) << text;
    EXPECT_NE(text.find("30.00%        2                   290         290"), text.npos) << text;
}

/// Reads protobuf fields: numbers, and texts or messages as bytes.
struct Fields {
    std::multimap<unsigned, std::uint64_t> numbers;
    std::multimap<unsigned, std::string> texts;

    explicit Fields(std::string_view bytes) {
        auto const varint = [&] {
            std::uint64_t value = 0;
            for (unsigned shift = 0;; shift += 7) {
                auto const byte = static_cast<unsigned char>(bytes.at(0));
                bytes.remove_prefix(1);
                value |= std::uint64_t{byte & 0x7fu} << shift;
                if (byte < 0x80) return value;
            }
        };
        while (!bytes.empty()) {
            auto const key = varint();
            auto const value = varint();
            if ((key & 7) == 0) {
                numbers.emplace(key >> 3, value);
            } else {
                texts.emplace(key >> 3, bytes.substr(0, value));
                bytes.remove_prefix(value);
            }
        }
    }
    [[nodiscard]] std::uint64_t number(unsigned field) const { return numbers.find(field)->second; }
    [[nodiscard]] std::string text(unsigned field) const { return texts.find(field)->second; }
};

TEST(Perfetto, SlicesOfACoreAreItsTurnsInOrder) {
    auto const file = story();
    std::map<std::uint64_t, std::string> tracks;
    std::string slices;
    auto const packets = Fields{to_perfetto(file, tell(file))}.texts;
    for (auto const& [field, bytes] : packets) {
        Fields const packet{bytes};
        EXPECT_EQ(field, 1u);
        EXPECT_EQ(packet.number(10), 1u) << "every packet is of the one sequence";
        if (packet.texts.contains(60)) {
            Fields const track{packet.text(60)};
            tracks[track.number(1)] = track.text(2);
            continue;
        }
        Fields const event{packet.text(11)};
        if (tracks.at(event.number(11)) != "core 0") continue;
        slices += std::to_string(packet.number(8)) + (event.number(9) == 1 ? "+" + event.text(23) : "-") + ' ';
    }
    EXPECT_EQ(slices, "0+alpha 900- 900+beta 5000- 5000+alpha 5900- 5900+idle 6000- ");
}

TEST(Page, HoldsTheTraceAndNothingThatEndsItsScript) {
    auto plan = good_plan();
    auto const file = open_trace_bytes(dump({plan.bytes(), Ring{}.turn(1, alpha).turn(5, beta).bytes()}));
    auto const page = to_page(file, tell(file));
    EXPECT_EQ(page.find("/*DATA*/null"), page.npos);
    EXPECT_NE(page.find("\"beta\""), page.npos);
    EXPECT_EQ(page.find("</script>"), page.rfind("</script>"));
    EXPECT_EQ(page.find("http"), page.npos) << "it needs no network";
}

}  // namespace
}  // namespace tiffin
