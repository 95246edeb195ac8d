#include "guest/drivers/disk/partitions.hpp"

#include <gtest/gtest.h>

#include "base/crc32.hpp"
#include "guest/drivers/disk/drive_testing.hpp"

namespace tiffin::disk {
namespace {

using Entry = std::pair<std::uint64_t, std::uint64_t>;  // first sector, sectors

struct Table : ::testing::Test {
    template <class T>
    void put(std::size_t at, T value) {
        std::memcpy(hardware.bytes.data() + at, &value, sizeof value);
    }
    void put_mbr(unsigned n, std::uint8_t type, std::uint32_t first, std::uint32_t sectors) {
        auto const at = 446 + 16 * n;
        put(at + 4, type);
        put(at + 8, first);
        put(at + 12, sectors);
        put<std::uint16_t>(510, 0xaa55);
    }
    void put_gpt(std::vector<Entry> const& entries) {
        put_mbr(0, 0xee, 1, 255);
        for (std::size_t i = 0; i < entries.size(); ++i) {
            auto const at = 1024 + 128 * i;
            put<std::uint64_t>(at, entries[i].second != 0);
            put(at + 32, entries[i].first);
            put(at + 40, entries[i].first + entries[i].second - 1);
        }
        put<std::uint64_t>(512, 0x5452'4150'2049'4645);
        put<std::uint32_t>(512 + 12, 92);
        put<std::uint64_t>(512 + 24, 1);
        put<std::uint64_t>(512 + 72, 2);
        put<std::uint32_t>(512 + 80, 6);  // not whole sectors of them
        put<std::uint32_t>(512 + 84, 128);
        sum();
    }
    void sum() {
        put(512 + 88, crc32(std::span{hardware.bytes}.subspan(1024, 6 * 128)));
        put<std::uint32_t>(512 + 16, 0);
        put(512 + 16, crc32(std::span{hardware.bytes}.subspan(512, 92)));
    }
    Partitions read() {
        EXPECT_EQ(drive.start(), nullptr);
        return Partitions{drive};
    }
    /// In sectors.
    static Entry entry(Partitions const& table, unsigned n) {
        auto const part = table.number(n).value_or(Part{});
        return {part.begin / sector_bytes, part.sectors()};
    }

    testing::FakeDrive hardware{256 * sector_bytes};
    sdk::QueueMemory memory{};
    Drive drive{hardware.device, memory};
};

TEST_F(Table, OfAnMbrHasItsPrimaryPartitions) {
    put_mbr(0, 0x83, 8, 32);
    put_mbr(1, 5, 40, 100);  // extended
    put_mbr(3, 0x0c, 200, 56);
    auto const table = read();
    ASSERT_EQ(table.problem(), nullptr);
    EXPECT_EQ(entry(table, 1), Entry(8, 32));
    EXPECT_FALSE(table.number(2));
    EXPECT_FALSE(table.number(3));
    EXPECT_EQ(entry(table, 4), Entry(200, 56));
    EXPECT_FALSE(table.number(0));
    EXPECT_FALSE(table.number(5));
    EXPECT_FALSE(table.number(1u << 31));
}

TEST_F(Table, OfAGptIsNumberedByItsEntries) {
    put_gpt({{40, 10}, {0, 0}, {60, 1}, {0, 0}, {0, 0}, {100, 156}});
    auto const table = read();
    ASSERT_EQ(table.problem(), nullptr);
    EXPECT_EQ(entry(table, 1), Entry(40, 10));
    EXPECT_FALSE(table.number(2));
    EXPECT_EQ(entry(table, 3), Entry(60, 1));
    EXPECT_EQ(entry(table, 6), Entry(100, 156));
}

TEST_F(Table, APartitionThatTheDiskDoesNotHaveIsNotThere) {
    put_mbr(0, 0x83, 256, 1);
    put_mbr(1, 0x83, 200, 57);
    EXPECT_FALSE(read().number(1));
    EXPECT_FALSE(read().number(2));
    put_gpt({{200, 57}, {~0ull, 3}, {300, 2}, {5, ~0ull - 3}});
    for (unsigned n = 1; n <= 4; ++n) EXPECT_FALSE(read().number(n)) << n;
}

TEST_F(Table, DamagedIsRefused) {
    EXPECT_STREQ(read().problem(), "it has no partition table");
    put_gpt({{40, 10}});
    ASSERT_EQ(read().problem(), nullptr);
    hardware.bytes[1024 + 32] ^= std::byte{1};
    EXPECT_STREQ(read().problem(), "its GPT is damaged: see what gdisk says") << "an entry";
    sum();
    ASSERT_EQ(read().problem(), nullptr);
    hardware.bytes[512 + 60] ^= std::byte{1};
    EXPECT_STREQ(read().problem(), "its GPT is damaged: see what gdisk says") << "the header";
    sum();
    put<std::uint32_t>(512 + 12, 513);
    EXPECT_STREQ(read().problem(), "its GPT is damaged: see what gdisk says") << "a header larger than its sector";
}

TEST_F(Table, EntriesThatLieBeyondTheDiskOrAreTooManyAreRefused) {
    put_gpt({{40, 10}});
    put<std::uint64_t>(512 + 72, 255);
    sum();
    EXPECT_NE(read().problem(), nullptr);
    put<std::uint64_t>(512 + 72, 2);
    put<std::uint32_t>(512 + 80, 129);
    sum();
    EXPECT_NE(read().problem(), nullptr);
}

TEST_F(Table, ASectorThatCantBeReadIsSaid) {
    put_gpt({{40, 10}});
    hardware.bad_sector = 0;
    EXPECT_STREQ(read().problem(), "its first sector can't be read");
    hardware.bad_sector = 3;
    EXPECT_STREQ(read().problem(), "its GPT can't be read");
}

TEST(PartsOfPartitions, AreThoseThatTheTextNumbers) {
    auto const table = [](std::uint64_t n) -> std::optional<Part> {
        if (n > 3) return std::nullopt;
        return Part{n * 1024, n == 3 ? 512u : 1024u};
    };
    auto const parts = Parts::of_partitions("3,1", table);
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->of(0).begin, 3072u);
    EXPECT_EQ(parts->of(1).begin, 1024u);
    EXPECT_EQ(parts->of(2).size, 0u);
    for (auto const* text : {"", "4", "1,", "1,1", "x", "1K", ",1", "1 2"})
        EXPECT_FALSE(Parts::of_partitions(text, table)) << text;
}

TEST(PartsOfPartitions, ThatOverlapAreRefused) {
    auto const table = [](std::uint64_t n) -> std::optional<Part> { return Part{n * 1024, 1536}; };
    EXPECT_TRUE(Parts::of_partitions("1,3", table));
    EXPECT_FALSE(Parts::of_partitions("1,2", table));
}

}  // namespace
}  // namespace tiffin::disk
