"""Debian's Xen 4.17, its domains started without a dom0, as shipped and with its scheduler tuned for latency.

No switch by yield: credit2 answers a yield with the neighbour's whole slice (93 million instructions). Its preemptive switch is part of
the tick rows."""

import guests
import images
from machines import CACHE, need, xen

TUNED = "sched_ratelimit_us=0 timer_slop=0"


def domain(mode, memory_mib=8):
    return {"kernel": images.app(), "arguments": f"bench.mode={mode} bench.on=xen", "memory_mib": memory_mib}


def run_micro(work):
    text = xen(work, [domain("micro")], "", [guests.DONE])
    return guests.micro(text) | guests.first_instruction(text, 8)


def run_big(work):
    return guests.first_instruction(xen(work, [domain("micro", 512)], "", [guests.DONE]), 512)


def run_tick(work):
    return guests.tick(xen(work, [domain("tick"), domain("spin")], TUNED, [guests.DONE]))


def run_tick_as_shipped(work):
    text = xen(work, [domain("tick"), domain("spin")], "", [guests.DONE])
    return guests.tick(text, **guests.AS_SHIPPED)


def run_linux(work):
    linux = {"kernel": images.kernel(), "ramdisk": images.initrd(), "arguments": images.LINUX_ARGUMENTS, "memory_mib": images.LINUX_MIB}
    return guests.linux(xen(work, [linux], "", [guests.POWER_DOWN], 900), seeded=False)


def run_size(work):
    return {"hypervisor image file": need(CACHE / "xen/xen", images.FETCH).stat().st_size}


measures = [
    ("single operations", run_micro, False),
    ("first instruction, 512 MiB", run_big, False),
    ("1 ms tick beside a spinner, tuned", run_tick, False),
    ("1 ms tick beside a spinner, as shipped", run_tick_as_shipped, False),
    ("size", run_size, False),
    ("Linux", run_linux, True),
]
