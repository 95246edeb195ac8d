// One guest image, measured natively, on Tiffin and on Xen by bench/run.py. On an exact-count machine (QEMU -icount shift=0,
// cntfrq 1 GHz) a tick of CNTVCT_EL0 is an instruction. Boot arguments:
//   bench.mode=micro   single operations: `bench: NAME=MEDIAN min=A max=B`, in ticks
//   bench.mode=yield   gives way bench.count times: ticks for each; between two VMs that both do it, a round trip of two switches
//   bench.mode=tick    bench.count jobs of 1 ms, asleep between: `bench: tick jobs=N missed=N avg=A p99=B max=C`; not before
//                      bench.after_ms, so that many neighbours have started
//   bench.mode=spin    never sleeps, never ends: the neighbour
//   bench.mode=gaps    spins until bench.count times it was off the core for more than bench.gap_us: `bench: gap from=A to=B` for each, in
//                      ticks of the physical counter, which all VMs share
//   bench.mode=bell, ringer   a VM with a channel "bench" sleeps, its peer rings; bench.call=1: by hypercall, not by register:
//                      `bench: doorbell=MEDIAN min=A max=B`
//   bench.mode=sink, source   messages of 1 KiB go through the channel: `bench: through_channel=N` ticks for each
//   bench.mode=knocker, door   requests of bench.bytes (8) to a virtio device, and the VM that serves it: `bench: notify=MEDIAN ...` to the
//                      handler of its doorbell, `bench: request=MEDIAN ...` there and back
//   bench.mode=restart writes all its RAM, and resets itself: `bench: leaves=N`, the counter, and `bench: first_instruction=N` of the next life
//   bench.fp=1         with bench.mode=yield: uses an FP register each turn
//   bench.on=xen       gives way by Xen's hypercall instead of Tiffin's
#include "guest/apps/bench/bench.hpp"

#include <algorithm>
#include <array>

#include "guest/sdk/app.hpp"
#include "guest/sdk/histogram.hpp"
#include "guest/sdk/simd.hpp"

using namespace tiffin::sdk;

std::uint64_t volatile bench_stamp;

