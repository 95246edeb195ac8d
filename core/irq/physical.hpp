// Physical interrupts, taken at EL2.
#pragma once
#include <cstdint>

namespace tiffin {
struct Cpu;
struct Vcpu;
}  // namespace tiffin

namespace tiffin::irq {

/// Takes one pending interrupt of this core to whom it belongs. False if none was pending.
bool handle_one(Cpu& cpu);
/// Takes what is pending, up to a bound that keeps EL2 short; what is left is taken on the next exit.
void handle_all(Cpu& cpu);

}  // namespace tiffin::irq
