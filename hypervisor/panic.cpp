#include "hypervisor/panic.hpp"

#include "arch/aarch64/cpu.hpp"
#include "base/mmio.hpp"
#include "core/arch.hpp"
#include "core/console/format.hpp"
#include "core/cpu.hpp"
#include "core/vm/vm.hpp"
#include "drivers/uart/pl011_uart.hpp"
#include "hypervisor/layout.hpp"
#include "plan/pool.hpp"

namespace tiffin {
namespace {

constinit std::uint64_t early_uart = 0;

/// Registers as arch/aarch64/vectors.S leaves them.
struct FaultFrame {
    std::uint64_t x[31], sp, pc, spsr, esr, far;
};

void write(std::string_view text) {
    if (machine.console != nullptr) return machine.console->write_now(text);
    if (early_uart == 0) return;
    Pl011Uart<Mmio> uart{Mmio{early_uart}};
    for (char c : text) uart.put_polled(c);
}

void say(std::string_view text) {
    write("tiffin: ");
    write(text);
    write("\r\n");
}

/// `+offset` from the start of the image: what the tool turns into a function and a line.
void say_place(unsigned n, std::uint64_t address) {
    Line line;
    line << "  #" << n << " +" << Hex{address - layout::image().raw()};
    say(line.view());
}

bool on_stack(std::uint64_t frame) {
    auto const within = [&](char const* guard, char const* top) {
        return frame >= layout::at(guard).raw() + page_size && frame + 16 <= layout::at(top).raw();
    };
    if (frame % 8 != 0) return false;
    for (Cpu const& cpu : machine.cpus)
        if (frame >= cpu.stack_top - (core_stack_bytes - page_size) && frame + 16 <= cpu.stack_top) return true;
    return within(__guard0, __stack0_top) || within(__guard1, __emergency_stack_top);
}

void backtrace(std::uint64_t pc, std::uint64_t frame) {
    constexpr unsigned most = 24;
    unsigned n = 0;
    if (pc != 0) say_place(n++, pc);
    for (; n < most && on_stack(frame); ++n) {
        auto const& record = *reinterpret_cast<arch::FrameRecord const*>(frame);
        if (record.return_address == 0) break;
        say_place(n, record.return_address - 4);
        frame = reinterpret_cast<std::uint64_t>(record.next);
    }
}

void say_registers(FaultFrame const& f) {
    for (unsigned i = 0; i < 31; i += 4) {
        Line line;
        for (unsigned r = i; r < i + 4 && r < 31; ++r) line << "  x" << r << (r < 10 ? "  " : " ") << Hex{f.x[r], 16};
        say(line.view());
    }
    Line line;
    line << "  sp  " << Hex{f.sp, 16} << "  pc  " << Hex{f.pc, 16} << "  spsr " << Hex{f.spsr} << "  image at "
         << Hex{layout::image().raw()};
    say(line.view());
}

constinit std::atomic<bool> panicking{false};

/// The core that this runs on, found without trusting any of its registers that we set; nullptr before there are any.
Cpu const* this_core() {
    for (Cpu const& cpu : machine.cpus)
        if (machine.plan->board().mpidr[cpu.index] == arch::affinity()) return &cpu;
    return nullptr;
}

void say_current() {
    Cpu const* const cpu = this_core();
    if (cpu == nullptr || cpu->current == nullptr) return;
    Vcpu const& v = *cpu->current;
    Line line;
    line << "  on behalf of vCPU " << v.index << " of " << v.vm->name;
    if (machine.several) line << ", on core " << cpu->index;
    say(line.view());
}

}  // namespace

/// A fault in the report of a fault must not begin another one; and one core reports, the others stop.
void begin_panic() {
    if (panicking.exchange(true)) arch::halt();
    Cpu const* const me = this_core();
    for (Cpu const& cpu : machine.cpus)
        if (&cpu != me && cpu.ready) arch::send_sgi(cpu, mail::halt_sgi);
}

void set_early_uart(std::uint64_t base) { early_uart = base; }

void stop_machine(int status) {
    Line line;
    line << "machine stopped: status " << status;
    say(line.view());
    arch::power_off();
}

void refuse(std::string_view why) {
    write("tiffin: refused: ");
    write(why);
    write("\r\n");
    stop_machine(status_refused);
}

void panic(char const* what, char const* file, unsigned line_number) {
    begin_panic();
    Line line;
    line << "panic: a rule of the hypervisor's own was broken: " << what << " (" << file << ':' << line_number << ')';
    say(line.view());
    say_current();
    say("backtrace:");
    backtrace(0, reinterpret_cast<std::uint64_t>(__builtin_frame_address(0)));
    stop_machine(status_panic);
}

}  // namespace tiffin

extern "C" {
tiffin::FaultFrame tiffin_fault_frame;
std::uint32_t tiffin_fault_taken;

[[noreturn]] void tiffin_on_el2_exception() {
    using namespace tiffin;
    begin_panic();
    FaultFrame const& f = tiffin_fault_frame;
    Line line;
    line << "panic: exception at EL2: ESR " << Hex{f.esr} << " (class " << Hex{f.esr >> 26} << "), FAR " << Hex{f.far};
    say(line.view());
    say_current();
    say_registers(f);
    say("backtrace:");
    backtrace(f.pc, f.x[29]);
    stop_machine(status_panic);
}
}
