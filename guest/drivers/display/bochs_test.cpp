#include "guest/drivers/display/bochs.hpp"

#include <gtest/gtest.h>
#include <map>

namespace tiffin::display::bochs {
namespace {

struct Fake final : Registers {
    std::map<Register, std::uint16_t> values{{Register::Id, 0xb0c5}, {Register::Memory64K, 256}};
    unsigned enables{0};
    std::uint16_t read(Register which) override { return values[which]; }
    void write(Register which, std::uint16_t value) override {
        values[which] = value;
        if (which == Register::Enable && value != 0) ++enables;
    }
};

TEST(Bochs, SetsTheMode) {
    Fake display;
    EXPECT_EQ(set_mode(display, {800, 480}), nullptr);
    EXPECT_EQ(display.values[Register::Width], 800);
    EXPECT_EQ(display.values[Register::VirtualWidth], 800);
    EXPECT_EQ(display.values[Register::Height], 480);
    EXPECT_EQ(display.values[Register::Depth], 32);
    EXPECT_EQ(display.values[Register::Enable], enabled | linear);
}

TEST(Bochs, AModeThatIsThereKeepsItsPicture) {
    Fake display;
    set_mode(display, {800, 480});
    EXPECT_EQ(set_mode(display, {800, 480}), nullptr);
    EXPECT_EQ(display.enables, 1u);
}

TEST(Bochs, WhatItIsNotOrCanNotIsSaid) {
    Fake display;
    EXPECT_NE(set_mode(display, {0, 480}), nullptr);
    EXPECT_NE(set_mode(display, {4096, 4096}), nullptr) << "64 MiB of 16";
    display.values[Register::Id] = 0xffff;
    EXPECT_NE(set_mode(display, {800, 480}), nullptr);
}

}  // namespace
}  // namespace tiffin::display::bochs
