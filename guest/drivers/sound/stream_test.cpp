#include "guest/drivers/sound/stream.hpp"

#include <gtest/gtest.h>
#include <string>

namespace tiffin::sound {
namespace {

using protocol::Code;
using protocol::Status;
using State = Stream::State;

constexpr protocol::PcmSetParams usual{.request = {Code::PcmSetParams, 0},
                                       .buffer_bytes = 7680 * 4,
                                       .period_bytes = 7680,
                                       .features = 0,
                                       .channels = 2,
                                       .format = protocol::format_s16,
                                       .rate = protocol::rate_48000,
                                       .padding = 0};

/// A stream in that state, by the way that a driver takes.
Stream in(State state) {
    if (state == State::Unknown) return Stream{state};
    Stream s;
    constexpr Code way[] = {Code::PcmPrepare, Code::PcmStart, Code::PcmStop, Code::PcmRelease};
    if (state != State::Fresh) s.set(usual);
    for (auto const code : way) {
        if (s.state() == state) break;
        EXPECT_EQ(s.command(code), Status::Ok);
    }
    EXPECT_EQ(s.state(), state);
    return s;
}

TEST(Stream, EachRequestHasItsTimeAndChangesNothingAtAnother) {
    // A letter for what is allowed: set parameters, Prepare, Go, sTop, Release.
    struct Row {
        State state;
        char const* allowed;
    };
    constexpr Row rows[] = {{State::Fresh, "s"},       {State::Unknown, "sPGTR"}, {State::ParametersSet, "sP"},
                            {State::Prepared, "sPGR"}, {State::Running, "T"},     {State::Stopped, "GR"},
                            {State::Released, "sP"}};
    constexpr std::pair<char, Code> codes[] = {
        {'P', Code::PcmPrepare}, {'G', Code::PcmStart}, {'T', Code::PcmStop}, {'R', Code::PcmRelease}};
    for (auto const& [state, allowed] : rows) {
        std::string got;
        auto s = in(state);
        if (s.set(usual) == Status::Ok) got += 's';
        for (auto const& [letter, code] : codes) {
            auto t = in(state);
            if (t.command(code) == Status::Ok)
                got += letter;
            else
                EXPECT_EQ(t.state(), state);
        }
        EXPECT_EQ(got, allowed) << "state " << static_cast<int>(state);
    }
}

TEST(Stream, IsHeardWhileItRunsAndTakesSamplesFromPreparedOn) {
    std::string heard, taken;
    for (auto const state :
         {State::Fresh, State::Unknown, State::ParametersSet, State::Prepared, State::Running, State::Stopped, State::Released}) {
        heard += in(state).plays() ? 'y' : '-';
        taken += in(state).accepts() ? 'y' : '-';
    }
    EXPECT_EQ(heard, "-y--y--");
    EXPECT_EQ(taken, "-y-yyy-");
}

TEST(Stream, WhatItDoesNotPlayIsNotSupported) {
    auto const other = [](auto change) {
        auto wanted = usual;
        change(wanted);
        Stream s;
        auto const status = s.set(wanted);
        EXPECT_EQ(s.state(), State::Fresh);
        return status;
    };
    for (int n : {0, 1, 3, 255})
        EXPECT_EQ(other([&](auto& w) { w.channels = static_cast<std::uint8_t>(n); }), Status::NotSupported);
    for (int n : {0, 4, 6, 255})
        EXPECT_EQ(other([&](auto& w) { w.format = static_cast<std::uint8_t>(n); }), Status::NotSupported);
    for (int n : {0, 6, 8, 255}) EXPECT_EQ(other([&](auto& w) { w.rate = static_cast<std::uint8_t>(n); }), Status::NotSupported);
    EXPECT_EQ(other([](auto& w) { w.features = 1; }), Status::NotSupported);
}

TEST(Stream, SizesThatMakeNoSenseAreRefused) {
    struct Sizes {
        std::uint32_t buffer, period;
    };
    for (auto const& [buffer, period] : {Sizes{0, 0},
                                         {7680, 0},
                                         {0, 7680},
                                         {7680, 7682},
                                         {7680, 15360},
                                         {7682, 3841},
                                         {10000, 7680},
                                         {Stream::longest_buffer + 4, Stream::longest_buffer + 4},
                                         {0xffff'fffc, 4},
                                         {2, 2}}) {
        auto wanted = usual;
        wanted.buffer_bytes = buffer, wanted.period_bytes = period;
        Stream s;
        EXPECT_EQ(s.set(wanted), Status::BadMessage) << buffer << " in pieces of " << period;
        EXPECT_EQ(s.most_bytes(), Stream::longest_buffer);
    }
    auto longest = usual;
    longest.buffer_bytes = longest.period_bytes = Stream::longest_buffer;
    EXPECT_EQ(Stream{}.set(longest), Status::Ok);
}

}  // namespace
}  // namespace tiffin::sound
