#include "guest/drivers/disk/block.hpp"

#include <gtest/gtest.h>

#include "guest/drivers/disk/drive_testing.hpp"

namespace tiffin::disk {
namespace {

using namespace sdk::testing;
namespace block = abi::virtio::block;
using abi::virtio::Type;

TEST(Parts, LieOneBehindTheOther) {
    auto const parts = Parts::make("4K,1M,512", 2 << 20, 3);
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->of(0).sectors(), 8u);
    EXPECT_EQ(parts->of(1).begin, 4096u);
    EXPECT_EQ(parts->of(2).begin, 4096u + (1 << 20));
    EXPECT_EQ(parts->of(3).size, 0u);
}

TEST(Parts, WithoutATextAreEqual) {
    auto const parts = Parts::make({}, 3000, 2);
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->of(0).size, 1024u);
    EXPECT_EQ(parts->of(1).begin, 1024u);
}

TEST(Parts, MoreThanTheStoreHoldsIsRefused) {
    EXPECT_TRUE(Parts::make("1M,1M", 2 << 20, 2));
    EXPECT_FALSE(Parts::make("1M,1M,512", 2 << 20, 2));
    EXPECT_FALSE(Parts::make("17592186044416M", 2 << 20, 1));
}

TEST(Parts, NonsenseIsRefused) {
    for (auto const* text : {"", ",", "4K,", "x", "4G", "4K4K", "100", "99999999999999999999"})
        EXPECT_FALSE(Parts::make(text, 1 << 20, 1)) << text;
}

TEST(Part, FindsWholeSectorsInsideItselfOnly) {
    constexpr Part part{1024, 2048};
    EXPECT_EQ(part.find(0, 2048), 1024u);
    EXPECT_EQ(part.find(3, 512), 1024u + 1536);
    EXPECT_EQ(part.find(4, 0), 1024u + 2048);
    EXPECT_FALSE(part.find(3, 1024));
    EXPECT_FALSE(part.find(4, 512));
    EXPECT_FALSE(part.find(0, 100));
    EXPECT_FALSE(part.find(~0ull, 512));
    EXPECT_FALSE(part.find(~0ull / 512, ~0ull / 512 * 512));
}

enum class In { Ram, Channel, Drive };

/// A store, and the bytes in it. A drive's goes through a buffer that most requests do not fit into.
struct Kept {
    Kept(In where, std::size_t size)
        : hardware{size},
          memory{hardware.bytes, where == In::Ram ? MemoryStore::Place::Ram : MemoryStore::Place::Shared},
          store{where == In::Drive ? static_cast<Store&>(on_drive) : memory} {
        EXPECT_EQ(drive.start(), nullptr);
        for (auto& b : hardware.bytes) b = std::byte{'-'};
    }

    testing::FakeDrive hardware;
    sdk::QueueMemory queue{};
    Drive drive{hardware.device, queue};
    Bytes buffer = Bytes(1024);
    MemoryStore memory;
    DriveStore on_drive{drive, buffer};
    Store& store;
};

/// Everything holds whatever the bytes are kept in.
struct Disk : ::testing::TestWithParam<In> {
    Disk() {
        clients.add(Type::Block, 1);
        clients.add(Type::Block, 2);
        clients.add(Type::Block, 3, block::read_only);
        server.emplace(clients);
        server->start();
        for (auto const& device : server->devices()) service.announce(device);
    }

    static Bytes head(std::uint32_t type, std::uint64_t sector) { return bytes_of(block::Request{type, 0, sector}); }
    /// The answer to a request, its status byte last.
    Bytes ask(std::uint32_t device, Bytes sent, std::size_t room) {
        auto const& p = clients.post(device, 0, std::move(sent), room);
        while (server->round(service)) {
        }
        EXPECT_TRUE(p.done && p.told);
        return p.answer();
    }
    std::uint8_t write(std::uint32_t device, std::uint64_t sector, char fill, std::size_t size = 512) {
        auto const answer = ask(device, head(block::out, sector) + Bytes(size, static_cast<std::byte>(fill)), 1);
        return static_cast<std::uint8_t>(answer.at(0));
    }

    sdk::testing::Clients clients;
    Kept kept{GetParam(), 6 * 512};
    Bytes& memory{kept.hardware.bytes};
    BlockService service{kept.store, *Parts::make("1K,1K,1K", 6 * 512, 3)};
    std::optional<sdk::Server> server;
};

INSTANTIATE_TEST_SUITE_P(Bytes, Disk, ::testing::Values(In::Ram, In::Channel, In::Drive), [](auto const& in) {
    return in.param == In::Ram ? "InRam" : in.param == In::Channel ? "InAChannel" : "OnADrive";
});

TEST_P(Disk, TellsEachClientItsCapacity) { EXPECT_EQ(clients.made[0].config[0], 2u); }

TEST_P(Disk, ReadsWhatWasWritten) {
    EXPECT_EQ(write(0, 1, 'a'), block::ok);
    auto const answer = ask(0, head(block::in, 1), 513);
    EXPECT_EQ(answer, Bytes(512, std::byte{'a'}) + Bytes(1));
}

