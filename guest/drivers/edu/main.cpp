// A driver VM of QEMU's educational PCI device (QEMU, docs/specs/edu.txt), which can do DMA: with its own memory, and then, if told to, an
// attack. Boot arguments: edu.attack=N writes to guest-physical address N (decimal), and edu.times=M does so so many times;
// edu.reset=1 starts the VM anew after that, each time. edu.message=1 has it interrupt by messages (MSI); edu.stray=N sends the message N
// first, edu.astray=N one to guest-physical address N, and both should come to nothing.
// Exit status 0: DMA with its own memory was right.
#include "guest/sdk/app.hpp"
#include "guest/sdk/pci.hpp"
#include "guest/sdk/timer.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

namespace {

constexpr std::uint32_t edu_id = 0x11e8'1234;
constexpr std::uint32_t liveness = 0x04, interrupt_status = 0x24, interrupt_raise = 0x60, interrupt_ack = 0x64;
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

/// Raises an interrupt of the device's, and waits long enough for one to come.
void send_astray(PciFunction const& function, std::uint64_t address, std::uint32_t data) {
    done = false;
    bool const heard = interrupts::enable(data, 128, on_interrupt);
    if (!function.send_messages(address, data)) panic("edu: no MSI");
    mmio_write(registers + interrupt_raise, std::uint32_t{1});
    for (auto const start = timer::now(); timer::now() - start < timer::frequency() / 5000;) {
    }
    mmio_write(registers + interrupt_ack, std::uint32_t{1});
    if (heard) interrupts::disable(data);
    print("edu: message {} to {:x}: {}\n", data, address, done ? "TAKEN" : "nothing came of it");
}

std::optional<std::uint32_t> choose_message(PciFunction const& function) {
    auto const controller = message_controller(boot().tree);
    if (!controller) return std::nullopt;
    if (auto const stray = argument(boot().arguments, "edu.stray", 0); stray != 0)
        send_astray(function, controller->address, static_cast<std::uint32_t>(stray));
    if (auto const at = argument(boot().arguments, "edu.astray", 0); at != 0) send_astray(function, at, controller->first);
    interrupts::set_edge(controller->first);
    if (!function.send_messages(controller->address, controller->first)) return std::nullopt;
    return controller->first;
}

}  // namespace

unsigned app_main() {
    auto const function = find_pci(boot().tree, edu_id);
    if (!function) panic("edu: the VM has no such PCI function");
    function->enable(true);
    registers = function->bar(0);
    mmio_write(registers + liveness, std::uint32_t{0x1234});
    if (mmio_read<std::uint32_t>(registers + liveness) != ~0x1234u) panic("edu: the device is not alive");
    bool const by_message = argument(boot().arguments, "edu.message", 0) != 0;
    auto const intid = by_message ? choose_message(*function) : pci_interrupt(boot().tree, *function);
    if (!intid || !interrupts::enable(*intid, 128, on_interrupt)) panic("edu: no interrupt");
    if (!own_memory_is_right()) return print("edu: DMA with its own memory WRONG\n"), 1;
    print("edu: function {} at {:x}, {} {}: DMA with its own memory is right\n", function->number(), registers,
          by_message ? "message" : "interrupt", *intid);
    auto const victim = argument(boot().arguments, "edu.attack", 0);
    auto const times = argument(boot().arguments, "edu.times", 1);
    for (std::uint64_t n = 0; victim != 0 && n < times; ++n) dma(buffer, victim, dma_to_ram);
    if (victim != 0) print("edu: attacked {:x} {} times\n", victim, times);
    if (!own_memory_is_right()) print("edu: its DMA reaches nothing any more\n");
    if (argument(boot().arguments, "edu.reset", 0) != 0) call(psci::system_reset);
    return 0;
}
