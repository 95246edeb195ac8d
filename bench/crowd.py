"""What grows with the number of VMs on one core, and what must not: a table of its own, a column for each number."""

import re

import guests
import images
import tiffin_side
import xen_side
from machines import ROOT, BenchError, need, tiffin, xen
from table import number

NUMBERS = (2, 16, 64, 256, 1024)
MOST_GROWTH = 1.10  # of a cost with any number, against that with 2
TICK_BESIDE = (2, 16, 256)  # the tick's VM and 1, 15 or 255 spinners
XEN_BESIDE = (2, 16)
XEN_MOST = 'Xen beside 255: cannot be done; without a dom0 it starts 30 domains, and panics at the 31st ("Missing kernel boot module?")'
SCHEDULERS = {"Xen credit2, as shipped": "", "Xen credit2, tuned": xen_side.TUNED, "Xen credit": "sched=credit"}
SWITCH = {"switch, fixed priority": tiffin_side.FIXED, "switch, by weight": tiffin_side.SHARE}
AFTER = "bench.after_ms=200"  # by then all neighbours spin: what they print while they start is not what is measured
TICKS = ("average", "worst", "missed")


def many(count, mode, cpu=tiffin_side.SHARE):
    return "".join(tiffin_side.domain(f"vm{i}", mode, cpu, "128 KiB") for i in range(count))


