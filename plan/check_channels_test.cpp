// A channel is accepted only if both ends say the same, and nobody else has its memory.
#include <functional>
#include <gtest/gtest.h>
#include <string>

#include "plan/testing.hpp"
#include "plan/view.hpp"

namespace tiffin {
namespace {

using testing::plan_with_a_channel;

void expect_refusal(char const* words, std::function<void(PlanTables&)> const& change) {
    auto parts = plan_with_a_channel();
    change(parts);
    auto const bytes = parts.bytes();
    auto const view = PlanView::open(bytes);
    auto const said = view ? std::string{"nothing"} : std::string{view.error().table} + ": " + view.error().what;
    EXPECT_NE(said.find(words), std::string::npos) << "wanted \"" << words << "\", got \"" << said << "\"";
}

TEST(ChannelRules, SharedMemoryIsNobodyElses) {
    expect_refusal("channels and no shared memory", [](auto& p) { p.header.shared_base = p.header.shared_bytes = 0; });
    expect_refusal("shared memory is not page-aligned", [](auto& p) { p.header.shared_base += 8; });
    expect_refusal("shared memory is not page-aligned", [](auto& p) { p.header.shared_bytes += 8; });
    expect_refusal("does not lie in the board's RAM", [](auto& p) { p.header.shared_base = 0x4900'0000; });
    expect_refusal("does not lie in the board's RAM", [](auto& p) { p.header.shared_bytes = 0x800'0000; });
    expect_refusal("shared memory overlaps a VM's RAM", [](auto& p) { p.header.shared_base = 0x405f'f000; });
    expect_refusal("shared memory overlaps the boot image", [](auto& p) { p.header.shared_base = 0x4030'0000; });
}

TEST(ChannelRules, BothEndsSayTheSame) {
    expect_refusal("channel: ends differ", [](auto& p) { p.channels[0].size = 0x2000; });
    expect_refusal("channel: ends differ", [](auto& p) { p.channels[1].pa += 0x1000, p.header.shared_bytes += 0x1000; });
    expect_refusal("channel: ends differ", [](auto& p) { p.channels[1].name = p.text("other"); });
    expect_refusal("channel: sides are not", [](auto& p) { p.channels[1].side = 0; });
    expect_refusal("channel: sides are not", [](auto& p) { p.channels[0].side = ~0u, p.channels[1].side = 2; });
    expect_refusal("channel: sides are not", [](auto& p) { p.channels[1].reserved = 1; });
    expect_refusal("channel: other end belongs to somebody else", [](auto& p) { p.channels[1].peer_channel = 1; });
    expect_refusal("channel: has no other end", [](auto& p) { p.channels[0].peer_channel = 1; });
    expect_refusal("channel: has no peer, or itself", [](auto& p) { p.channels[0].peer = 2; });
    expect_refusal("channel: has no peer, or itself", [](auto& p) { p.channels[0].peer = 0; });
    expect_refusal("channel: has no other end", [](auto& p) { p.vms[1].channels.count = 0, p.channels.pop_back(); });
}

TEST(ChannelRules, AddressesFit) {
    expect_refusal("channel: size is not a multiple", [](auto& p) { p.channels[0].size = 0x3000; });
    expect_refusal("channel: size is not a multiple", [](auto& p) { p.channels[0].size = 0; });
    expect_refusal("channel: is not page-aligned", [](auto& p) { p.channels[0].ipa += 8; });
    expect_refusal("channel: memory is outside", [](auto& p) { p.channels[0].pa += 0x1000; });
    expect_refusal("channel: memory is outside", [](auto& p) { p.channels[0].size = ~0x1fffull; });
    expect_refusal("channel: guest address is outside", [](auto& p) { p.channels[0].ipa = 0x0aff'f000; });
    expect_refusal("channel: guest address is outside", [](auto& p) { p.channels[0].ipa = 0x0bff'e000; });
    expect_refusal("channel: has no name", [](auto& p) { p.channels[0].name = 0; });
    expect_refusal("channel: has no name", [](auto& p) { p.channels[0].name = 100'000; });
}

/// Another channel between the same two.
void add_second(PlanTables& p) {
    auto a = p.channels[0], b = p.channels[1];
    a.name = b.name = p.text("second");
    a.peer_channel = b.peer_channel = 1;
    a.ipa += 0x4000, b.ipa += 0x4000, a.pa += 0x4000, b.pa += 0x4000;
    p.header.shared_bytes += 0x4000;
    p.channels = {p.channels[0], a, p.channels[1], b};
    p.vms[0].channels = {0, 2}, p.vms[1].channels = {2, 2};
}

TEST(ChannelRules, SeveralChannelsOfAVmAreApart) {
    expect_refusal("nothing", add_second);
    expect_refusal("overlaps that of the channel before it", [](auto& p) {
        add_second(p);
        p.channels[1].pa = p.channels[3].pa = p.channels[0].pa + 0x2000;
    });
    expect_refusal("overlaps the one before it", [](auto& p) {
        add_second(p);
        p.channels[3].ipa -= 0x1000;
    });
    expect_refusal("name is used twice", [](auto& p) {
        add_second(p);
        p.channels[1].name = p.channels[3].name = p.channels[0].name;
    });
    expect_refusal("belong to no VM", [](auto& p) {
        add_second(p);
        p.vms[1].channels.count = 1;
    });
    expect_refusal("more than 32 of its VM", [](auto& p) {
        p.channels.assign(66, p.channels[0]);
        p.vms[0].channels = {0, 33}, p.vms[1].channels = {33, 33};
    });
}

TEST(ChannelRules, NoDeviceLiesWhereChannelsDo) {
    expect_refusal("window: overlaps the channels", [](auto& p) { p.windows[0].ipa = 0x0a80'0000; });
    expect_refusal("window: overlaps the channels", [](auto& p) { p.windows[0].ipa = 0x0bff'f000; });
    expect_refusal("interrupt: clashes with a channel's doorbell", [](auto& p) { p.interrupts[0].virtual_id = 144; });
    expect_refusal("nothing", [](auto& p) { p.interrupts[0].virtual_id = 145; });
}

}  // namespace
}  // namespace tiffin
