// For the benchmark: what it takes to bring something new to the screen. Under QEMU's `-icount shift=0` a nanosecond is an instruction, and
// while nothing sleeps that is all that the core did: this program, the kernel, and who else drives the screen.
#pragma once

namespace player {

/// Each update is done `times` times, after a first that is not counted; a line for each says its nanoseconds. The program's exit status.
int measure(int times);

}  // namespace player
