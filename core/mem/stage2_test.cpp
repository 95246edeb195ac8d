// Page tables on real memory: what a VM can reach, where, and how it changes.
#include "core/mem/stage2.hpp"

#include <gtest/gtest.h>
#include <optional>

#include "core/testing.hpp"

namespace tiffin {
namespace {

using armv8::Descriptor;
using host::Event;
using testing::Board;
using testing::guest_ram;
using testing::private_ram;
namespace g = armv8::geometry;
constexpr std::uint64_t mib = 1 << 20, gib = 1 << 30;

struct Leaf {
    std::uint64_t descriptor;
    unsigned level;
};

/// What the hardware's walker finds for `input`.
std::optional<Leaf> walk(Pa root, std::uint64_t input) {
    auto const* table = reinterpret_cast<std::uint64_t const*>(root.raw());
    for (unsigned level = g::first_level;; ++level) {
        auto const d = table[g::index(input, level)];
        if (!Descriptor::is_valid(d)) return std::nullopt;
        if (!Descriptor::is_table(d, level)) return Leaf{d, level};
        table = reinterpret_cast<std::uint64_t const*>(Descriptor::address(d).raw());
    }
}

/// Where `input` comes out.
std::optional<std::uint64_t> output(Pa root, std::uint64_t input) {
    auto const leaf = walk(root, input);
    if (!leaf) return std::nullopt;
    auto const span = g::span(leaf->level);
    return (Descriptor::address(leaf->descriptor).raw() & ~(span - 1)) | (input & (span - 1));
}

struct Tables {
    Pool pool{(testing::map_board_ram(), Pa{testing::board_ram}), 0x10'0000};
    PageTable table{pool.take(page_size, page_size)};
};

TEST(PageTable, UsesTheLargestBlocksThatFit) {
    Tables t;
    t.table.map(t.pool, 1 * gib, Pa{2 * gib}, 2 * gib + 4 * mib + 0x3000, armv8::Stage2::ram);
    EXPECT_EQ(walk(t.table.root(), 1 * gib)->level, 1u);
    EXPECT_EQ(walk(t.table.root(), 2 * gib)->level, 1u);
    EXPECT_EQ(walk(t.table.root(), 3 * gib)->level, 2u);
    EXPECT_EQ(walk(t.table.root(), 3 * gib + 4 * mib)->level, 3u);
    EXPECT_FALSE(walk(t.table.root(), 3 * gib + 4 * mib + 0x3000));
    EXPECT_FALSE(walk(t.table.root(), 1 * gib - 1));
}

TEST(PageTable, PagesLeadUpToTheFirstBlock) {
    Tables t;
    t.table.map(t.pool, 2 * mib - 0x2000, Pa{6 * mib - 0x2000}, 2 * mib + 0x4000, armv8::Stage2::ram);
    EXPECT_EQ(walk(t.table.root(), 2 * mib - 1)->level, 3u);
    EXPECT_EQ(walk(t.table.root(), 2 * mib)->level, 2u);
    EXPECT_EQ(walk(t.table.root(), 4 * mib)->level, 3u);
}

TEST(PageTable, WithoutCommonAlignmentThereAreOnlyPages) {
    Tables t;
    t.table.map(t.pool, 2 * mib, Pa{4 * mib + 0x1000}, 4 * mib, armv8::Stage2::ram);
    for (std::uint64_t at = 2 * mib; at < 6 * mib; at += 0x7'f000) EXPECT_EQ(walk(t.table.root(), at)->level, 3u);
}

TEST(PageTable, EveryAddressComesOutWhereItWasMapped) {
    Tables t;
    std::uint64_t const from = 1 * gib - 3 * mib - 0x5000, to = 5 * gib - 3 * mib - 0x5000, size = 7 * mib + 0x9000;
    t.table.map(t.pool, from, Pa{to}, size, armv8::Stage2::ram);
    for (std::uint64_t at = 0; at < size; at += 0x1000)
        ASSERT_EQ(output(t.table.root(), from + at + 0x123), to + at + 0x123) << at;
    EXPECT_FALSE(output(t.table.root(), from - 1));
    EXPECT_FALSE(output(t.table.root(), from + size));
}

TEST(PageTable, MappingIntoABlockIsOurBug) {
    Tables t;
    t.table.map(t.pool, 2 * mib, Pa{2 * mib}, 2 * mib, armv8::Stage2::ram);
    EXPECT_THROW(t.table.map(t.pool, 2 * mib + 0x1000, Pa{0}, 0x1000, armv8::Stage2::ram), host::Panic);
}

TEST(PageTable, OnlyPagesHaveAPageDescriptor) {
    Tables t;
    t.table.map(t.pool, 2 * mib, Pa{2 * mib}, 2 * mib + 0x1000, armv8::Stage2::ram);
    EXPECT_EQ(t.table.page(2 * mib), nullptr) << "a block";
    EXPECT_EQ(t.table.page(1 * gib), nullptr) << "nothing";
    ASSERT_NE(t.table.page(4 * mib), nullptr);
    EXPECT_TRUE(Descriptor::is_valid(*t.table.page(4 * mib)));
}

TEST(Pool, GivesZeroedAlignedMemoryUntilItIsEmpty) {
    Tables t;
    Pool pool{Pa{testing::board_ram + 0x8000}, 0x3000};
    std::memset(reinterpret_cast<void*>(testing::board_ram + 0x8000), 0xff, 0x3000);
    auto const first = pool.take(8, 8), second = pool.take(0x1000, 0x1000);
    EXPECT_EQ(*reinterpret_cast<std::uint64_t*>(first.raw()), 0u);
    EXPECT_EQ(second, Pa{testing::board_ram + 0x9000});
    EXPECT_EQ(pool.used(), 0x2000u);
    EXPECT_THROW(pool.take(0x1001, 8), host::Panic);
    pool.take(0x1000, 0x1000);
    EXPECT_THROW(pool.take(0x1000, 8), host::Panic);
}

TEST(Pool, WhatAlignmentLeavesIsUsedOnceAndForSmallThings) {
    Tables t;
    Pool pool{Pa{testing::board_ram + 0x8000}, 0x3000};
    pool.take(8, 8);
    pool.take(0x1000, 0x1000);
    EXPECT_EQ(pool.take(0x10, 0x40), Pa{testing::board_ram + 0x8040});
    EXPECT_EQ(pool.take(0xf00, 8), Pa{testing::board_ram + 0x8050});
    EXPECT_EQ(pool.take(0x100, 8), Pa{testing::board_ram + 0xa000}) << "the hole is too small for it now";
    EXPECT_EQ(pool.take(8, 8), Pa{testing::board_ram + 0x8f50});
}

TEST(Pool, SealedItGivesNothing) {
    Tables t;
    t.pool.seal();
    EXPECT_THROW(t.pool.take(8, 8), host::Panic);
}

TEST(Pool, ALengthThatWrapsIsRefused) {
    Tables t;
    EXPECT_THROW(t.pool.take(~0ull - 8, 8), host::Panic);
}

TEST(Stage2, TheImagesPagesAreReadOnlyAndInPlace) {
    Board board;
    auto const root = board.vm().stage2.root();
    auto const image = board.plan().header().load_address + 0x2'0000;
    for (std::uint64_t at = 0; at < 0x3000; at += 0x1000) {
        EXPECT_EQ(output(root, guest_ram + at), image + at);
        EXPECT_FALSE(armv8::Stage2::writable(walk(root, guest_ram + at)->descriptor));
    }
    EXPECT_EQ(output(root, guest_ram + 0x3000), board.vm().record->ram_pa + 0x3000);
    EXPECT_TRUE(armv8::Stage2::writable(walk(root, guest_ram + 0x3000)->descriptor));
}

TEST(Stage2, NothingOutsideItsRamIsMapped) {
    Board board{{{.ram = 4 * mib}}};
    auto const root = board.vm().stage2.root();
    EXPECT_FALSE(walk(root, guest_ram - 1));
    EXPECT_TRUE(walk(root, guest_ram + 4 * mib - 1));
    EXPECT_FALSE(walk(root, guest_ram + 4 * mib));
    EXPECT_FALSE(walk(root, abi::guest_map::pl011));
    EXPECT_EQ(walk(root, guest_ram + 2 * mib)->level, 2u) << "RAM without content is mapped by blocks";
}

TEST(Stage2, NoTwoVmsShareAWritablePage) {
    Board board{{{}, {}, {.ram = 2 * mib}}};
    std::set<std::uint64_t> writable;
    for (unsigned i = 0; i < 3; ++i) {
        for (std::uint64_t at = 0; at < board.vm(i).record->ram_size; at += page_size) {
            auto const leaf = walk(board.vm(i).stage2.root(), guest_ram + at);
            ASSERT_TRUE(leaf);
            if (!armv8::Stage2::writable(leaf->descriptor)) continue;
            EXPECT_TRUE(writable.insert(*output(board.vm(i).stage2.root(), guest_ram + at)).second);
        }
    }
}

TEST(CopyOnWrite, GivesAPrivateCopyAndLeavesTheImageAlone) {
    Board board{{{}, {}}};
    Vm &vm = board.vm(0), &sibling = board.vm(1);
    EXPECT_TRUE(vm.stage2.copy_on_write(vm, Ipa{guest_ram + 0x1abc}));
    EXPECT_EQ(output(vm.stage2.root(), guest_ram + 0x1000), vm.record->ram_pa + 0x1000);
    EXPECT_TRUE(armv8::Stage2::writable(walk(vm.stage2.root(), guest_ram + 0x1000)->descriptor));
    EXPECT_EQ(*private_ram(vm, guest_ram + 0x1000), 0x11);
    EXPECT_EQ(*private_ram(vm, guest_ram + 0x1fff), 0x11);
    *private_ram(vm, guest_ram + 0x1000) = 0x77;
    auto const seen = *output(sibling.stage2.root(), guest_ram + 0x1000);
    EXPECT_EQ(*reinterpret_cast<std::uint8_t*>(seen), 0x11) << "the sibling still sees the image";
    EXPECT_FALSE(armv8::Stage2::writable(walk(vm.stage2.root(), guest_ram)->descriptor)) << "one page, not its neighbours";
}

TEST(CopyOnWrite, VmsOfOneImageReadTheSamePhysicalPageUntilOneWritesToIt) {
    Board board{{{}, {}, {}}};
    auto const page_of = [&](std::size_t vm, std::uint64_t at) { return *output(board.vm(vm).stage2.root(), guest_ram + at); };
    for (std::uint64_t at = 0; at < testing::payload_size; at += page_size)
        for (std::size_t vm : {1u, 2u}) EXPECT_EQ(page_of(vm, at), page_of(0, at)) << "text and data of the image, at " << at;
    ASSERT_TRUE(board.vm(1).stage2.copy_on_write(board.vm(1), Ipa{guest_ram + 0x1000}));
    *reinterpret_cast<std::uint8_t*>(page_of(1, 0x1000)) = 0x99;
    EXPECT_NE(page_of(1, 0x1000), page_of(0, 0x1000));
    EXPECT_EQ(page_of(2, 0x1000), page_of(0, 0x1000)) << "the others go on sharing";
    EXPECT_EQ(*reinterpret_cast<std::uint8_t*>(page_of(0, 0x1000)), 0x11);
    EXPECT_EQ(page_of(1, 0), page_of(0, 0)) << "and all share the rest";
}

TEST(CopyOnWrite, BreaksBeforeItMakes) {
    Board board;
    board.run_first();
    Vm& vm = board.vm();
    board.hw().events.clear();
    bool broken_when_flushed = false;
    board.hw().on_flush = [&] { broken_when_flushed = !walk(vm.stage2.root(), guest_ram); };
    ASSERT_TRUE(vm.stage2.copy_on_write(vm, Ipa{guest_ram + 8}));
    EXPECT_TRUE(broken_when_flushed);
    ASSERT_EQ(board.hw().events.size(), 2u);
    EXPECT_EQ(board.hw().events[0], (Event{Event::Kind::FlushPage, guest_ram, 0}));
    EXPECT_EQ(board.hw().events[1].kind, Event::Kind::CopyPage);
}

TEST(CopyOnWrite, ForAVmThatIsNotLoadedFlushesByItsVmid) {
    Board board{{{}, {}}};
    board.boot();
    Vcpu& first = board.run();
    Vcpu& other = board.vcpu(first.vm == &board.vm(0) ? 1 : 0);
    board.enter(other);  // so that it has a VMID, and the TLBs may know its pages
    board.enter(first);
    board.hw().events.clear();
    ASSERT_TRUE(other.vm->stage2.copy_on_write(*other.vm, Ipa{guest_ram + 8}));
    EXPECT_EQ(board.hw().count(Event::Kind::FlushVm), 1u);
    EXPECT_EQ(board.hw().count(Event::Kind::FlushPage), 0u) << "that would be the loaded VM's page";
}

TEST(CopyOnWrite, OfAWritablePageChangesNothing) {
    Board board;
    Vm& vm = board.vm();
    *private_ram(vm, guest_ram + 0x3000) = 0x55;
    EXPECT_TRUE(vm.stage2.copy_on_write(vm, Ipa{guest_ram + 0x3000})) << "another vCPU was faster: the guest tries again";
    EXPECT_EQ(*private_ram(vm, guest_ram + 0x3000), 0x55);
    EXPECT_TRUE(vm.stage2.copy_on_write(vm, Ipa{guest_ram}));
    *private_ram(vm, guest_ram) = 0x66;
    EXPECT_TRUE(vm.stage2.copy_on_write(vm, Ipa{guest_ram}));
    EXPECT_EQ(*private_ram(vm, guest_ram), 0x66) << "copied once, not twice";
}

TEST(CopyOnWrite, OutsideRamIsRefused) {
    Board board;
    Vm& vm = board.vm();
    for (std::uint64_t at : {0ull, guest_ram - 1ull, guest_ram + 0x1'0000ull, ~0ull, 1ull << 48})
        EXPECT_FALSE(vm.stage2.copy_on_write(vm, Ipa{at})) << at;
    EXPECT_TRUE(board.hw().events.empty());
}

TEST(RestorePage, BringsBackTheImageOrZero) {
    Board board;
    Vm& vm = board.vm();
    ASSERT_TRUE(vm.stage2.copy_on_write(vm, Ipa{guest_ram + 0x2000}));
    *private_ram(vm, guest_ram + 0x2000) = 0x77;
    *private_ram(vm, guest_ram + 0x5000) = 0x77;
    vm.stage2.restore_page(vm, 0x2000);
    vm.stage2.restore_page(vm, 0x5000);
    EXPECT_EQ(output(vm.stage2.root(), guest_ram + 0x2000), board.plan().header().load_address + 0x2'2000);
    EXPECT_FALSE(armv8::Stage2::writable(walk(vm.stage2.root(), guest_ram + 0x2000)->descriptor));
    EXPECT_EQ(*private_ram(vm, guest_ram + 0x2000), 0) << "the copy is scrubbed though nobody sees it";
    EXPECT_EQ(*private_ram(vm, guest_ram + 0x5000), 0);
}

}  // namespace
}  // namespace tiffin
