"""What the bench app and Linux print, turned into rows."""

import re

MICRO = {
    "null_hypercall": "null hypercall (SMCCC_VERSION)",
    "gicd_typer_read": "GICD_TYPER read",
    "gicd_isenabler_write": "GICD_ISENABLER write",
    "uart_write": "UART write",
    "self_sgi": "self-SGI to handler",
    "timer_running": "timer deadline to handler, running",
    "timer_wfi": "timer deadline to handler, from WFI",
    "wfi_wake": "timer deadline to behind WFI",
}
TRACED = {MICRO["null_hypercall"], MICRO["gicd_typer_read"], MICRO["timer_running"]}
FIRST_INSTRUCTION = "reset to first instruction, {} MiB VM"
TICK = r"bench: tick jobs=(\d+) missed=(\d+) avg=(\d+) p99=(\d+) max=(\d+)"
YIELD = r"bench: yield=(\d+) "
GAP = r"\[{}\] bench: gap from=(\d+) to=(\d+)"
AS_SHIPPED = {"title": "1 ms tick beside a spinner, Xen as shipped", "wanted": ("average", "worst", "missed")}
DONE = r"bench: done"
POWER_DOWN = r"reboot: Power down"


def micro(text):
    found = dict(re.findall(r"bench: (\w+)=(\d+) min=", text))
    return {row: int(found[key]) for key, row in MICRO.items() if key in found}


def first_instruction(text, memory_mib):
    return {FIRST_INSTRUCTION.format(memory_mib): int(re.search(r"bench: first_instruction=(\d+)", text)[1])}


def tick(text, title="1 ms tick beside a spinner", wanted=("average", "p99", "worst", "missed")):
    jobs, missed, average, p99, worst = (int(v) for v in re.search(TICK, text).groups())
    assert jobs == 1000, "the table's unit says so"
    figures = {"average": average, "p99": p99, "worst": worst, "missed": missed}
    return {f"{title}: {name}": figures[name] for name in wanted}


BUDGET = {"out": "budget used up: to the next VM's instruction", "back": "budget back: to its VM's instruction"}


def budget(text, limited, other):
    """`limited` has a budget, and `other` the core when it has none: what lies between the last instruction of one and the first of the other.

    Both say when they were kept from spinning; the medians of all changes that both saw."""
    away, ran = ([(int(a), int(b)) for a, b in re.findall(GAP.format(vm), text)] for vm in (limited, other))
    used_up = sorted(min(to for _, to in ran if to > out) - out for out, _ in away if any(to > out for _, to in ran))
    back = sorted(on - max(f for f, _ in ran if f < on) for _, on in away if any(f < on for f, _ in ran))
    return {BUDGET["out"]: used_up[len(used_up) // 2], BUDGET["back"]: back[len(back) // 2]}


SWITCH = "switch between two VMs, {}"


def switch(text, policy):
    """Two VMs that both yield take turns: what one of them waits for a yield is a round trip, two switches."""
    costs = [int(v) for v in re.findall(YIELD, text)]
    assert len(costs) == 2, "one figure from each VM"
    return {SWITCH.format(policy): sum(costs) // len(costs) // 2}


DOORBELL = "doorbell {} to the peer's handler"
THROUGH_CHANNEL = "1 KiB through a channel, switches included"


def doorbell(text, how):
    return {DOORBELL.format(how): int(re.search(r"bench: doorbell=(\d+) ", text)[1])}


def through_channel(text):
    return {THROUGH_CHANNEL: int(re.search(r"bench: through_channel=(\d+)", text)[1])}


def linux(text, seeded=True):
    """Times in the kernel's own log, which runs on the virtual counter: to the first process, and from there to power-off.

    Without a seed for its random pool the kernel spends far more in the load: those runs have rows of their own."""
    start = log_time(text, "Run /init as init process")
    load = log_time(text, POWER_DOWN) - start
    if seeded:
        return {"Linux to user space, kernel log time": start, "Linux fork/file/pipe load": load}
    return {"Linux to user space, random pool unseeded": start, "Linux fork/file/pipe load, random pool unseeded": load}


def log_time(text, what):
    """Microseconds at the left of the kernel log line that holds `what`."""
    seconds = re.search(r"\[ *(\d+)\.(\d{6})\] " + re.escape(what), text)
    return int(seconds[1]) * 1_000_000 + int(seconds[2])
