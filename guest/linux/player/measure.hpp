// For the benchmark: what it takes to bring something new to the screen. Under QEMU's `-icount shift=0` a nanosecond is an instruction, and
// while nothing sleeps that is all that the core did: this program, the kernel, and who else drives the screen.
#pragma once

namespace player {

/// Each update is done `times` times, after a first that is not counted; a line for each says its nanoseconds. Then it waits for that many
/// `presses` of keys, and says how long after each one something else was shown (to a microsecond, which is what an event's time is told
/// in). The program's exit status.
int measure(int times, int presses);

}  // namespace player
