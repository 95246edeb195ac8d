// A driver VM of QEMU's educational PCI device (QEMU, docs/specs/edu.txt), which can do DMA: with its own memory, and then, if told to, an
// attack. Boot arguments: edu.attack=N writes to guest-physical address N (decimal), and edu.times=M does so so many times;
// edu.reset=1 starts the VM anew after that, each time.
// Exit status 0: DMA with its own memory was right.
#include "guest/sdk/app.hpp"
#include "guest/sdk/pci.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

namespace {

constexpr std::uint32_t edu_id = 0x11e8'1234;
constexpr std::uint32_t liveness = 0x04, interrupt_status = 0x24, interrupt_ack = 0x64;
constexpr std::uint32_t dma_source = 0x80, dma_target = 0x88, dma_bytes = 0x90, dma_command = 0x98;
constexpr std::uint64_t dma_start = 1, dma_to_ram = 2, dma_interrupt = 4;
constexpr std::uint64_t buffer = 0x4'0000;  // the device's own memory
constexpr std::size_t words = 64, bytes = words * 8;

alignas(64) constinit std::uint64_t volatile here[words]{}, there[words]{};
std::uint64_t registers;
bool volatile done;

void on_interrupt(std::uint32_t, void*) {
    mmio_write(registers + interrupt_ack, mmio_read<std::uint32_t>(registers + interrupt_status));
    done = true;
}

/// Waits for the device's interrupt. With BARs in Device memory, and the caches off, nothing needs a barrier but DSB.
void dma(std::uint64_t from, std::uint64_t to, std::uint64_t direction) {
    done = false;
    mmio_write(registers + dma_source, from);
    mmio_write(registers + dma_target, to);
    mmio_write(registers + dma_bytes, std::uint64_t{bytes});
    mmio_write(registers + dma_command, dma_start | direction | dma_interrupt);
    InterruptsMasked const masked;
    while (!done) wait_for_interrupt();
}

std::uint64_t address(std::uint64_t const volatile* p) { return reinterpret_cast<std::uint64_t>(p); }

bool own_memory_is_right() {
    for (std::size_t i = 0; i < words; ++i) {
        here[i] = 0x5eed'0000'0000'0000 + i;
        there[i] = 0;
    }
    dma(address(here), buffer, 0);
    dma(buffer, address(there), dma_to_ram);
    for (std::size_t i = 0; i < words; ++i)
        if (there[i] != here[i]) return false;
    return true;
}

}  // namespace

unsigned app_main() {
    auto const function = find_pci(boot().tree, edu_id);
    if (!function) panic("edu: the VM has no such PCI function");
    function->enable(true);
    registers = function->bar(0);
    mmio_write(registers + liveness, std::uint32_t{0x1234});
    if (mmio_read<std::uint32_t>(registers + liveness) != ~0x1234u) panic("edu: the device is not alive");
    auto const intid = pci_interrupt(boot().tree, *function);
    if (!intid || !interrupts::enable(*intid, 128, on_interrupt)) panic("edu: no interrupt");
    if (!own_memory_is_right()) return print("edu: DMA with its own memory WRONG\n"), 1;
    print("edu: function {} at {:x}, interrupt {}: DMA with its own memory is right\n", function->number(), registers, *intid);
    auto const victim = argument(boot().arguments, "edu.attack", 0);
    auto const times = argument(boot().arguments, "edu.times", 1);
    for (std::uint64_t n = 0; victim != 0 && n < times; ++n) dma(buffer, victim, dma_to_ram);
    if (victim != 0) print("edu: attacked {:x} {} times\n", victim, times);
    if (!own_memory_is_right()) print("edu: its DMA reaches nothing any more\n");
    if (argument(boot().arguments, "edu.reset", 0) != 0) call(psci::system_reset);
    return 0;
}