namespace {

using bench::repeats, bench::warm_up;
constexpr std::uint32_t sgi = 5;
constexpr std::uint32_t spi_bit = 1u << 10;       // INTID 42, which nobody uses
constexpr std::uint64_t lead = 20'000;            // ticks from setting a deadline to it, running: longer than any path measured
constexpr std::uint64_t asleep_lead = 1'000'000;  // and asleep: a millisecond, the period of a real-time job

using Samples = std::array<std::uint64_t, repeats>;

/// Ticks between two reads of the counter with nothing between: taken off everything measured inline.
std::uint64_t empty_ticks() {
    std::uint64_t begin, end;
    asm volatile("isb; mrs %0, cntvct_el0; mrs %1, cntvct_el0" : "=r"(begin), "=r"(end));
    return end - begin;
}

/// `before` goes ahead of the result's line, for measurements that themselves print.
template <class F>
void measure(std::string_view name, F once, std::string_view before = "") {
    Samples samples;
    for (unsigned i = 0; i < warm_up; ++i) (void)once();
    for (auto& s : samples) s = once();
    std::sort(samples.begin(), samples.end());
    print("{}bench: {}={} min={} max={}\n", before, name, samples[repeats / 2], samples[0], samples[repeats - 1]);
}

std::uint64_t null_hypercall() {
    register std::uint64_t x0 asm("x0") = psci::smccc_version;
    std::uint64_t begin, end;
    asm volatile("mrs %1, cntvct_el0; hvc #0; mrs %2, cntvct_el0"
                 : "+r"(x0), "=&r"(begin), "=&r"(end)
                 :
                 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
                   "memory");
    return end - begin - empty_ticks();
}

std::uint64_t device_read(std::uint64_t address) {
    std::uint64_t begin, end, value;
    asm volatile("mrs %0, cntvct_el0; ldr %w2, [%3]; mrs %1, cntvct_el0"
                 : "=&r"(begin), "=&r"(end), "=&r"(value)
                 : "r"(address)
                 : "memory");
    return end - begin - empty_ticks();
}

std::uint64_t device_write(std::uint64_t address, std::uint32_t value) {
    std::uint64_t begin, end;
    asm volatile("mrs %0, cntvct_el0; str %w2, [%3]; mrs %1, cntvct_el0"
                 : "=&r"(begin), "=&r"(end)
                 : "r"(value), "r"(address)
                 : "memory");
    return end - begin - empty_ticks();
}

std::uint64_t enable_write() {
    auto const ticks = device_write(interrupts::distributor() + 0x104, spi_bit);  // GICD_ISENABLER1
    mmio_write<std::uint32_t>(interrupts::distributor() + 0x184, spi_bit);        // GICD_ICENABLER1
    return ticks;
}

void on_sgi(std::uint32_t, void*) {}
void on_timer(std::uint32_t, void*) { timer::cancel(); }

/// The value is made before the clock starts, and the send is inline: what is left is the path, not this function.
std::uint64_t sgi_to_handler() {
    bench_stamp = 0;
    std::uint64_t begin;
    if (interrupts::gic_version() == 3) {
        auto const value = 1ull << (TIFFIN_READ(mpidr_el1) & 0xf) | std::uint64_t{sgi} << 24;
        asm volatile("isb; mrs %0, cntvct_el0; msr S3_0_C12_C11_5, %1; isb" : "=&r"(begin) : "r"(value) : "memory");
    } else {
        auto const address = interrupts::distributor() + 0xf00;
        asm volatile("isb; mrs %0, cntvct_el0; str %w1, [%2]" : "=&r"(begin) : "r"(2u << 24 | sgi), "r"(address) : "memory");
    }
    while (bench_stamp == 0) {
    }
    return bench_stamp - begin - empty_ticks();
}

/// From the deadline to the handler's first instruction; `asleep`: with the vCPU in WFI rather than running.
std::uint64_t timer_to_handler(bool asleep) {
    InterruptsMasked const masked;
    bench_stamp = 0;
    auto const deadline = timer::now() + (asleep ? asleep_lead : lead);
    timer::set_deadline(deadline);
    if (!asleep) unmask_interrupts();
    while (bench_stamp == 0)
        if (asleep) wait_for_interrupt();
    mask_interrupts();
    return bench_stamp - deadline;
}

/// From the deadline to the instruction behind WFI, with the interrupt masked: the wake-up alone.
std::uint64_t wake_up() {
    InterruptsMasked const masked;
    auto const deadline = timer::now() + asleep_lead;
    timer::set_deadline(deadline);
    std::uint64_t end;
    do asm volatile("wfi; mrs %0, cntvct_el0" : "=r"(end) : : "memory");
    while (end < deadline);
    timer::cancel();
    return end - deadline;
}

/// A write that the compiler's own code, the SGI's register access, adds to the SGI figure is a handful of instructions on all
/// sides.
void micro() {
    measure("null_hypercall", null_hypercall);
    measure("gicd_typer_read", [] { return device_read(interrupts::distributor() + 4); });
    measure("gicd_isenabler_write", enable_write);
    measure("uart_write", [] { return device_write(uart_address(), '.'); }, "\n");
    measure("self_sgi", sgi_to_handler);
    measure("timer_running", [] { return timer_to_handler(false); });
    measure("timer_wfi", [] { return timer_to_handler(true); });
    measure("wfi_wake", wake_up);
}

/// `count` yields in the tightest loop: what the neighbour adds to a round trip is three instructions.
std::uint64_t yield_tiffin(std::uint64_t count) {
    std::uint64_t const begin = timer::now();
    asm volatile("1: mov x0, %1; hvc #0; subs %0, %0, #1; b.ne 1b"
                 : "+r"(count)
                 : "r"(std::uint64_t{static_cast<std::uint32_t>(tiffin::abi::Call::Yield)})
                 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
                   "x17", "memory", "cc");
    return timer::now() - begin;
}

/// The same with one floating-point instruction before each yield: both neighbours use the registers, so each turn moves them.
std::uint64_t yield_with_fp(std::uint64_t count) {
    simd::enable();
    std::uint64_t const begin = timer::now();
    asm volatile(".arch_extension fp\n1: fmov d0, xzr; mov x0, %1; hvc #0; subs %0, %0, #1; b.ne 1b"
                 : "+r"(count)
                 : "r"(std::uint64_t{static_cast<std::uint32_t>(tiffin::abi::Call::Yield)})
                 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
                   "x17", "memory", "cc");
    return timer::now() - begin;
}

/// HYPERVISOR_sched_op (29) with SCHEDOP_yield (0): Xen's public headers arch-arm.h ("HVC 0xEA1, number in x16") and sched.h.
std::uint64_t yield_xen(std::uint64_t count) {
    std::uint64_t const begin = timer::now();
    asm volatile("1: mov x0, #0; mov x1, #0; mov x16, #29; hvc #0xea1; subs %0, %0, #1; b.ne 1b"
                 : "+r"(count)
                 :
                 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
                   "x17", "memory", "cc");
    return timer::now() - begin;
}

void yield(std::uint64_t count) {
    constexpr std::uint64_t batch = 20;
    bool const xen = argument(boot().arguments, "bench.on").value_or("") == "xen";
    bool const fp = argument(boot().arguments, "bench.fp").has_value();
    auto const once = xen ? yield_xen : fp ? yield_with_fp : yield_tiffin;
    static constinit std::array<std::uint64_t, 51> ticks{};
    auto const batches = std::clamp<std::uint64_t>(count / batch, 1, ticks.size());
    for (std::uint64_t i = 0; i < batches; ++i) ticks[i] = once(batch) / batch;
    std::sort(ticks.begin(), ticks.begin() + batches);
    print("bench: yield={} min={} max={}\n", ticks[batches / 2], ticks[0], ticks[batches - 1]);
}

struct Ticking {
    std::uint64_t deadline, period, left, missed;
    Histogram late;
};
constinit Ticking ticking{};

void on_tick(std::uint32_t, void*) {
    auto const late = bench_stamp - ticking.deadline;
    ticking.late.add(late);
    if (late > ticking.period) ++ticking.missed;
    ticking.deadline += ticking.period;
    if (--ticking.left == 0)
        timer::cancel();
    else
        timer::set_deadline(ticking.deadline);
}

void tick(std::uint64_t count) {
    InterruptsMasked const masked;
    interrupts::enable(timer::intid, 0x80, on_tick);
    ticking.period = timer::from_us(1000);
    ticking.left = count;
    ticking.deadline = timer::now() + ticking.period + timer::from_us(argument(boot().arguments, "bench.after_ms", 0) * 1000);
    timer::set_deadline(ticking.deadline);
    while (*const_cast<std::uint64_t volatile*>(&ticking.left) != 0) wait_for_interrupt();
    auto const& late = ticking.late;
    print("bench: tick jobs={} missed={} avg={} p99={} max={}\n", count, ticking.missed, late.average(), late.percentile(99),
          late.max());
}

/// When it last had the core, and when it had it again: to within the instructions of the loop.
void gaps(std::uint64_t count) {
    struct Gap {
        std::uint64_t from, to;
    };
    static constinit std::array<Gap, 64> found{};
    auto const shortest = timer::from_us(argument(boot().arguments, "bench.gap_us", 1000));
    auto const wanted = std::min<std::uint64_t>(count, found.size());
    auto last = TIFFIN_READ(cntpct_el0);
    for (std::uint64_t n = 0; n < wanted;) {
        auto const now = TIFFIN_READ(cntpct_el0);
        if (now - last > shortest) found[n++] = {last, now};
        last = now;
    }
    for (std::uint64_t n = 0; n < wanted; ++n) print("bench: gap from={} to={}\n", found[n].from, found[n].to);
}

}  // namespace

unsigned app_main() {
    auto const mode = argument(boot().arguments, "bench.mode").value_or("micro");
    auto const count = argument(boot().arguments, "bench.count", 1000);
    TIFFIN_WRITE(vbar_el1, reinterpret_cast<std::uint64_t>(bench_vectors));
    interrupts::enable(sgi, 0x80, on_sgi);
    interrupts::enable(timer::intid, 0x80, on_timer);
    print("bench: counter_hz={} gic=v{} mode={}\n", timer::frequency(), interrupts::gic_version(), mode);
    print("bench: first_instruction={}\n", boot().entry_ticks);
    if (mode == "micro")
        micro();
    else if (mode == "yield")
        yield(count);
    else if (mode == "tick")
        tick(count);
    else if (mode == "gaps")
        gaps(count);
    else if (mode == "bell")
        bench::bell();
    else if (mode == "ringer")
        bench::ringer();
    else if (mode == "source")
        bench::source();
    else if (mode == "sink")
        bench::sink();
    else if (mode == "knocker")
        bench::knocker();
    else if (mode == "door")
        bench::door();
    else if (mode == "restart")
        bench::restart();
    else
        while (mode == "spin") asm volatile("nop");
    print("bench: done\n");
    return 0;
}
