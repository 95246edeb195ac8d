#include "guest/sdk/speaker.hpp"

#include <gtest/gtest.h>
#include <numeric>
#include <string>

#include "guest/sdk/tones.hpp"
#include "guest/sdk/virtio_testing.hpp"

namespace tiffin::sdk {
namespace {

using abi::virtio::sound::Code;
using abi::virtio::sound::PcmStatus;
using abi::virtio::sound::Status;

struct SpeakerTest : ::testing::Test {
    SpeakerTest() {
        device.serve = [&](std::uint16_t queue, testing::Offered const& chain) {
            return queue == 0 ? answer(chain) : take(chain);
        };
        device.fenced = false;
    }
    std::optional<std::uint32_t> answer(testing::Offered const& chain) {
        Code code{};
        std::memcpy(&code, chain.sent.at(0).data(), sizeof code);
        asked += letter(code);
        asked_bytes = chain.sent.at(0).size();
        auto const status = code == refused ? Status::NotSupported : Status::Ok;
        std::memcpy(chain.room.at(0).data(), &status, sizeof status);
        return sizeof status;
    }
    static char letter(Code code) {
        switch (code) {
            case Code::PcmSetParams: return 's';
            case Code::PcmPrepare: return 'P';
            case Code::PcmStart: return 'G';
            case Code::PcmStop: return 'T';
            default: return '?';
        }
    }
    /// The device takes as many periods as a test says.
    std::optional<std::uint32_t> take(testing::Offered const& chain) {
        if (room == 0) return std::nullopt;
        --room;
        auto const samples = chain.sent.at(1);
        auto const at = heard.size();
        heard.resize(at + samples.size() / sizeof(Speaker::Sample));
        std::memcpy(heard.data() + at, samples.data(), samples.size());
        PcmStatus const said{played, 7680};
        std::memcpy(chain.room.at(0).data(), &said, sizeof said);
        return sizeof said;
    }
    static std::vector<Speaker::Sample> counted(std::size_t samples) {
        std::vector<Speaker::Sample> all(samples);
        std::iota(all.begin(), all.end(), Speaker::Sample{0});
        return all;
    }

    testing::FakeVirtio device;
    std::string asked;
    std::size_t asked_bytes{0}, room{0};
    Code refused{};
    Status played{Status::Ok};
    std::vector<Speaker::Sample> heard;
    Speaker speaker{device};
};

TEST_F(SpeakerTest, SetsAStreamUpAndStartsAndStopsIt) {
    EXPECT_EQ(speaker.open(), nullptr);
    EXPECT_EQ(asked, "sP");
    EXPECT_TRUE(speaker.start());
    EXPECT_TRUE(speaker.stop());
    EXPECT_EQ(asked, "sPGT");
    EXPECT_EQ(asked_bytes, 8u) << "as long as it is, and no longer";
}

TEST_F(SpeakerTest, SaysWhyItCanNotBeUsed) {
    refused = Code::PcmSetParams;
    EXPECT_STREQ(speaker.open(), "it does not play 48 kHz, stereo, 16 bits");
    refused = Code::PcmPrepare;
    EXPECT_STREQ(speaker.open(), "its stream can't be prepared");
    device.features = 0;
    EXPECT_NE(speaker.open(), nullptr);
    refused = Code::PcmStart;
    EXPECT_FALSE(speaker.start());
}

TEST_F(SpeakerTest, FourPeriodsWaitAndTheFifthHasNoRoom) {
    speaker.open();
    auto const all = counted(5 * Speaker::period_samples);
    for (std::size_t n = 0; n < 4; ++n)
        EXPECT_TRUE(speaker.offer(std::span{all}.subspan(n * Speaker::period_samples, Speaker::period_samples)));
    EXPECT_FALSE(speaker.offer(std::span{all}.last(Speaker::period_samples)));
    room = 1;
    device.wait();
    EXPECT_TRUE(speaker.offer(std::span{all}.last(Speaker::period_samples)));
    room = 4;
    EXPECT_TRUE(speaker.drain());
    EXPECT_EQ(heard, all);
    EXPECT_EQ(speaker.latency_bytes(), 7680u);
}

TEST_F(SpeakerTest, PlaysInPiecesWhateverIsLongerThanAPeriod) {
    speaker.open();
    room = 100;
    auto const all = counted(6 * Speaker::period_samples + 10);
    EXPECT_TRUE(speaker.play(all));
    EXPECT_TRUE(speaker.drain());
    EXPECT_EQ(heard, all);
}

TEST_F(SpeakerTest, MoreThanAPeriodIsNoOffer) {
    speaker.open();
    EXPECT_FALSE(speaker.offer(counted(Speaker::period_samples + 2)));
}

TEST_F(SpeakerTest, CountsWhatTheServerRefused) {
    speaker.open();
    room = 2, played = Status::IoError;
    EXPECT_TRUE(speaker.play(counted(2 * Speaker::period_samples)));
    EXPECT_TRUE(speaker.drain());
    EXPECT_EQ(speaker.refused(), 2u);
    EXPECT_EQ(speaker.latency_bytes(), 0u);
}

TEST_F(SpeakerTest, ADeviceThatBreaksARuleEndsTheWait) {
    speaker.open();
    room = 1;
    device.lie = [](auto& used) { used.id = 99; };
    EXPECT_TRUE(speaker.play(counted(8)));
    EXPECT_FALSE(speaker.drain());
    EXPECT_FALSE(speaker.play(counted(8)));
    EXPECT_FALSE(speaker.start());
    device.lie = nullptr;
    EXPECT_EQ(speaker.open(), nullptr) << "set up anew";
}

TEST(Tones, BothSidesHearTheSameFromAnyFrameOn) {
    std::array<std::int16_t, 4> four{};
    tones::fill(four, 23, tones::click);
    EXPECT_EQ(four, (std::array<std::int16_t, 4>{15233, 15233, -15200, -15200}));
}

}  // namespace
}  // namespace tiffin::sdk