TEST_P(Disk, MovesMoreThanAPageAtOnce) {
    Bytes large(9 * 512, std::byte{0});
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::byte>(i / 512 + i);
    Kept wide{GetParam(), large.size()};
    BlockService one{wide.store, *Parts::make({}, large.size(), 1)};
    auto const& written = clients.post(0, 0, head(block::out, 0) + large, 1);
    while (server->round(one)) {
    }
    EXPECT_EQ(written.answer(), Bytes(1));
    EXPECT_EQ(wide.hardware.bytes, large);
    auto const& read = clients.post(0, 0, head(block::in, 0), large.size() + 1);
    while (server->round(one)) {
    }
    EXPECT_EQ(read.answer(), large + Bytes(1));
}

TEST_P(Disk, EachClientHasItsOwnBytes) {
    write(0, 0, 'a', 1024);
    write(1, 0, 'b', 1024);
    EXPECT_EQ(memory, Bytes(1024, std::byte{'a'}) + Bytes(1024, std::byte{'b'}) + Bytes(1024, std::byte{'-'}));
}

TEST_P(Disk, NothingReachesBeyondAPartsEnd) {
    EXPECT_EQ(write(0, 1, 'x', 1024), block::io_error);
    EXPECT_EQ(write(0, 2, 'x'), block::io_error);
    EXPECT_EQ(write(0, ~0ull, 'x'), block::io_error);
    EXPECT_EQ(memory, Bytes(memory.size(), std::byte{'-'}));
    auto const answer = ask(0, head(block::in, 1), 1025);
    EXPECT_EQ(answer.back(), std::byte{block::io_error});
    EXPECT_EQ(answer.front(), std::byte{0}) << "not a byte of the neighbour's";
}

TEST_P(Disk, AReadOnlyDiskRefusesWritesWhateverItsDriverAccepted) {
    clients.made[2].accepted = 0;
    EXPECT_EQ(write(2, 0, 'x'), block::io_error);
    EXPECT_EQ(memory[2048], std::byte{'-'});
    EXPECT_EQ(ask(2, head(block::in, 0), 513).back(), std::byte{block::ok});
}

TEST_P(Disk, PartsOfSectorsAreRefused) { EXPECT_EQ(write(0, 0, 'x', 100), block::io_error); }

TEST_P(Disk, FlushesAndTellsItsName) {
    EXPECT_EQ(ask(0, head(block::flush, 0), 1), Bytes(1));
    auto const answer = ask(0, head(block::get_id, 0), 21);
    EXPECT_EQ(text(answer).substr(0, 12), std::string_view("tiffin disk\0", 12));
}

TEST_P(Disk, UnknownRequestsAreUnsupportedAndShortOnesAreErrors) {
    EXPECT_EQ(ask(0, head(77, 0), 1), Bytes(1, std::byte{block::unsupported}));
    EXPECT_EQ(ask(0, Bytes(7), 1), Bytes(1, std::byte{block::io_error}));
    EXPECT_EQ(ask(0, head(block::in, 0), 0), Bytes{});
}

TEST_P(Disk, BuffersThatAreNoRamAreAnError) {
    auto const& p = clients.post(0, 0, head(block::in, 0), 513);
    clients.no_ram = true;
    while (server->round(service)) {
    }
    EXPECT_TRUE(p.done);
}

TEST_P(Disk, InFlashIsReadAndNotWritten) {
    MemoryStore flash{memory, MemoryStore::Place::Flash};
    BlockService one{flash, *Parts::make({}, memory.size(), 3)};
    auto const& written = clients.post(0, 0, head(block::out, 0) + Bytes(512), 1);
    auto const& read = clients.post(0, 0, head(block::in, 0), 513);
    while (server->round(one)) {
    }
    EXPECT_EQ(written.answer(), Bytes(1, std::byte{block::io_error}));
    EXPECT_EQ(read.answer(), Bytes(512, std::byte{'-'}) + Bytes(1));
}

/// What the hardware says, its client hears.
struct DiskOfABoard : Disk {};
INSTANTIATE_TEST_SUITE_P(Hardware, DiskOfABoard, ::testing::Values(In::Drive), [](auto const&) { return "OnADrive"; });

TEST_P(DiskOfABoard, PassesItsErrorsOn) {
    kept.hardware.bad_sector = 1;
    EXPECT_EQ(write(0, 1, 'x'), block::io_error);
    EXPECT_EQ(ask(0, head(block::in, 1), 513).back(), std::byte{block::io_error});
    EXPECT_EQ(write(0, 0, 'x'), block::ok);
    EXPECT_EQ(write(1, 1, 'x'), block::ok);
}

TEST_P(DiskOfABoard, PassesAFlushOn) {
    EXPECT_EQ(ask(0, head(block::flush, 0), 1), Bytes(1));
    EXPECT_EQ(kept.hardware.flushes, 1u);
    kept.hardware.says_nothing = true;
    EXPECT_EQ(ask(0, head(block::flush, 0), 1), Bytes(1, std::byte{block::io_error}));
}

}  // namespace
}  // namespace tiffin::disk
