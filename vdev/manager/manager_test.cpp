#include "vdev/manager/manager.hpp"

#include <cstring>
#include <gtest/gtest.h>

#include "abi/hypercalls.hpp"
#include "abi/manage.hpp"
#include "core/testing.hpp"

namespace tiffin {
namespace {

using testing::Board;
namespace manage = abi::manage;

struct Page : Board {
    vdev::Manager page{vm()};

    Page() : Board{{{.manages = {2}}, {}, {}}} {
        boot();
        run();
    }
    std::uint32_t read(std::uint32_t offset, std::uint8_t size = 4) {
        return static_cast<std::uint32_t>(page.read(vcpu(), {.offset = offset, .size = size}));
    }
    void write(std::uint32_t offset, std::uint32_t value) { page.write(vcpu(), {.offset = offset, .size = 4}, value); }
};

TEST(ManagersPage, TellsOfThoseThatItsVmManages) {
    Page p;
    EXPECT_EQ(p.read(manage::Magic), manage::magic);
    EXPECT_EQ(p.read(manage::Count), 1u);
    EXPECT_EQ(p.read(manage::State), static_cast<std::uint32_t>(VmState::Running));
    char name[32];
    for (std::uint32_t n = 0; n < 8; ++n) {
        auto const word = p.read(manage::Name + 4 * n);
        std::memcpy(name + 4 * n, &word, 4);
    }
    EXPECT_STREQ(name, "vm2");
}

TEST(ManagersPage, ActsOnTheSelectedVm) {
    Page p;
    p.write(manage::Act, static_cast<std::uint32_t>(manage::Action::Stop));
    EXPECT_EQ(p.read(manage::Act), 0u);
    EXPECT_EQ(p.vm(2).state, VmState::Stopped);
    EXPECT_EQ(p.read(manage::State), static_cast<std::uint32_t>(VmState::Stopped));
    p.write(manage::Act, static_cast<std::uint32_t>(manage::Action::Pause));
    EXPECT_EQ(static_cast<std::int32_t>(p.read(manage::Act)), static_cast<std::int32_t>(abi::Error::Busy));
    p.write(manage::Act, 99);
    EXPECT_EQ(static_cast<std::int32_t>(p.read(manage::Act)), static_cast<std::int32_t>(abi::Error::InvalidParameter));
}

TEST(ManagersPage, ReachesNobodyElse) {
    Page p;
    for (std::uint32_t const which : {1u, 2u, ~0u}) {
        p.write(manage::Select, which);
        EXPECT_EQ(p.read(manage::State), ~0u) << which;
        EXPECT_EQ(p.read(manage::Name), 0u);
        p.write(manage::Act, static_cast<std::uint32_t>(manage::Action::Stop));
        EXPECT_EQ(static_cast<std::int32_t>(p.read(manage::Act)), static_cast<std::int32_t>(abi::Error::NotPermitted));
    }
    for (Vm const* vm : machine.vms) EXPECT_EQ(vm->state, VmState::Running);
}

TEST(ManagersPage, TakesWholeWordsAndEveryOffset) {
    Page p;
    EXPECT_EQ(p.read(manage::Magic, 2), 0u);
    for (std::uint32_t at = 0; at < manage::page_bytes; at += 4)
        if (at != manage::Act) p.write(at, 0), std::ignore = p.read(at);
}

}  // namespace
}  // namespace tiffin
