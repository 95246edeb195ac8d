#include "tool/debug/packet.hpp"

#include <gtest/gtest.h>

namespace tiffin::gdb {
namespace {

using Found = PacketReader::Found;

Found feed(PacketReader& reader, std::string_view bytes) {
    auto last = Found::Nothing;
    for (char const c : bytes) last = reader.feed(c);
    return last;
}

TEST(GdbPacket, HasTheChecksumOfItsPayload) { EXPECT_EQ(packet("OK"), "$OK#9a"); }

TEST(GdbPacket, IsReadAcrossNoiseAndAcknowledgements) {
    PacketReader reader;
    EXPECT_EQ(feed(reader, "++-x$m0,4#fd"), Found::Packet);
    EXPECT_EQ(reader.payload(), "m0,4");
    EXPECT_EQ(feed(reader, "$g#67"), Found::Packet);
    EXPECT_EQ(reader.payload(), "g");
}

TEST(GdbPacket, EscapesAreUndoneAndCountAsSent) {
    PacketReader reader;
    EXPECT_EQ(feed(reader, packet("X}\x03")), Found::Packet);
    EXPECT_EQ(reader.payload(), "X#");
}

TEST(GdbPacket, OfAWrongChecksumIsDamaged) {
    PacketReader reader;
    EXPECT_EQ(feed(reader, "$g#68"), Found::Damaged);
    EXPECT_EQ(feed(reader, "$g#zz"), Found::Damaged);
    EXPECT_EQ(feed(reader, "$g}#e4"), Found::Damaged) << "an escape of nothing";
}

TEST(GdbPacket, ThatIsTooLongIsDamagedAndTheNextOneIsNot) {
    PacketReader reader;
    EXPECT_EQ(feed(reader, packet(std::string(PacketReader::most + 1, 'a'))), Found::Damaged);
    EXPECT_EQ(feed(reader, packet(std::string(PacketReader::most, 'a'))), Found::Packet);
}

TEST(GdbPacket, ADollarBeginsANewOneAnywhere) {
    PacketReader reader;
    EXPECT_EQ(feed(reader, "$m00$g#67"), Found::Packet);
    EXPECT_EQ(reader.payload(), "g");
}

TEST(GdbPacket, AnInterruptIsOneOnlyBetweenPackets) {
    PacketReader reader;
    EXPECT_EQ(reader.feed('\x03'), Found::Interrupt);
    reader.feed('$');
    EXPECT_EQ(reader.feed('\x03'), Found::Nothing);
}

TEST(GdbPacket, NumbersAndBytesAreHexAndNothingElse) {
    std::string_view text = "4000,8";
    EXPECT_EQ(take_number(text), 0x4000u);
    EXPECT_EQ(text, ",8");
    for (std::string_view bad : {"", "-1", "x", "11112222333344445"}) EXPECT_FALSE(take_number(bad)) << bad;
    EXPECT_EQ(bytes_of_hex("0aff"), "\x0a\xff");
    for (std::string_view const bad : {"0", "0g", "-1"}) EXPECT_FALSE(bytes_of_hex(bad)) << bad;
}

}  // namespace
}  // namespace tiffin::gdb
