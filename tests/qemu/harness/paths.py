"""The longest paths through EL2 with interrupts masked, over all tests: with `--longest-paths FILE` every machine keeps a trace, and adds a
line to FILE for each kind of path: JSON with test, kind, argument, vm, end, and how long in instructions (virtual nanoseconds). Machines
of one core only: under -icount several cores take turns of some milliseconds, and the counter goes on for the one that waits."""
import json
import re
import struct

from .qmp import QmpError

RING_AT = re.compile(r"trace: core (\d+) at (0x[0-9a-f]+), ")
# abi/trace.hpp: TraceHeader up to `longest`, and TracePath.
HEADER, PATH, PATHS = struct.Struct("<QIIQQQII"), struct.Struct("<QQIHBB"), 6
KINDS = {2: "hypercall", 3: "trap", 4: "interrupt", 5: "serror", 6: "wake-up", 7: "start-step"}
ENDS = {0: "return", 1: "switch", 2: "sleep"}
NOBODY = 0xFFFF


def traced(text, size="4 KiB"):
    """The description, with a trace."""
    try:
        content = json.loads(text)
    except ValueError:
        if "options:" not in text:
            return text.rstrip("\n") + f"\noptions: {{trace: {size}}}\n"
        return re.sub(r"options: *\{", f"options: {{trace: {size}, ", text)
    content.setdefault("options", {}).setdefault("trace", size)
    return json.dumps(content, indent=2) + "\n"


def paths_of(header):
    """The paths that the header of a ring tells of."""
    frequency = HEADER.unpack_from(header)[3]
    for n in range(PATHS):
        ticks, _, argument, who, kind, end = PATH.unpack_from(header, HEADER.size + n * PATH.size)
        if ticks:
            yield {"instructions": ticks * 1_000_000_000 // frequency, "kind": KINDS[kind], "argument": hex(argument),
                   "vm": None if who == NOBODY else who & 0xFFF, "end": ENDS[end]}


def reported(machine):
    """The longest path that the report at a machine's end tells of."""
    text = machine.log()
    frequency = re.search(r"report machine .*freq=(\d+)", text)
    for ticks, kind, argument, vm, end in re.findall(r"report path core=\d+ ticks=(\d+) kind=(\S+) argument=(\S+) vm=(\S+) end=(\S+)", text):
        yield {"instructions": int(ticks) * 1_000_000_000 // int(frequency[1]), "kind": kind, "argument": argument, "vm": vm, "end": end}


def live(machine, folder):
    """The same of a machine that still runs: its rings' headers, read through the monitor."""
    machine.qmp.command("stop")
    for core, at in RING_AT.findall(machine.log()):
        file = folder / f"ring-{core}"
        machine.qmp.command("pmemsave", val=int(at, 16), size=256, filename=str(file))
        yield from paths_of(file.read_bytes())


def note(book, test, machine, folder):
    """Adds a machine's paths to the file `book`."""
    if len(RING_AT.findall(machine.log())) > 1:
        return
    try:
        found = list(live(machine, folder)) if machine.running() else list(reported(machine))
    except (OSError, QmpError, ValueError):
        found = []
    with open(book, "a", encoding="utf-8") as out:
        for path in found:
            out.write(json.dumps({"test": test} | path) + "\n")
