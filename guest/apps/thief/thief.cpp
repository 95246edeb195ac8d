// A guest that tries to get more of its core than its budget, or to take it from others by the back door (threats.md 6, 23, 24,
// 44). Boot arguments: thief.ms=N, how long it goes on; thief.mode=
//   sleep   works until just before its budget ends (thief.work_us), sleeps for a moment, and again
//   yield   gives the core away all the time
//   timer   sets deadlines in the past, now, and as far away as there is, as fast as it can
//   storm   opens the interrupt of the PL061 that it was given, and ends it all the time
// Exit status 0. What it got is for others to say: the hypervisor's report, and those beside it.
#include "guest/sdk/app.hpp"

using namespace tiffin::sdk;

namespace {

constinit std::uint64_t volatile interrupts_taken = 0;

void count(std::uint32_t, void*) { interrupts_taken = interrupts_taken + 1; }

void count_and_cancel(std::uint32_t, void*) {
    timer::cancel();
    interrupts_taken = interrupts_taken + 1;
}

void work(std::uint64_t ticks) {
    for (auto const end = timer::now() + ticks; timer::now() < end;) {
    }
}

void sleep_games(std::uint64_t end) {
    auto const ticks = timer::from_us(argument(boot().arguments, "thief.work_us", 190));
    while (timer::now() < end) {
        work(ticks);
        timer::set_deadline(timer::now() + timer::from_us(1));
        wait_for_interrupt();
    }
}

void yield_games(std::uint64_t end) {
    while (timer::now() < end) hypercall::Yield();
}

void timer_games(std::uint64_t end) {
    constexpr std::uint64_t farthest = ~0ull >> 1;  // 2^64 - 1 makes QEMU 7.2 hang under -icount; a host test has it
    for (std::uint64_t n = 0; timer::now() < end; ++n) {
        std::uint64_t const deadlines[] = {
            0, timer::now() - 1, timer::now(), timer::now() + 1, farthest, timer::now() + timer::from_us(1)};
        timer::set_deadline(deadlines[n % 6]);
    }
    timer::cancel();
}

/// PL061 (ARM DDI 0190): a low level of input 0, which it has, is asked to interrupt.
void interrupt_storm(std::uint64_t end) {
    constexpr std::uint64_t gpio = 0x0903'0000;
    constexpr std::uint32_t gpio_intid = 39;
    constexpr unsigned gpiois = 0x404, gpioiev = 0x40c, gpioie = 0x410;
    interrupts::enable(gpio_intid, 0x80, count);
    mmio_write<std::uint32_t>(gpio + gpiois, 1);
    mmio_write<std::uint32_t>(gpio + gpioiev, 0);
    mmio_write<std::uint32_t>(gpio + gpioie, 1);
    while (timer::now() < end) {
    }
    mmio_write<std::uint32_t>(gpio + gpioie, 0);
}

}  // namespace

unsigned app_main() {
    auto const mode = argument(boot().arguments, "thief.mode").value_or("sleep");
    auto const ms = argument(boot().arguments, "thief.ms", 100);
    auto const end = timer::now() + timer::from_us(ms * 1000);
    if (mode != "storm") interrupts::enable(timer::intid, 0x80, count_and_cancel);
    print("thief: {} for {} ms\n", mode, ms);
    if (mode == "sleep") sleep_games(end);
    if (mode == "yield") yield_games(end);
    if (mode == "timer") timer_games(end);
    if (mode == "storm") interrupt_storm(end);
    print("thief: done, {} interrupts\n", std::uint64_t{interrupts_taken});
    return 0;
}
