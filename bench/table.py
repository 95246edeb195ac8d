"""The rows: what is measured, its unit and its goal; how they are printed and written."""

import json
from dataclasses import dataclass, field

import devices
import guests
import handheld

SIDES = ("native", "tiffin", "xen")
LONGEST_OF_ALL = "longest path at EL2, all tests"
RESTARTED_MIB = 96  # what Linux has in the other rows
RESTART = f"restart of a VM that has written its {RESTARTED_MIB} MiB"
LOCKS = {"vm": "a VM's", "console": "the console's", "vmid": "the VMIDs'", "virtio": "the virtio devices'"}


def lock_row(lock):
    return f"longest hold of {LOCKS[lock]} lock"


def takes_row(lock, by):
    return f"{LOCKS[lock]} lock in one path of {'a guest' if by == 'guest' else 'an interrupt'}"


@dataclass
class Row:
    name: str
    unit: str
    goal: float | None = None  # at most this much, of Tiffin's figure or, with `goal_of_ratio`, of Tiffin / native
    goal_of_ratio: bool = False
    native: float | None = None
    tiffin: float | None = None
    xen: float | None = None

    @property
    def judged(self):
        if not self.goal_of_ratio:
            return self.tiffin
        return self.tiffin / self.native if self.tiffin and self.native else None

    @property
    def met(self):
        """None: no goal, or not measured."""
        return None if self.goal is None or self.judged is None else self.judged <= self.goal

    def as_json(self):
        return {"name": self.name, "unit": self.unit, "native": self.native, "tiffin": self.tiffin, "xen": self.xen,
                "goal": self.goal, "met": self.met}


# Goals: issue 2, part 8.
def rows():
    n = "instructions"
    return [
        Row("null hypercall (SMCCC_VERSION)", n, 60),
        Row("GICD_TYPER read", n, 150),
        Row("GICD_ISENABLER write", n, 250),
        Row("UART write", n, 300),
        Row("self-SGI to handler", n, 300),
        Row("timer deadline to handler, running", n, 150),
        Row("timer deadline to handler, from WFI", n, 600),
        Row("timer deadline to behind WFI", n),
        Row("switch between two VMs, fixed priority", n, 450),
        Row("switch between two VMs, by weight", n, 450),
        Row("switch between two VMs, both using FP", n),
        Row("null hypercall (SMCCC_VERSION), traced", n),
        Row("GICD_TYPER read, traced", n),
        Row("timer deadline to handler, running, traced", n),
        Row("switch between two VMs, fixed priority, traced", n),
        *(Row(guests.DOORBELL.format(how), n) for how in ("by its register", "by hypercall")),
        Row(guests.THROUGH_CHANNEL, n),
        *(Row(name, n) for name in devices.ROWS),
        Row(devices.DIES, n, 1_000_000),
        *(Row(name, unit, *handheld.GOALS.get(name, ())) for name, unit in handheld.ROWS),
        Row(RESTART, n),
        Row("1 ms tick beside a spinner: average", n),
        Row("1 ms tick beside a spinner: p99", n),
        Row("1 ms tick beside a spinner: worst", n, 1000),
        Row("1 ms tick beside a spinner: missed", "of 1000", 0),
        Row("1 ms tick beside the hostile guest: worst", n),
        Row("1 ms tick beside the hostile guest: missed", "of 1000", 0),
        Row("longest path at EL2, the hostile guest's", n, 3000),
        Row(LONGEST_OF_ALL, n, 3000),
        *(Row(lock_row(lock), n) for lock in LOCKS),
        *(Row(takes_row(lock, by), "times") for lock in ("vm", "console") for by in ("guest", "interrupt")),
        Row("1 ms tick beside a spinner, Xen as shipped: average", n),
        Row("1 ms tick beside a spinner, Xen as shipped: worst", n),
        Row("1 ms tick beside a spinner, Xen as shipped: missed", "of 1000"),
        Row(guests.BUDGET["out"], n),
        Row(guests.BUDGET["back"], n),
        Row("wake-ups of a core with 16 sleepers", "a second"),
        Row("wake-ups of a core with 16 sleepers, timer-slack 4 ms", "a second"),
        Row("reset to first instruction, 8 MiB VM", n, 2_000_000),
        Row("reset to first instruction, 512 MiB VM", n, 2_000_000),
        Row("Linux to user space, kernel log time", "us", 1.01, True),
        Row("Linux fork/file/pipe load", "us", 1.005, True),
        Row("Linux to user space, random pool unseeded", "us"),
        Row("Linux fork/file/pipe load, random pool unseeded", "us"),
        Row("hypervisor text + rodata", "bytes", 64 * 1024),
        Row("hypervisor data + bss", "bytes"),
        Row("hypervisor image file", "bytes"),
        Row("hypervisor RAM per one-vCPU VM", "bytes", 16 * 1024),
    ]


@dataclass
class Table:
    rows: list = field(default_factory=rows)
    problems: list = field(default_factory=list)

    def put(self, side, values):
        """`values`: row name -> figure. A name without a row is a mistake here, not in the measurement."""
        known = {r.name: r for r in self.rows}
        for name, value in values.items():
            setattr(known[name], side, value)

    def write_json(self, path):
        with open(path, "w", encoding="utf-8") as f:
            json.dump([r.as_json() for r in self.rows], f, indent=1)
            f.write("\n")

    def lines(self):
        head = ("", "unit", "native", "Tiffin", "Xen 4.17", "Tiffin/native", "Xen/Tiffin", "goal", "")
        body = [(r.name, r.unit, number(r.native), number(r.tiffin), number(r.xen), ratio(r.tiffin, r.native), ratio(r.xen, r.tiffin),
                 goal(r), {True: "met", False: "NOT MET", None: ""}[r.met]) for r in self.rows]
        widths = [max(len(line[i]) for line in [head, *body]) for i in range(len(head))]
        for line in [head, *body]:
            cells = [line[0].ljust(widths[0]), line[1].ljust(widths[1]), *(c.rjust(w) for c, w in zip(line[2:8], widths[2:8])), line[8]]
            yield "  ".join(cells).rstrip()


def number(value):
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else f"{value:,}"


def ratio(above, below):
    if above is None or not below:
        return ""
    return f"{above / below:.4f}" if 0.5 < above / below < 2 else f"{above / below:,.1f}"


def goal(row):
    if row.goal is None:
        return ""
    return f"<= {row.goal:g}x" if row.goal_of_ratio else f"<= {row.goal:,}"
