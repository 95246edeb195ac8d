// What the files of the bench app share.
#pragma once
#include <cstdint>

extern "C" {
extern std::uint64_t volatile bench_stamp;  // the counter at the first instruction of the last interrupt's handler; 0: none came
extern char bench_vectors[];
}

namespace bench {

inline constexpr unsigned repeats = 101;  // odd, so that the median is one of them
inline constexpr unsigned warm_up = 8;

/// The modes of channel.cpp.
void bell();
void ringer();
void source();
void sink();

/// The mode of restart.cpp.
[[noreturn]] void restart();

/// The modes of virtio.cpp.
void knocker();
[[noreturn]] void door();

}  // namespace bench
