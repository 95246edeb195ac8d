#include "guest/drivers/sound/sound.hpp"

#include <gtest/gtest.h>

#include "guest/sdk/serve_testing.hpp"

namespace tiffin::sound {
namespace {

using namespace sdk::testing;
using protocol::Code;
using protocol::Status;

/// A card that has played as many slots as a test says.
struct FakeOutput final : Output {
    std::deque<std::array<Sample, slot_samples>> played;
    unsigned free{0};
    std::uint64_t early_bytes{4 * slot_bytes}, late_slots{0};
    std::span<Sample> next() override {
        if (free == 0) return {};
        --free;
        return played.emplace_back();
    }
    void play() override { said += 'p'; }
    void rest() override { said += 'r'; }
    [[nodiscard]] std::uint64_t early() const override { return early_bytes; }
    [[nodiscard]] std::uint64_t late() const override { return late_slots; }
    std::string said;
};

struct SoundTest : ::testing::Test {
    SoundTest() {
        reported().clear();
        clients.add(abi::virtio::Type::Sound, 0);
        clients.add(abi::virtio::Type::Sound, 1);
        clients.made[0].status = clients.made[1].status = 0;
        set_volume(0, 100), set_volume(1, 100);
        start_server();
    }
    void start_server() {
        server.emplace(clients);
        server->start();
        service.emplace(server->devices(), output, report);
    }
    void set_volume(std::uint32_t device, std::uint64_t percent) {
        clients.made[device].config.at(protocol::volume_at / 8) = percent;
    }
    /// "device periods underruns ms late;" of each stream that has stopped.
    static std::string& reported() {
        static std::string text;
        return text;
    }
    static void report(std::uint32_t device, Ledger const& l, std::uint64_t late) {
        for (auto const n : {std::uint64_t{device}, l.slots(), l.underruns(), l.early_ms(), late})
            reported() += std::to_string(n) + " ";
    }
    void rounds(unsigned slots_played = 0) {
        output.free = slots_played;
        clients.bells |= 3;  // a card's interrupt ends the sleep as a client's ring does
        while (server->round(*service)) {
        }
    }
    Bytes ask(Bytes request, std::size_t room = 4, std::uint32_t device = 0) {
        auto const& p = clients.post(device, protocol::control_queue, std::move(request), room);
        rounds();
        EXPECT_TRUE(p.done && p.told);
        return p.answer();
    }
    Status command(Code code, std::uint32_t stream = 0, std::uint32_t device = 0) {
        return status_of(ask(bytes_of(protocol::PcmRequest{code, stream}), 4, device));
    }
    static Status status_of(Bytes const& answer) {
        Status status{};
        EXPECT_GE(answer.size(), sizeof status);
        std::memcpy(&status, answer.data(), std::min(sizeof status, answer.size()));
        return status;
    }
    Status set(std::uint32_t stream = 0, std::uint32_t device = 0) {
        protocol::PcmSetParams const p{{Code::PcmSetParams, stream}, 7680, 1920, 0, 2, protocol::format_s16,
                                       protocol::rate_48000,         0};
        return status_of(ask(bytes_of(p), 4, device));
    }
    void play(std::uint32_t device = 0) {
        EXPECT_EQ(set(0, device), Status::Ok);
        EXPECT_EQ(command(Code::PcmPrepare, 0, device), Status::Ok);
        EXPECT_EQ(command(Code::PcmStart, 0, device), Status::Ok);
    }
    /// `frames` of this one, both sides.
    static Bytes samples(Sample value, std::size_t frames, std::uint32_t stream = 0) {
        auto all = bytes_of(protocol::PcmTransfer{stream});
        for (std::size_t n = 0; n < 2 * frames; ++n) all = std::move(all) + bytes_of(value);
        return all;
    }
    Posted& send(Bytes bytes, std::size_t room = 8, std::uint32_t device = 0) {
        return clients.post(device, protocol::transmit_queue, std::move(bytes), room);
    }
    static Status status_of(Posted const& p) { return status_of(p.answer()); }

