#include "guest/drivers/sound/card.hpp"

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

namespace tiffin::sound {
namespace {

using namespace hda;

/// A controller with one codec: a group (1) with a digital converter (2), one (3) and two pins, 4 to nowhere and 5 to a speaker, to which
/// inputs 2 and 3 lead.
struct FakeCard final : CardRegisters {
    std::map<std::uint32_t, std::uint32_t> registers{{reg::gcap, 0x2301}};
    std::map<std::uint32_t, std::uint32_t> answers{{verb({1, 0}, get_parameter, subordinate_nodes), 0x0001'0001},
                                                   {verb({1, 1}, get_parameter, group_type), 0x101},
                                                   {verb({1, 1}, get_parameter, subordinate_nodes), 0x0002'0004},
                                                   {verb({1, 2}, get_parameter, widget_capabilities), 0x0000'0211},
                                                   {verb({1, 3}, get_parameter, widget_capabilities), 0x0000'000d},
                                                   {verb({1, 3}, get_parameter, output_amplifier), 0x8003'4a2a},
                                                   {verb({1, 4}, get_parameter, widget_capabilities), 0x0040'0101},
                                                   {verb({1, 4}, get_parameter, pin_capabilities), 0x10},
                                                   {verb({1, 4}, get_configuration, 0), 0x4000'0000},
                                                   {verb({1, 5}, get_parameter, widget_capabilities), 0x0040'0105},
                                                   {verb({1, 5}, get_parameter, pin_capabilities), 0x1'0010},
                                                   {verb({1, 5}, get_configuration, 0), 0x9010'0010},
                                                   {verb({1, 5}, get_parameter, connection_count), 2},
                                                   {verb({1, 5}, get_connections, 0), 0x0302},
                                                   {verb({1, 1}, get_parameter, output_amplifier), 0x8003'4a4a}};
    std::vector<std::uint32_t> told;  // commands that ask for nothing
    bool dead{false};                 // its codec never answers

    std::uint32_t read(std::uint32_t at, unsigned) override { return registers[at]; }
    void write(std::uint32_t at, std::uint32_t value, unsigned) override {
        if (at == reg::gctl) registers[reg::statests] = value != 0 ? 0x2 : 0;
        if (at == reg::immediate_status) value = command(value);
        registers[at] = value;
    }
    std::uint32_t command(std::uint32_t status) {
        if (status != command_busy || dead) return status & command_busy;
        auto const asked = registers[reg::immediate_command];
        if ((asked >> 8 & 0xf00) != 0xf00) told.push_back(asked);
        registers[reg::immediate_response] = answers[asked];
        return response_valid;
    }
    /// Of output stream 0, behind three input streams.
    std::uint32_t& of_stream(std::uint32_t at) { return registers[0x80 + 3 * 0x20 + at]; }
};

struct CardTest : ::testing::Test {
    FakeCard hardware;
    Card::Memory memory;
    Card card{hardware, memory};
    std::string reset() {
        auto const* const why = card.reset();
        return why != nullptr ? why : "";
    }
};

TEST_F(CardTest, FindsTheConverterBehindThePinThatLeadsOut) {
    EXPECT_EQ(reset(), "");
    EXPECT_EQ(card.converter(), 3);
    EXPECT_EQ(card.pin(), 5);
}

TEST_F(CardTest, OpensThatWayAt0Decibel) {
    reset();
    EXPECT_EQ(card.start(), nullptr);
    std::vector<std::uint32_t> const expected{
        0x1017'0500, 0x1037'0500, 0x1057'0500,  // power
        0x1057'0101,                            // the pin's second input
        0x1057'0c02,                            // its external amplifier
        0x1032'0011, 0x1037'0610,               // 48 kHz, 16 bits, stereo; stream 1, channel 0
        0x1033'b02a, 0x1053'b04a,               // gains, the pin's as its group says
        0x1057'0740,                            // out
    };
    EXPECT_EQ(hardware.told, expected);
}

TEST_F(CardTest, PlaysARingOfItsOwnMemory) {
    reset();
    card.start();
    EXPECT_EQ(hardware.of_stream(reg::ctl), 0u) << "at rest";
    card.play();
    EXPECT_EQ(hardware.of_stream(reg::ctl), 0x0010'0006u);
    EXPECT_EQ(hardware.registers[reg::intctl], 0x8000'0008u);
    EXPECT_EQ(hardware.of_stream(reg::cbl), 7680u);
    EXPECT_EQ(hardware.of_stream(reg::lvi), 3u);
    EXPECT_EQ(hardware.of_stream(reg::fmt), 0x11u);
    auto const list = reinterpret_cast<std::uintptr_t>(memory.list.data());
    EXPECT_EQ(hardware.of_stream(reg::bdpl) | std::uint64_t{hardware.of_stream(reg::bdpu)} << 32, list);
    EXPECT_EQ(list % 128, 0u);
    for (std::size_t n = 0; n < slots; ++n) {
        EXPECT_EQ(memory.list[n].address, reinterpret_cast<std::uintptr_t>(memory.ring[n].data()));
        EXPECT_EQ(memory.list[n].address % 128, 0u);
        EXPECT_EQ(memory.list[n].length, 1920u);
        EXPECT_EQ(memory.list[n].flags, 1u);
    }
    card.rest();
    EXPECT_EQ(hardware.of_stream(reg::ctl), 0u);
}

TEST_F(CardTest, GivesTheSlotsThatWerePlayedInTheirOrder) {
    reset();
    card.start();
    auto const given = [&](std::uint32_t position) {
        hardware.of_stream(reg::lpib) = position;
        std::string all;
        for (auto slot = card.next(); !slot.empty(); slot = card.next())
            all += static_cast<char>('0' + (slot.data() - memory.ring[0].data()) / static_cast<long>(slot_samples));
        return all;
    };
    EXPECT_EQ(given(0), "0123") << "at rest";
    EXPECT_EQ(given(0), "");
    card.play();
    EXPECT_EQ(given(0), "");
    EXPECT_EQ(given(1919), "");
    EXPECT_EQ(given(1920), "0");
    EXPECT_EQ(given(1920), "");
    EXPECT_EQ(given(3 * 1920 + 4), "12");
    EXPECT_EQ(given(0), "3");
    EXPECT_EQ(given(7680), "") << "the end of the ring is its beginning";
    EXPECT_EQ(given(1920), "0");
    card.play();
    EXPECT_EQ(given(2 * 1920), "1") << "it plays already";
    card.rest();
    EXPECT_EQ(given(2 * 1920), "0123");
}

TEST_F(CardTest, KnowsHowEarlyItsSlotsAreFilledAndHowManyWerePlayedAgain) {
    reset();
    card.start();
    while (!card.next().empty()) EXPECT_EQ(card.early(), 4 * 1920u) << "nothing is due at rest";
    card.play();
    auto const look = [&](std::uint32_t taken, std::uint32_t clock_bytes) {
        hardware.of_stream(reg::lpib) = taken % 7680;
        hardware.registers[reg::wall_clock] = clock_bytes * wall_ticks_per_byte;
        unsigned given = 0;
        while (!card.next().empty()) ++given;
        return given;
    };
    EXPECT_EQ(look(1920 + 20, 1920), 1u);
    EXPECT_EQ(card.early(), 3 * 1920u - 20);
    EXPECT_EQ(look(4 * 1920 + 40, 4 * 1920), 3u);
    EXPECT_EQ(card.late(), 0u);
    EXPECT_EQ(look(9 * 1920, 9 * 1920 - 1000), 3u) << "slot 8 was played unfilled, 9 is being played so";
    EXPECT_EQ(card.late(), 2u);
    EXPECT_EQ(look(9 * 1920 + 20 * 1920, 29 * 1920 + 1500), 3u);
    EXPECT_EQ(card.late(), 2u + 17) << "rounds that the position does not show";
    EXPECT_EQ(look(30 * 1920, 30 * 1920), 1u);
    EXPECT_EQ(card.late(), 19u);
}

TEST_F(CardTest, ClearsWhatRaisedItsInterrupt) {
    reset();
    card.start();
    card.on_interrupt();
    EXPECT_EQ(hardware.of_stream(reg::sts), 0x1cu);
}

TEST_F(CardTest, WithoutACodecThatAnswersThereIsNoSound) {
    hardware.dead = true;
    EXPECT_EQ(reset(), "has no codec with a converter right behind a pin that leads out");
    FakeCard deaf;
    Card other{deaf, memory};
    other.reset();
    deaf.dead = true;
    EXPECT_STREQ(other.start(), "has a codec that does not answer");
}

TEST_F(CardTest, ACardThatOnlyRecordsIsRefused) {
    hardware.registers[reg::gcap] = 0x0300;
    reset();
    EXPECT_STREQ(card.start(), "has no output stream");
}

TEST_F(CardTest, ACodecWhoseEveryAnswerIsAllOnesEndsTheSearch) {
    for (auto& [asked, answer] : hardware.answers) answer = ~0u;
    EXPECT_NE(reset(), "");
}

}  // namespace
}  // namespace tiffin::sound
