// The VM's interrupt controller: GICv3 or GICv2, whichever its device tree (or its CPU) names. One vCPU.
#pragma once
#include <cstdint>

namespace tiffin::sdk::interrupts {

/// Runs on the exception stack with interrupts masked. `context` is what enable() was given.
using Handler = void (*)(std::uint32_t intid, void* context);

/// Handlers that an app can have at once. Few, because the smallest VM has 64 KiB.
inline constexpr unsigned max_handlers = 16;

/// Enables `intid` (SGI 0..15, PPI 16..31, SPI 32..287) and gives it a handler. `priority` 0 (most urgent) .. 240; the hardware
/// may keep only the upper bits. False if the handler table is full or the number is out of range.
bool enable(std::uint32_t intid, std::uint8_t priority, Handler handler, void* context = nullptr);

/// A shared interrupt is an edge, and not a level. Before enable().
void set_edge(std::uint32_t intid);

/// No more interrupts of this number; its handler's place becomes free.
void disable(std::uint32_t intid);

/// Software-generated interrupt 0..15 to this vCPU itself.
void send_sgi(std::uint32_t intid);

/// 2 or 3: the version in use.
unsigned gic_version();

/// Base of the distributor (guest physical), for apps that poke at it.
std::uint64_t distributor();

}  // namespace tiffin::sdk::interrupts
