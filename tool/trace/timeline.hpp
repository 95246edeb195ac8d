// A trace, told as a story: who had which core from when to when, who waited for it, what EL2 did.
#pragma once
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "tool/trace/trace_file.hpp"

namespace tiffin {

/// `who` had the core. Nobody: the core was idle. `reason`: why it ended (of the last turn: None, the trace ends).
struct Turn {
    std::uint32_t core;
    std::uint16_t who;
    std::uint64_t from, to;
    abi::TraceReason reason;
};

/// From becoming ready to running: `entered` is when EL2 returned to the guest.
struct Wait {
    std::uint32_t core;
    std::uint16_t who;
    std::uint64_t woke, entered;
};

/// A path through EL2.
struct Path {
    std::uint32_t core;
    abi::TraceKind kind;
    std::uint16_t who;
    std::uint32_t argument;
    std::uint64_t from, to;
};

/// Something that has no duration: Exhausted, Replenished, State, Timer.
struct Moment {
    std::uint32_t core;
    abi::TraceKind kind;
    std::uint16_t who;
    std::uint32_t argument;
    std::uint64_t at;
};

/// Of one core the trace tells from `from` on (before that the ring was overwritten, or nothing ran) until `to`.
struct Span {
    std::uint32_t core;
    std::uint64_t from, to;
    std::uint64_t overwritten;
};

/// Times are in ticks, each list is in order of time.
struct Timeline {
    std::uint64_t frequency{1};
    std::uint64_t from{0}, to{0};  // of all cores together
    std::vector<Span> cores;
    std::vector<Turn> turns;
    std::vector<Wait> waits;
    std::vector<Path> paths;
    std::vector<Moment> moments;

    /// A time of the trace, or a difference of two, in nanoseconds.
    [[nodiscard]] std::uint64_t nanoseconds(std::uint64_t ticks) const {
        return static_cast<std::uint64_t>(static_cast<unsigned __int128>(ticks) * 1'000'000'000 / frequency);
    }
    [[nodiscard]] std::uint64_t since_start(std::uint64_t time) const { return time < from ? 0 : nanoseconds(time - from); }
};

Timeline tell(TraceFile const& file);

/// By time; what happened at the same time stays in the order in which it was told. (std::stable_sort calls what Clang says is deprecated.)
template <class T>
void sort_by_time(std::vector<T>& list, std::uint64_t T::* time) {
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    for (std::size_t i = 0; i < list.size(); ++i) order.emplace_back(list[i].*time, i);
    std::ranges::sort(order);
    std::vector<T> sorted;
    sorted.reserve(list.size());
    for (auto const& [at, i] : order) sorted.push_back(std::move(list[i]));
    list = std::move(sorted);
}

}  // namespace tiffin