def turns(text, count):
    """One switch, from what each VM waits until its turn comes again; the median VM's."""
    waits = sorted(int(v) for v in re.findall(guests.YIELD, text))
    if len(waits) < 2:
        raise BenchError(f"{len(waits)} of {count} VMs gave a figure")
    return waits[len(waits) // 2] / count


def run_switches(work, count):
    """Also what the boot took: the hypervisor's RAM, and instructions until the first VM's first one."""
    found = {}
    for title, cpu in SWITCH.items():
        text = tiffin(work, tiffin_side.HEADER + many(count, "yield bench.count=200", cpu), tiffin_side.done("vm0", f"vm{count - 1}"))
        found[title] = turns(text, count)
    ram = int(re.search(r"tiffin: memory: (\d+) bytes", text)[1])
    first = min(int(v) for v in re.findall(r"bench: first_instruction=(\d+)", text))
    return found | {"hypervisor RAM, in all": ram, "hypervisor RAM, for each VM": ram / count, "reset to first instruction": first}


def run_budget(work, count):
    """One uses its budget up again and again, another has the rest; what the others have used of theirs comes back in 10 s."""
    others = "".join(tiffin_side.domain("waiting", "spin", "{policy: fixed, priority: 30, budget: 20 us, period: 10 s}", "128 KiB")
                     .replace("memory:", f"count: {count - 2}\n    memory:")) if count > 2 else ""
    text = tiffin(work, tiffin_side.HEADER + tiffin_side.domain("limited", tiffin_side.GAPS, tiffin_side.LIMITED, "128 KiB")
                  + tiffin_side.domain("other", tiffin_side.FEWER_GAPS, memory="128 KiB") + others, tiffin_side.done("limited", "other"))
    return guests.budget(text, "limited", "other")


def ticks(text):
    jobs, missed, average, _, worst = (int(v) for v in re.search(guests.TICK, text).groups())
    assert jobs == 1000, "the table's unit says so"
    return {"average": average, "worst": worst, "missed": missed}


def run_tick(work, count):
    text = tiffin(work, tiffin_side.HEADER + tiffin_side.domain("tick", f"tick {AFTER}", tiffin_side.FIXED) + many(count - 1, "spin"),
                  tiffin_side.done("tick"))
    return {f"1 ms tick: {name}": value for name, value in ticks(text).items()}


def run_xen_tick(work, count, options):
    domains = [xen_side.domain(f"tick {AFTER}")] + [xen_side.domain("spin") for _ in range(count - 1)]
    return ticks(xen(work, domains, options, [guests.DONE], 600))


def run_shares(work, count):
    """The largest error of a share against its weight, in per cent: weights of 50 and 100, two seconds."""
    worker = need(ROOT / "build/aarch64/guest/apps/worker/worker.elf", images.BUILD)
    text = "".join(f"  w{w}: {{memory: 64 KiB, count: {count // 2}, cpu: {{weight: {w}}}, rtc: false,"
                   f' image: {{elf: "{worker}", cmdline: "worker.from_ms={count} worker.for_ms=2000"}}}}\n' for w in (50, 100))
    said = tiffin(work, tiffin_side.HEADER + text, ["machine stopped"])
    return {"share error, 2 s": share_error(said)}


def share_error(text):
    shares = [(int(weight), int(ran)) for weight, ran in re.findall(r"\[w(\d+)-\d+\] worker: ran_us=(\d+)", text)]
    each = sum(ran for _, ran in shares) / sum(weight for weight, _ in shares)
    return max(abs(ran / (each * weight) - 1) for weight, ran in shares) * 100


# Title, unit, judged: the goal for the largest number is MOST_GROWTH times the figure of the smallest, or a figure of its own.
ROWS = [("switch, fixed priority", "instructions", "growth"), ("switch, by weight", "instructions", "growth"),
        (guests.BUDGET["out"], "instructions", "growth"), (guests.BUDGET["back"], "instructions", "growth"),
        ("1 ms tick: average", "instructions", "growth"), ("1 ms tick: worst", "instructions", 1000), ("1 ms tick: missed", "of 1000", 0),
        ("share error, 2 s", "%", None), ("hypervisor RAM, for each VM", "bytes", 16384), ("hypervisor RAM, in all", "bytes", None),
        ("reset to first instruction", "instructions", None)]


def verdict(figures, goal):
    """Of a row's figures by number of VMs: the growth, and whether the goal is met by all of them."""
    low, high = figures.get(min(figures, default=0)), figures.get(max(figures, default=0))
    growth = f"x{high / low:.2f}" if low and high and goal == "growth" else ""
    if goal is None or not figures:
        return growth, "", ""
    most = low * MOST_GROWTH if goal == "growth" else goal
    said = f"<= x{MOST_GROWTH:.2f}" if goal == "growth" else f"<= {goal:,}"
    if goal == 16384:  # RAM that is needed once does not belong to two VMs
        figures = {n: v for n, v in figures.items() if n >= 256}
    return growth, said, "met" if all(v <= most for v in figures.values()) else "NOT MET"


def lines(rows, xen_rows):
    """`rows`: title -> {number of VMs: figure}."""
    head = ("with so many VMs on one core", "unit", *(f"{n:,}" for n in NUMBERS), "growth", "goal", "")
    body = []
    for title, unit, goal in ROWS:
        figures = rows.get(title, {})
        cells = [f"{figures[n]:.2f}" if unit == "%" and n in figures else number(figures.get(n)) for n in NUMBERS]
        body.append((title, unit, *cells, *verdict(figures, goal)))
    yield from aligned([head, *body])
    if not xen_rows:
        return
    head = ("1 ms tick beside spinners", *(f"beside {n - 1}: {what}" for n in TICK_BESIDE for what in TICKS))
    tiffin_row = ("Tiffin", *(number(rows.get(f"1 ms tick: {what}", {}).get(n)) for n in TICK_BESIDE for what in TICKS))
    others = [(name, *(number(found.get(n, {}).get(what)) for n in TICK_BESIDE for what in TICKS)) for name, found in xen_rows.items()]
    yield ""
    yield from aligned([head, tiffin_row, *others])
    yield XEN_MOST


def aligned(table):
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        yield "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]).rstrip()


def measure(work, with_xen, say, problems):
    rows, xen_rows = {}, {}

    def attempt(title, run, into):
        say(title)
        try:
            into(run())
        except BenchError as problem:
            problems.append(f"{title}: {problem}")

    def into_rows(count):
        return lambda found: [rows.setdefault(title, {}).__setitem__(count, value) for title, value in found.items()]

    for count in NUMBERS:
        attempt(f"tiffin: {count} VMs", lambda count=count: run_switches(work, count), into_rows(count))
    for count in NUMBERS:
        attempt(f"tiffin: budgets of {count}", lambda count=count: run_budget(work, count), into_rows(count))
    for count in TICK_BESIDE:
        attempt(f"tiffin: 1 ms tick beside {count - 1}", lambda count=count: run_tick(work, count), into_rows(count))
    for count in NUMBERS[:-1]:
        attempt(f"tiffin: shares of {count}", lambda count=count: run_shares(work, count), into_rows(count))
    for name, options in SCHEDULERS.items() if with_xen else ():
        for count in XEN_BESIDE:
            attempt(f"{name}: 1 ms tick beside {count - 1}", lambda count=count, options=options: run_xen_tick(work, count, options),
                    lambda found, count=count, name=name: xen_rows.setdefault(name, {}).__setitem__(count, found))
    return rows, xen_rows
