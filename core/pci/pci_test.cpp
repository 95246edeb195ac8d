#include <array>
#include <gtest/gtest.h>

#include "core/pci/probe.hpp"

namespace tiffin::pci {
namespace {

/// A function's configuration space whose BARs answer to sizing.
struct Bus {
    std::array<std::uint32_t, 64> mutable words{};
    std::array<std::uint32_t, 6> mask{};

    Bus() { words[id / 4] = 0x11e8'1234; }
    [[nodiscard]] std::uint32_t read(std::uint32_t reg) const { return words[reg / 4]; }
    void write(std::uint32_t reg, std::uint32_t value) const {
        auto const n = (reg - bar0) / 4;
        if (n < 6) value = (value & mask[n] & ~BarBits::flags) | (mask[n] & BarBits::flags);
        words[reg / 4] =
            reg == command ? (words[reg / 4] & 0xffff'0000) | (value & 0xffff) : value;  // its status half is read only
    }
    [[nodiscard]] std::uint32_t bar(unsigned n) const { return words[bar0 / 4 + n]; }
};

struct PciProbe : ::testing::Test {
    Bus bus;
    Function function;
    BarWindow window{0x1000'0000, 0x1010'0000};
    char const* run() { return Probe{bus, function, window}.run(); }
    void capability(std::uint32_t at, std::uint32_t kind, std::uint32_t next, std::uint32_t size) {
        bus.words[command / 4] |= Status::capabilities;
        bus.words[at / 4] = kind | next << 8 | size << 16;
    }
};

TEST_F(PciProbe, BarsGetAddressesOfTheirOwnPagesAndKeepTheirFlags) {
    bus.mask = {0xffff'ff00, 0, 0xffff'c008};
    EXPECT_EQ(run(), nullptr);
    EXPECT_EQ(bus.bar(0), 0x1000'0000u);
    EXPECT_EQ(bus.bar(2), 0x1000'4008u) << "aligned to its size, behind the page of the first";
    EXPECT_EQ(function.bars[2].mask, 0xffff'c008u);
    EXPECT_EQ(function.bars[1].mask, 0u);
}

TEST_F(PciProbe, ABarOf64BitsTakesTwoRegistersBelow4GiB) {
    bus.mask = {0xffff'0004, 0xffff'ffff};
    EXPECT_EQ(run(), nullptr);
    EXPECT_EQ(function.bars[0].assigned, 0x1000'0004u);
    EXPECT_EQ(function.bars[1].assigned, 0u);
    EXPECT_EQ(function.bars[1].mask, ~0u);
}

TEST_F(PciProbe, BarsThatDoNotFitAreRefused) {
    bus.mask = {0xffe0'0000};
    EXPECT_STREQ(run(), "has BARs larger than the board's window for them");
    bus.mask = {0x0000'0004, 0xffff'fff0};
    EXPECT_STREQ(run(), "has BARs larger than the board's window for them") << "64 GiB";
}

TEST_F(PciProbe, IoBarsAreNotThere) {
    bus.mask = {0xffff'ffe1};
    EXPECT_EQ(run(), nullptr);
    EXPECT_EQ(function.bars[0].mask, 0u);
    EXPECT_EQ(function.bars[0].assigned, 0u);
}

TEST_F(PciProbe, ABridgeAndAnEmptySlotAreRefused) {
    bus.words[header_type / 4] = 0x01 << 16;
    EXPECT_STREQ(run(), "is a bridge");
    bus.words[id / 4] = ~0u;
    EXPECT_STREQ(run(), "is not there");
}

TEST_F(PciProbe, MessagesAreShownWhereSomethingTakesThemAndAreOffAtFirst) {
    bus.words[capabilities / 4] = 0x40;
    capability(0x40, msi_capability, 0x60, Msi::is_64_bits >> 16 | Msi::enable >> 16);
    capability(0x60, msix_capability, 0, Msix::enable >> 16 | 3);
    EXPECT_EQ(run(), nullptr);
    EXPECT_EQ(function.shown_count, 0u);
    function.has_messages = true;
    EXPECT_EQ(run(), nullptr);
    ASSERT_EQ(function.shown_count, 2u);
    EXPECT_EQ(function.shown[0].size, 16u);
    EXPECT_EQ(bus.words[0x40 / 4] & Msi::enable, 0u);
    EXPECT_EQ(bus.words[0x60 / 4] & Msix::enable, 0u);
}

TEST_F(PciProbe, OnlyVendorCapabilitiesAreFoundAndALoopEnds) {
    bus.words[capabilities / 4] = 0x40;
    capability(0x40, 0x11, 0x50, 0x80);  // MSI-X
    capability(0x50, vendor_capability, 0x60, 16);
    capability(0x60, vendor_capability, 0x40, 20);
    EXPECT_EQ(run(), nullptr);
    EXPECT_EQ(function.shown_count, Function::max_capabilities) << "and no more, however long the loop";
    EXPECT_EQ(function.shown[0].at, 0x50);
    EXPECT_EQ(function.shown[1].size, 20);
}

TEST_F(PciProbe, ACapabilityThatReachesBeyondTheSpaceIsNotShown) {
    bus.words[capabilities / 4] = 0xf0;
    capability(0xf0, vendor_capability, 0, 32);
    EXPECT_EQ(run(), nullptr);
    EXPECT_EQ(function.shown_count, 0);
}

struct PciFilter : ::testing::Test {
    PciFilter() : function{.config = Mmio{reinterpret_cast<std::uintptr_t>(words.data())}} {
        for (std::uint32_t i = 0; i < words.size(); ++i) words[i] = 0xa5a5'0000 + i;
        words[command / 4] = 0xffff'0000;
        function.bars[0] = {0x1000'0000, 0xfff0'0000, false};
        function.shown[0] = {0x50, 16}, function.shown[1] = {0x70, 20}, function.shown_count = 2;
    }
    alignas(8) std::array<std::uint32_t, 1024> words{};
    Function function;
};

TEST_F(PciFilter, ABarCanBeSizedAndNeverMoved) {
    function.write(bar0, ~0u);
    EXPECT_EQ(function.read(bar0), 0xfff0'0000u);
    function.write(bar0, 0x4000'0000);
    EXPECT_EQ(function.read(bar0), 0x1000'0000u);
    EXPECT_EQ(words[bar0 / 4], 0xa5a5'0000 + bar0 / 4) << "the hardware's register was not touched";
}

TEST_F(PciFilter, OfTheCommandRegisterThreeBitsAreTheGuests) {
    function.write(command, 0xffff'ffff);
    EXPECT_EQ(words[command / 4], Command::memory | Command::bus_master | Command::interrupt_disable);
}

TEST_F(PciFilter, NothingElseCanBeWritten) {
    auto const before = words;
    for (std::uint32_t reg = 0; reg < 0x1000; reg += 4)
        if (reg != command) function.write(reg, 0x1234'5678);
    EXPECT_EQ(words, before);
}

TEST_F(PciFilter, OfAnMsiTheEnablesAddressAndDataAreTheGuestsUntilItStops) {
    function.shown[0] = {0x50, 16, Msi::enable | Msi::multiple_message_enable, true};
    function.write(0x50, ~0u);
    EXPECT_EQ(words[0x50 / 4], 0xa5f5'0014u) << "the bits of the enables, and no other";
    function.write(0x54, 0x0802'0040);
    function.write(0x5c, 80);
    EXPECT_EQ(words[0x54 / 4], 0x0802'0040u);
    EXPECT_EQ(words[0x5c / 4], 80u);
    function.quiesce();
    EXPECT_EQ(words[0x50 / 4] & Msi::enable, 0u);
}

TEST_F(PciFilter, TheListHasTheShownCapabilitiesAndNothingBetweenThem) {
    EXPECT_EQ(function.read(capabilities), 0x50u);
    EXPECT_EQ(function.read(0x50) >> 8 & 0xff, 0x70u);
    EXPECT_EQ(function.read(0x70) >> 8 & 0xff, 0u);
    EXPECT_EQ(function.read(0x5c), words[0x5c / 4]);
    EXPECT_EQ(function.read(0x60), 0u);
    EXPECT_EQ(function.read(0x40), 0u);
    EXPECT_EQ(function.read(0x100), 0u) << "no extended capabilities";
    EXPECT_NE(function.read(command) & Status::capabilities, 0u);
}

TEST_F(PciFilter, RomAndOtherPinsAreNotThere) {
    words[interrupt / 4] = 0x0200;
    EXPECT_EQ(function.read(0x30), 0u);
    EXPECT_EQ(function.read(interrupt), 0u);
    words[interrupt / 4] = 0x0107;
    EXPECT_EQ(function.read(interrupt), 0x0100u);
}

TEST_F(PciFilter, QuietMeansNoDmaNoInterruptNoAnswer) {
    function.quiesce();
    EXPECT_EQ(words[command / 4], Command::interrupt_disable);
}

}  // namespace
}  // namespace tiffin::pci
