#include <gtest/gtest.h>

#include "core/lifecycle/lifecycle.hpp"
#include "core/virtio/testing.hpp"

namespace tiffin {
namespace {

using namespace testing;

bool raised(Vcpu& v, std::uint32_t intid) {
    auto const& b = vgic::bank(v, intid);
    return ((b.pending | b.line | b.listed) & vgic::mask(intid)) != 0;
}
bool client_raised(Board& board, unsigned slot = 0) { return raised(board.vcpu(0), abi::guest_map::virtio_intid + slot); }
bool server_raised(Board& board) { return raised(board.vcpu(1), abi::guest_map::server_intid); }

/// The driver breaks a rule with the next request: the device asks for a reset and serves nothing, and the console says why.
void expect_given_up(VirtioBoard& board, std::string_view why) {
    EXPECT_EQ(board.server.next().x0, busy);
    EXPECT_TRUE((board.device.status & v::needs_reset) != 0);
    EXPECT_TRUE(client_raised(board));
    EXPECT_NE(board.said().find(why), std::string::npos) << why;
    std::ignore = board.driver.post("later");
    EXPECT_EQ(board.server.next().x0, busy);
}

TEST(Virtio, ARequestGoesToTheServerAndItsAnswerComesBack) {
    VirtioBoard board;
    board.driver.start();
    auto const head = board.driver.post("what is it", 8);
    auto const request = board.server.next();
    ASSERT_GE(request.x0, 0);
    EXPECT_EQ(request.x1, 10u);
    EXPECT_EQ(request.x2, 8u);
    EXPECT_EQ(board.server.text(request.x3), "what is it");
    EXPECT_EQ(board.server.complete(request.x0, "a tiffin").x0, 8);
    EXPECT_EQ(board.driver.done(), 1u);
    EXPECT_EQ(board.driver.answer(head), "a tiffin");
    EXPECT_EQ(board.driver.last_used().id, head);
    EXPECT_EQ(board.driver.last_used().length, 8u);
    EXPECT_EQ(board.vm(0).copied, 18u) << "there and back";
    EXPECT_TRUE(client_raised(board));
}

TEST(Virtio, AnAcknowledgedInterruptGoesAway) {
    VirtioBoard board;
    board.driver.start();
    std::ignore = board.driver.post("x");
    std::ignore = board.server.complete(board.server.next().x0);
    EXPECT_TRUE(client_raised(board));
    virtio::acknowledge(board.device, v::mmio::used_buffer);
    EXPECT_FALSE(client_raised(board));
}

TEST(Virtio, TheServerIsRungOnlyWhenItHasFoundNothing) {
    VirtioBoard board;
    board.driver.start();
    std::ignore = board.server.call(abi::Call::ServeNews);
    std::ignore = board.driver.post("one");
    virtio::kick(board.device, 0);
    EXPECT_EQ(board.server.call(abi::Call::ServeNews).x1, 0u) << "it has not asked yet";
    std::ignore = board.server.complete(board.server.next().x0);
    EXPECT_EQ(board.server.next().x0, busy);
    std::ignore = board.driver.post("two");
    virtio::kick(board.device, 0);
    EXPECT_TRUE(server_raised(board));
    EXPECT_EQ(board.server.call(abi::Call::ServeNews).x1, 1u);
    EXPECT_EQ(board.server.call(abi::Call::ServeNews).x1, 0u);
}

TEST(Virtio, WithTheEventIndexTheClientIsToldWhenToNotify) {
    VirtioBoard board;
    board.driver.start(v::ring_event_index);
    std::ignore = board.driver.post("one");
    std::ignore = board.server.complete(board.server.next().x0);
    EXPECT_EQ(board.server.next().x0, busy);
    EXPECT_EQ(board.driver.used_ring()[2 + 4 * Driver::size], 1) << "notify when the available index passes 1";
}

TEST(Virtio, WithTheEventIndexTheClientSaysWhenToInterrupt) {
    VirtioBoard board;
    board.driver.start(v::ring_event_index);
    board.driver.ring()[2 + Driver::size] = 1;  // after the second
    std::ignore = board.driver.post("one");
    std::ignore = board.server.complete(board.server.next().x0);
    EXPECT_FALSE(client_raised(board));
    std::ignore = board.driver.post("two");
    std::ignore = board.server.complete(board.server.next().x0);
    EXPECT_TRUE(client_raised(board));
}

TEST(Virtio, AClientThatWantsNoInterruptGetsNone) {
    VirtioBoard board;
    board.driver.start();
    board.driver.ring()[0] = v::no_interrupt;
    std::ignore = board.driver.post("one");
    std::ignore = board.server.complete(board.server.next().x0);
    EXPECT_FALSE(client_raised(board));
}

TEST(Virtio, OfABatchTheLastRequestInterrupts) {
    VirtioBoard board;
    board.driver.start();
    std::ignore = board.driver.post("one");
    std::ignore = board.driver.post("two");
    std::ignore = board.server.complete(board.server.next().x0, {}, 1);
    EXPECT_EQ(board.driver.done(), 1u);
    EXPECT_FALSE(client_raised(board));
    std::ignore = board.server.complete(board.server.next().x0, {}, 0);
    EXPECT_TRUE(client_raised(board));
}

TEST(Virtio, ABatchThatIsNotEndedIsEndedByAskingForMore) {
    VirtioBoard board;
    board.driver.start();
    std::ignore = board.driver.post("one");
    std::ignore = board.server.complete(board.server.next().x0, {}, 1);
    EXPECT_EQ(board.server.next().x0, busy);
    EXPECT_TRUE(client_raised(board));
}

TEST(Virtio, ARequestInAnIndirectTableIsWalked) {
    VirtioBoard board;
    board.driver.start();
    auto const at = Driver::buffers + 0x1000;
    auto* const table = board.driver.ram<v::Descriptor>(at);
    std::memcpy(board.driver.ram(at + 0x100), "abcdef", 6);
    table[0] = {.address = at + 0x100, .length = 3, .flags = v::descriptor_next, .next = 2};
    table[2] = {.address = at + 0x103, .length = 3, .flags = v::descriptor_next, .next = 1};
    table[1] = {.address = at + 0x200, .length = 5, .flags = v::descriptor_write, .next = 0};
    board.driver.publish(board.driver.add(at, 48, v::descriptor_indirect));
    auto const request = board.server.next();
    ASSERT_GE(request.x0, 0);
    EXPECT_EQ(request.x1, 6u);
    EXPECT_EQ(request.x2, 5u);
    EXPECT_EQ(board.server.text(6), "abcdef");
}

TEST(Virtio, PartsOfARequestAreReadAndWrittenAtAnyOffset) {
    VirtioBoard board;
    board.driver.start();
    auto const head = board.driver.post("0123456789", 6);
    std::memset(board.driver.ram(board.driver.descriptor(board.driver.descriptor(head).next).address), '.', 6);
    auto const handle = static_cast<std::uint64_t>(board.server.next(0, 0).x0);
    EXPECT_EQ(board.server.call(abi::Call::ServeRead, {handle, 4, Server::buffer, 3}).x0, 3);
    EXPECT_EQ(board.server.text(3), "456");
    EXPECT_EQ(board.server.call(abi::Call::ServeRead, {handle, 8, Server::buffer, 100}).x0, 2) << "to the end";
    EXPECT_EQ(board.server.call(abi::Call::ServeWrite, {handle, 2, Server::buffer, 2}).x0, 2);
    EXPECT_EQ(board.driver.answer(head), "..89..");
}

TEST(Virtio, AServerCannotWriteBehindWhatTheClientPosted) {
    VirtioBoard board;
    board.driver.start();
    auto const head = board.driver.post("x", 4);
    auto const& d = board.driver.descriptor(board.driver.descriptor(head).next);
    std::memset(board.driver.ram(d.address), '.', 8);
    auto const handle = board.server.next().x0;
    EXPECT_EQ(board.server.complete(handle, "overflow").x0, 4) << "and so it is not done";
    EXPECT_EQ(board.driver.done(), 0u);
    EXPECT_EQ(std::string(board.driver.ram<char>(d.address), 8), "over....");
}

TEST(Virtio, AServersBufferOutsideItsRamIsRefused) {
    VirtioBoard board;
    board.driver.start();
    std::ignore = board.driver.post("secret", 4);
    auto const handle = static_cast<std::uint64_t>(board.server.next().x0);
    for (auto const at : std::initializer_list<std::uint64_t>{0, guest_ram - 4, guest_ram + 0x1'0000, ~3ull, 0x0900'0000}) {
        EXPECT_EQ(board.server.call(abi::Call::ServeRead, {handle, 0, at, 4}).x0, 0) << std::hex << at;
        EXPECT_EQ(board.server.call(abi::Call::ServeWrite, {handle, 0, at, 4}).x0, 0) << std::hex << at;
    }
    EXPECT_EQ(board.server.call(abi::Call::ServeRead, {handle, 0, guest_ram + 0xfffd, 6}).x0, 3) << "up to the end of RAM";
}

TEST(Virtio, AClientsBufferOutsideItsRamMovesNothing) {
    VirtioBoard board;
    board.driver.start();
    for (auto const at : std::initializer_list<std::uint64_t>{0, guest_ram - 8, guest_ram + 0x1'0000, ~7ull, 0x0800'0000}) {
        board.driver.next = 0;
        board.driver.publish(board.driver.add(at, 8));
        auto const request = board.server.next();
        ASSERT_GE(request.x0, 0);
        EXPECT_EQ(request.x3, 0u) << std::hex << at;
        std::ignore = board.server.complete(request.x0);
    }
}

TEST(Virtio, APageOfTheImageBecomesTheClientsOwnBeforeItIsWritten) {
    VirtioBoard board;
    board.driver.start();
    board.driver.publish(board.driver.add(guest_ram + 0x10, 4, v::descriptor_write));
    auto const request = board.server.next();
    EXPECT_EQ(board.server.complete(request.x0, "mine").x0, 4);
    auto const* const image = reinterpret_cast<char const*>(board.plan().header().load_address + 0x2'0000);
    EXPECT_EQ(image[0x10], 0x10) << "the image itself is as it was";
    EXPECT_EQ(std::string(board.driver.ram<char>(guest_ram + 0x10), 4), "mine");
    EXPECT_EQ(*board.driver.ram<char>(guest_ram + 0x20), 0x10) << "with the rest of the page";
}

TEST(Virtio, ALoopOfDescriptorsEnds) {
    VirtioBoard board;
    board.driver.start();
    auto const first = board.driver.add(Driver::buffers, 4, v::descriptor_next, 0);
    board.driver.publish(first);
    expect_given_up(board, "longer than its queue");
}

TEST(Virtio, AChainThatLeavesItsTableIsRefused) {
    VirtioBoard board;
    board.driver.start();
    board.driver.publish(board.driver.add(Driver::buffers, 4, v::descriptor_next, Driver::size));
    expect_given_up(board, "leaves its table");
}

TEST(Virtio, AnIndirectTableInsideAnotherIsRefused) {
    VirtioBoard board;
    board.driver.start();
    auto const at = Driver::buffers + 0x1000;
    board.driver.ram<v::Descriptor>(at)[0] = {.address = at, .length = 16, .flags = v::descriptor_indirect, .next = 0};
    board.driver.publish(board.driver.add(at, 16, v::descriptor_indirect));
    expect_given_up(board, "inside another");
}

TEST(Virtio, AnIndirectTableThatTheClientNeverWroteOrOfMoreThanAPageIsRefused) {
    for (auto const& [at, length] : {std::pair{guest_ram + 0x10, 32u}, {Driver::buffers, 4096u + 16u}}) {
        VirtioBoard board;
        board.driver.start();
        board.driver.publish(board.driver.add(at, length, v::descriptor_indirect));
        expect_given_up(board, "longer than a page");
    }
}

TEST(Virtio, AReadableBufferBehindAWritableOneIsRefused) {
    VirtioBoard board;
    board.driver.start();
    board.driver.publish(board.driver.add(Driver::buffers, 4, v::descriptor_next | v::descriptor_write, 1));
    board.driver.add(Driver::buffers, 4);
    expect_given_up(board, "readable buffer follows");
}

TEST(Virtio, AnAvailableIndexThatJumpsIsRefused) {
    VirtioBoard board;
    board.driver.start();
    board.driver.ring()[1] = Driver::size + 1;
    expect_given_up(board, "available index jumped");
}

TEST(Virtio, TheSameChainPostedOverAndOverIsRefused) {
    VirtioBoard board;
    board.driver.start();
    auto const head = board.driver.add(Driver::buffers, 4);
    for (unsigned n = 0; n < Driver::size; ++n) {
        board.driver.publish(head);
        ASSERT_GE(board.server.next().x0, 0);
    }
    board.driver.publish(head);
    expect_given_up(board, "more requests are out");
}

TEST(Virtio, RingsOutsideRamOrMisalignedOrOnTheImageAreRefused) {
    for (auto const at : std::initializer_list<std::uint64_t>{guest_ram - 0x1000, guest_ram + 0x1'0000 - 0x10, ~0xfull,
                                                              guest_ram + 0x8008, guest_ram + 0x1000}) {
        VirtioBoard board;
        virtio::Queue& queue = board.device.queues[0];
        queue.setup = {.descriptors = at, .available = Driver::available, .used = Driver::used, .size = Driver::size};
        virtio::set_ready(board.device, queue, true);
        EXPECT_FALSE(queue.ready()) << std::hex << at;
        EXPECT_TRUE((board.device.status & v::needs_reset) != 0);
    }
}

TEST(Virtio, FeaturesThatWereNotOfferedAreNotAccepted) {
    VirtioBoard board;
    board.device.accepted = v::version_1 | 1ull << 63;
    virtio::set_status(board.device, v::acknowledge | v::driver | v::features_ok);
    EXPECT_EQ(board.device.status & v::features_ok, 0u);
    board.device.accepted = v::block::can_flush;
    virtio::set_status(board.device, board.device.status | v::features_ok);
    EXPECT_EQ(board.device.status & v::features_ok, 0u) << "VERSION_1 is missing";
}

TEST(Virtio, RequestsOfAServerThatDiedComeAgainInTheirOrder) {
    VirtioBoard board;
    board.driver.start();
    for (auto const* text : {"one", "two", "three"}) std::ignore = board.driver.post(text);
    auto const one = board.server.next(), two = board.server.next();
    std::ignore = board.server.next();
    std::ignore = board.server.complete(two.x0);
    lifecycle::reset(board.vm(1), "test");
    EXPECT_EQ(board.server.next().x0, not_permitted) << "until it says that it serves";
    std::ignore = board.server.start();
    EXPECT_EQ(board.server.complete(one.x0).x0, gone) << "a handle of its earlier life";
    std::ignore = board.driver.post("four");
    std::vector<std::string> seen;
    for (Answer next = board.server.next(); next.x0 >= 0; next = board.server.next()) {
        seen.push_back(board.server.text(next.x3));
        std::ignore = board.server.complete(next.x0);
    }
    EXPECT_EQ(seen, (std::vector<std::string>{"one", "three", "four"}));
    EXPECT_EQ(board.driver.done(), 4u);
}

TEST(Virtio, RequestsOfAClientThatStartsAnewAreGone) {
    VirtioBoard board;
    board.driver.start();
    std::ignore = board.driver.post("one", 4);
    auto const handle = board.server.next().x0;
    lifecycle::reset(board.vm(0), "test");
    EXPECT_EQ(board.server.complete(handle, "late").x0, gone);
    EXPECT_EQ(board.device.status, 0u);
    EXPECT_EQ(board.server.call(abi::Call::ServeNews).x1, 1u) << "the server hears of it";
}

TEST(Virtio, AHandleIsGoodOnce) {
    VirtioBoard board;
    board.driver.start();
    std::ignore = board.driver.post("one");
    auto const handle = board.server.next().x0;
    EXPECT_EQ(board.server.complete(handle).x0, 0);
    EXPECT_EQ(board.server.complete(handle).x0, gone);
    for (int n = 0; n < 20; ++n) {
        std::ignore = board.driver.post("more");
        ASSERT_GE(board.server.next().x0, 0);
        EXPECT_EQ(board.server.complete(handle).x0, gone);
        std::ignore = board.server.start();  // what is out comes again
        std::ignore = board.server.complete(board.server.next().x0);
    }
}

TEST(Virtio, OnlyTheServerReachesADevice) {
    VirtioBoard board;
    board.driver.start();
    std::ignore = board.driver.post("secret");
    Server const intruder{board.vcpu(0)};
    EXPECT_EQ(intruder.start().x0, invalid);
    EXPECT_EQ(intruder.next().x0, invalid);
    auto const handle = board.server.next().x0;
    EXPECT_EQ(intruder.complete(handle).x0, invalid);
    for (std::uint64_t const which : {1ull, 64ull, 0x100ull, 0x10000ull, ~0ull})
        EXPECT_EQ(board.server.next(which).x0, invalid) << which;
}

TEST(Virtio, AChangeOfTheConfigurationIsToldToADriverThatRuns) {
    VirtioBoard board;
    EXPECT_EQ(board.device.config[0], 0x1234u) << "the plan's";
    std::ignore = board.server.call(abi::Call::ServeConfig, {0, 8, 99});
    EXPECT_FALSE(client_raised(board));
    board.driver.start();
    auto const before = board.device.generation;
    EXPECT_EQ(board.server.call(abi::Call::ServeConfig, {0, 0, 2048}).x0, 0);
    EXPECT_NE(board.device.generation, before);
    EXPECT_EQ(board.device.interrupts, v::mmio::configuration_change);
    EXPECT_EQ(board.server.call(abi::Call::ServeInfo, {0, 8}).x1, 2048u);
    EXPECT_EQ(board.server.call(abi::Call::ServeConfig, {0, 64, 0}).x0, invalid);
    EXPECT_EQ(board.server.call(abi::Call::ServeConfig, {0, 4, 0}).x0, invalid);
}

}  // namespace
}  // namespace tiffin
