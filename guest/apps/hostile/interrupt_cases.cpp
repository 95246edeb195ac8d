// Interrupts and timers: threats.md, "Interrupts and time".
#include "abi/guest_map.hpp"
#include "guest/apps/hostile/hostile.hpp"

namespace hostile {
namespace {

namespace map = tiffin::abi::guest_map;
using namespace tiffin::sdk;

constexpr std::uint32_t sgi = 3;
constinit unsigned volatile taken = 0;

void count(std::uint32_t intid, void*) {
    taken = taken + 1;
    if (intid == timer::intid) timer::cancel();
    if (intid == map::physical_timer_intid) TIFFIN_WRITE(cntp_ctl_el0, 0);
}

/// Lets what is pending be taken, and waits a little for what is on its way.
void settle() {
    auto const until = timer::now() + timer::from_us(100);
    while (timer::now() < until) asm volatile("isb" : : : "memory");
}

Verdict flood_of_software_interrupts() {
    interrupts::enable(sgi, 0x80, count);
    taken = 0;
    auto const s = attempt([] {
        InterruptsMasked const masked;
        for (unsigned i = 0; i < 10'000; ++i) interrupts::send_sgi(sgi);
    });
    settle();
    return first_of(expect_quiet(s), taken >= 1 ? nullptr : "none was delivered",
                    taken <= 10'000 ? nullptr : "more came than were sent");
}

/// To vCPUs that do not exist, by every field of the target: nobody gets them, and this vCPU neither.
Verdict software_interrupts_to_nobody() {
    interrupts::enable(sgi, 0x80, count);
    taken = 0;
    auto const s = attempt([] {
        if (interrupts::gic_version() == 2) {
            for (std::uint32_t targets = 2; targets < 256; targets <<= 1)
                mmio_write<std::uint32_t>(map::gicd + 0xf00, targets << 16 | sgi);
            return mmio_write<std::uint32_t>(map::gicd + 0xf00, 3u << 24 | sgi);  // a reserved filter
        }
        for (unsigned shift : {16u, 32u, 44u, 48u})
            TIFFIN_WRITE(S3_0_C12_C11_5, 1ull << shift | 0xffff | std::uint64_t{sgi} << 24);
        TIFFIN_WRITE(S3_0_C12_C11_5, 0xfffe | std::uint64_t{sgi} << 24);
        TIFFIN_WRITE(S3_0_C12_C11_5, 1ull << 40 | std::uint64_t{sgi} << 24);  // IRM: all others
    });
    settle();
    return first_of(expect_quiet(s), taken == 0 ? nullptr : "one was delivered here");
}

Verdict end_what_was_never_taken() {
    interrupts::enable(sgi, 0x80, count);
    auto const s = attempt([] {
        for (std::uint32_t intid : {0u, sgi, 27u, 33u, 287u, 288u, 1019u, 1023u, 0xff'ffffu}) {
            if (interrupts::gic_version() == 3)
                TIFFIN_WRITE(S3_0_C12_C12_1, intid);
            else
                mmio_write<std::uint32_t>(map::gicc + 0x10, intid);
        }
    });
    taken = 0;
    interrupts::send_sgi(sgi);
    settle();
    return first_of(expect_quiet(s), taken == 1 ? nullptr : "interrupts no longer arrive");
}

constexpr std::uint32_t isenabler = 0x100, icenabler = 0x180, ispendr = 0x200, icpendr = 0x280, ipriorityr = 0x400;

/// A GICD register for each word of interrupt bits.
void write_shared(std::uint32_t offset, std::uint32_t value) {
    for (std::uint64_t word = 4; word < map::intid_count / 8; word += 4)
        mmio_write<std::uint32_t>(map::gicd + offset + word, value);
}

/// Every shared interrupt enabled and pending at once: more than any number of list registers, and with no handler for one of
/// them. `priority(INTID)` says how urgent it is.
template <class Priority>
Verdict everything_pending(Priority priority) {
    interrupts::enable(sgi, 0x80, count);
    taken = 0;
    auto const s = attempt([&] {
        for (std::uint32_t intid = 32; intid < map::intid_count; ++intid)
            mmio_write<std::uint8_t>(map::gicd + ipriorityr + intid, static_cast<std::uint8_t>(priority(intid)));
        {
            InterruptsMasked const masked;
            write_shared(isenabler, ~0u);
            write_shared(ispendr, ~0u);
            for (unsigned i = 0; i < 100; ++i)
                mmio_write<std::uint8_t>(map::gicd + ipriorityr + 32, static_cast<std::uint8_t>(priority(32)));
        }
        settle();
        write_shared(icenabler, ~0u);
        write_shared(icpendr, ~0u);
    });
    interrupts::send_sgi(sgi);
    settle();
    return first_of(expect_quiet(s), taken >= 1 ? nullptr : "interrupts no longer arrive");
}

Verdict everything_pending_at_once() {
    return everything_pending([](std::uint32_t) { return 0xa0; });
}

/// Whoever looks for the most urgent one finds a better one again and again.
Verdict everything_pending_each_more_urgent() {
    return everything_pending([](std::uint32_t intid) { return 0xf8 - (intid - 32) / 8 * 8; });
}

Verdict deadline_in_the_past() {
    interrupts::enable(timer::intid, 0x80, count);
    taken = 0;
    auto const s = attempt([] { timer::set_deadline(0); });
    settle();
    return first_of(expect_quiet(s), taken == 1 ? nullptr : "did not fire once");
}

/// 2^63 - 1 rather than 2^64 - 1: with CNTVOFF_EL2 above 0, QEMU 7.2 adds the two without looking at the carry
/// (target/arm/helper.c, gt_recalc_timer), and then does nothing else for ever. No hypervisor can come between: CNTV_CVAL_EL0
/// does not trap.
Verdict deadline_at_the_end_of_time() {
    interrupts::enable(timer::intid, 0x80, count);
    taken = 0;
    auto const s = attempt([] { timer::set_deadline(~0ull >> 1); });
    settle();
    timer::cancel();
    return first_of(expect_quiet(s), taken == 0 ? nullptr : "fired");
}

Verdict reprogramming_storm() {
    interrupts::enable(timer::intid, 0x80, count);
    taken = 0;
    auto const s = attempt([] {
        for (unsigned i = 0; i < 10'000; ++i) timer::set_deadline(timer::now() + (i % 2 != 0 ? ~0ull >> 1 : 1'000'000'000));
    });
    timer::set_deadline(timer::now() + 1);
    settle();
    return first_of(expect_quiet(s), taken != 0 ? nullptr : "did not fire at the end",
                    taken == 1 ? nullptr : "fired more than once");
}

Verdict both_timers_at_once() {
    interrupts::enable(timer::intid, 0x80, count);
    interrupts::enable(map::physical_timer_intid, 0x40, count);
    taken = 0;
    auto const s = attempt([] {
        InterruptsMasked const masked;
        TIFFIN_WRITE(cntp_cval_el0, 0);
        TIFFIN_WRITE(cntp_ctl_el0, 1);
        timer::set_deadline(0);
    });
    settle();
    interrupts::disable(map::physical_timer_intid);
    return first_of(expect_quiet(s), taken == 2 ? nullptr : "not both fired once");
}

constexpr Case cases[] = {
    {"flood-of-software-interrupts", flood_of_software_interrupts},
    {"software-interrupts-to-nobody", software_interrupts_to_nobody},
    {"end-what-was-never-taken", end_what_was_never_taken},
    {"everything-pending-at-once", everything_pending_at_once},
    {"everything-pending-each-more-urgent", everything_pending_each_more_urgent},
    {"deadline-in-the-past", deadline_in_the_past},
    {"deadline-at-the-end-of-time", deadline_at_the_end_of_time},
    {"reprogramming-storm", reprogramming_storm},
    {"both-timers-at-once", both_timers_at_once},
};

}  // namespace

std::span<Case const> interrupt_cases() { return cases; }

}  // namespace hostile