    Clients clients;
    FakeOutput output;
    std::optional<sdk::Server> server;
    std::optional<Sound> service;
};

TEST_F(SoundTest, SaysWhatItHas) {
    auto const query = [&](Code code, std::uint32_t count, std::uint32_t size) {
        return ask(bytes_of(protocol::QueryInfo{code, 0, count, size}), 4 + size);
    };
    protocol::PcmInfo const stream{0, 0, 1 << 5, 1 << 7, 0, 2, 2, {}};
    EXPECT_EQ(query(Code::PcmInfo, 1, 32), bytes_of(Status::Ok) + bytes_of(stream));
    protocol::ChannelMapInfo const map{0, 0, 2, {3, 4}};
    EXPECT_EQ(query(Code::ChannelMapInfo, 1, 24), bytes_of(Status::Ok) + bytes_of(map));
    EXPECT_EQ(query(Code::JackInfo, 1, 24), bytes_of(Status::BadMessage));
    EXPECT_EQ(status_of(query(Code::JackInfo, 0, 24)), Status::Ok);
}

TEST_F(SoundTest, QuestionsAboutWhatIsNotThereAreBad) {
    auto const query = [&](std::uint32_t first, std::uint32_t count, std::uint32_t size, std::size_t room) {
        return ask(bytes_of(protocol::QueryInfo{Code::PcmInfo, first, count, size}), room);
    };
    auto const bad = bytes_of(Status::BadMessage);
    EXPECT_EQ(query(1, 1, 32, 36), bad);
    EXPECT_EQ(query(0, 2, 32, 68), bad);
    EXPECT_EQ(query(0xffff'ffff, 2, 32, 68), bad);
    EXPECT_EQ(query(1, 0xffff'ffff, 32, 68), bad);
    EXPECT_EQ(query(0, 1, 31, 36), bad);
    EXPECT_EQ(query(0, 1, 32, 35), bad) << "no room";
    EXPECT_EQ(ask(bytes_of(Code::PcmInfo), 36), bad) << "cut short";
    EXPECT_EQ(ask(Bytes(3)), bad);
    EXPECT_EQ(ask({}), bad);
    EXPECT_EQ(ask(bytes_of(Code::PcmInfo), 2).size(), 2u) << "no room for the status either";
    EXPECT_EQ(status_of(ask(bytes_of(std::uint32_t{0x999}))), Status::NotSupported);
    EXPECT_EQ(command(Code::JackRemap), Status::NotSupported);
}

TEST_F(SoundTest, RequestsOfAnotherStreamOrOutOfTimeAreBad) {
    EXPECT_EQ(set(1), Status::BadMessage);
    EXPECT_EQ(command(Code::PcmStart), Status::BadMessage);
    EXPECT_EQ(command(Code::PcmRelease), Status::BadMessage);
    play();
    EXPECT_EQ(command(Code::PcmStop, 1), Status::BadMessage);
    EXPECT_EQ(command(Code::PcmStop), Status::Ok);
}

TEST_F(SoundTest, ABufferIsDoneWhenTheCardHasRoomForAllOfIt) {
    play();
    auto const& one = send(samples(5, 700));
    auto const& two = send(samples(6, 260));
    rounds();
    EXPECT_FALSE(one.done);
    rounds(1);
    EXPECT_FALSE(one.done);
    rounds(1);
    EXPECT_TRUE(one.done && one.told && two.done && two.told);
    EXPECT_EQ(one.answer(), bytes_of(protocol::PcmStatus{Status::Ok, 4 * 1920}));
    EXPECT_EQ(output.played.at(0)[959], 5);
    EXPECT_EQ(output.played.at(1)[439], 5);
    EXPECT_EQ(output.played.at(1)[440], 6);
    EXPECT_EQ(output.played.at(1)[959], 6);
}

TEST_F(SoundTest, SamplesAreReadWhenTheyAreDueAndNotWhenTheyArePosted) {
    play();
    auto& one = send(samples(5, 480));
    rounds();
    one.sent = samples(8, 480);
    rounds(1);
    EXPECT_EQ(output.played.at(0)[0], 8);
}

TEST_F(SoundTest, ClientsAreMixedAndOneThatHasNothingIsSilent) {
    play(0), play(1);
    send(samples(1000, 480)), send(samples(200, 240), 8, 1);
    rounds();
    rounds(2);
    EXPECT_EQ(output.played.at(0)[479], 1200);
    EXPECT_EQ(output.played.at(0)[480], 1000);
    EXPECT_EQ(output.played.at(1)[0], 0);
}

TEST_F(SoundTest, EachClientIsAsLoudAsTheDescriptionHasIt) {
    set_volume(0, 60), set_volume(1, 0xffff'ffff'0000'0001ull);  // its upper half is another field
    play(0), play(1);
    send(samples(-32768, 480)), send(samples(199, 480), 8, 1);
    rounds();
    rounds(1);
    EXPECT_EQ(output.played.at(0)[0], -19660 + 1) << "rounded toward 0";
}

TEST_F(SoundTest, AVolumeAbove100IsNoLouderThanTheSamples) {
    set_volume(0, 0xffff'ffff);
    play();
    send(samples(77, 480));
    rounds();
    rounds(1);
    EXPECT_EQ(output.played.at(0)[0], 77);
}

TEST_F(SoundTest, AStreamThatStopsTellsHowNearItWasToAGap) {
    play();
    auto const slots_of = [&](std::size_t count) {
        for (std::size_t n = 0; n < count; ++n) send(samples(1, 480));
        rounds();
        for (std::size_t n = 0; n < count; n += 4) rounds(4);
    };
    rounds(3);
    slots_of(60);
    rounds(2);  // nothing to play
    output.early_bytes = 2 * slot_bytes + slot_bytes / 2, output.late_slots = 3;
    slots_of(40);
    rounds(1);
    EXPECT_EQ(reported(), "");
    EXPECT_EQ(command(Code::PcmStop), Status::Ok);
    EXPECT_EQ(reported(), "0 100 1 25 3 ");
    EXPECT_EQ(command(Code::PcmStart), Status::Ok);
    slots_of(96);
    EXPECT_EQ(command(Code::PcmStop), Status::Ok);
    EXPECT_EQ(reported(), "0 100 1 25 3 ") << "shorter than a second: not told";
}

TEST_F(SoundTest, AClientThatResetsEndsItsStream) {
    play();
    for (std::size_t n = 0; n < 100; n += 4) {
        for (int i = 0; i < 4; ++i) send(samples(1, 480));
        rounds();
        rounds(4);
    }
    clients.reset(0);
    rounds();
    EXPECT_EQ(reported(), "0 100 0 40 0 ");
}

TEST_F(SoundTest, AStreamThatIsStoppedIsNotHeardAndGoesOnWhereItWas) {
    play();
    send(samples(1, 480)), send(samples(2, 480));
    rounds();
    rounds(1);
    EXPECT_EQ(command(Code::PcmStop), Status::Ok);
    rounds(1);
    EXPECT_EQ(command(Code::PcmStart), Status::Ok);
    rounds(1);
    EXPECT_EQ(output.played.at(0)[0], 1);
    EXPECT_EQ(output.played.at(1)[0], 0);
    EXPECT_EQ(output.played.at(2)[0], 2);
}

TEST_F(SoundTest, ToReleaseAStreamIsToFinishAllItsBuffers) {
    play();
    auto const& known = send(samples(1, 480));
    rounds();
    EXPECT_EQ(command(Code::PcmStop), Status::Ok);
    auto const& new_one = send(samples(1, 480));
    EXPECT_EQ(command(Code::PcmRelease), Status::Ok);
    EXPECT_TRUE(known.done && known.told && new_one.done && new_one.told);
    auto const& late = send(samples(1, 480));
    rounds();
    EXPECT_EQ(status_of(late), Status::IoError);
}

TEST_F(SoundTest, BuffersThatAreNoneAreRefusedAtOnce) {
    EXPECT_EQ((rounds(), command(Code::PcmStop)), Status::BadMessage);
    auto const status = [&](Bytes bytes) {
        auto const& p = send(std::move(bytes));
        rounds();
        EXPECT_TRUE(p.done);
        return status_of(p);
    };
    EXPECT_EQ(status(samples(1, 10)), Status::IoError) << "not prepared";
    play();
    EXPECT_EQ(status(samples(1, 10, 1)), Status::BadMessage) << "another stream";
    EXPECT_EQ(status({}), Status::BadMessage);
    EXPECT_EQ(status(Bytes(3)), Status::BadMessage);
    EXPECT_EQ(status(samples(1, 0)), Status::BadMessage);
    EXPECT_EQ(status(samples(1, 10) + Bytes(2)), Status::BadMessage) << "half a frame";
    EXPECT_EQ(status(samples(1, 7680 / 4 + 1)), Status::BadMessage) << "more than the whole buffer";
}

TEST_F(SoundTest, ABufferThatCanNotBeReadIsAnErrorAndNoSound) {
    play();
    auto const& lost = send(samples(1, 480));
    rounds();
    clients.no_ram = true;
    rounds(1);
    clients.no_ram = false;
    EXPECT_TRUE(lost.done);
    auto const& next = send(samples(2, 480));
    rounds();
    rounds(1);
    EXPECT_TRUE(next.done);
    EXPECT_EQ(output.played.at(0)[0], 0);
    EXPECT_EQ(output.played.at(1)[0], 2);
}

TEST_F(SoundTest, TheCardRestsWhileNobodyPlays) {
    play();
    rounds(4);
    EXPECT_TRUE(output.played.empty());
    auto const& one = send(samples(9, 480));
    rounds(4);
    EXPECT_TRUE(one.done);
    EXPECT_EQ(output.said, "p") << "with a whole ring";
    ASSERT_EQ(output.played.size(), 4u);
    EXPECT_EQ(output.played[0][0], 9);
    rounds(96);
    EXPECT_EQ(output.said, "p");
    rounds(1);
    EXPECT_EQ(output.said, "pr");
    rounds(4);
    EXPECT_EQ(output.played.size(), 101u);
    send(samples(8, 480));
    rounds(2);
    EXPECT_EQ(output.said, "prp");
}

TEST_F(SoundTest, AStreamThatStartsWithItsBuffersPostedIsHeardAtOnce) {
    EXPECT_EQ(set(), Status::Ok);
    EXPECT_EQ(command(Code::PcmPrepare), Status::Ok);
    send(samples(7, 480));
    rounds();
    EXPECT_EQ(output.said, "");
    auto const& start = clients.post(0, protocol::control_queue, bytes_of(protocol::PcmRequest{Code::PcmStart, 0}), 4);
    output.free = 1;
    while (server->round(*service)) {
    }
    EXPECT_TRUE(start.done);
    EXPECT_EQ(output.played.at(0)[0], 7);
}

TEST_F(SoundTest, NothingIsRecorded) {
    auto const& p = clients.post(0, protocol::receive_queue, bytes_of(protocol::PcmTransfer{0}), 100);
    rounds();
    EXPECT_EQ(status_of(p), Status::BadMessage);
}

TEST_F(SoundTest, AClientThatStartsAnewBeginsWithNothing) {
    play();
    send(samples(1, 480));
    rounds();
    clients.reset(0);
    rounds(1);
    rounds(1);
    EXPECT_EQ(output.played.at(1)[0], 0);
    EXPECT_EQ(command(Code::PcmStop), Status::BadMessage);
    play();
}

TEST_F(SoundTest, ANewLifeOfTheServerPlaysOnWhatItFindsAndForgetsThatWhenTheClientStartsAnew) {
    clients.made[0].status = abi::virtio::driver_ok;
    send(samples(3, 480));
    start_server();
    rounds();
    rounds(1);
    EXPECT_EQ(output.played.at(0)[0], 3);
    EXPECT_EQ(command(Code::PcmStop), Status::Ok);
    clients.reset(0);
    EXPECT_EQ(command(Code::PcmStop), Status::BadMessage);
}

}  // namespace
}  // namespace tiffin::sound
