"""What a machine recorded while it ran: the events of core 0's ring (abi/trace.hpp), read out of QEMU's memory."""

import re
import struct
import sys
from dataclasses import dataclass

from machines import ROOT, BenchError

sys.path.insert(0, str(ROOT / "tests/qemu"))
from harness.qmp import Qmp  # noqa: E402

OPTION = "options: {trace: 32 MiB}\n"
SWITCH, HYPERCALL, TRAP, INTERRUPT, WAKE_UP = 1, 2, 3, 4, 6
PATHS = (HYPERCALL, TRAP, INTERRUPT, WAKE_UP)
NOBODY = 0xFFFF
MAGIC = b"TIFTRACE"


@dataclass
class Event:
    time: int
    kind: int
    argument: int
    who: int
    detail: int


def events_of(memory):
    """Of one ring, in their order. Raises BenchError if it was too small for the run."""
    magic, _, _, frequency, _, written, capacity, _ = struct.unpack_from("<8sIIQQQII", memory)
    assert magic == MAGIC and frequency == 1_000_000_000, "one tick is one instruction"
    if written > capacity:
        raise BenchError(f"the trace lost {written - capacity} of its events; give it more room")
    raw = (struct.unpack_from("<QIHH", memory, 256 + 16 * n) for n in range(written))
    return [Event(stamp >> 8, stamp & 0xFF, argument, who, detail) for stamp, argument, who, detail in raw]


def turns(events):
    """Ticks that each ran, by its number; NOBODY slept. And those of them that were EL2's, as far as the core ran for a VM."""
    ran, el2, who, since = {}, {}, None, 0
    for event in events:
        if event.kind == SWITCH:
            if who is not None:
                ran[who] = ran.get(who, 0) + event.time - since
            who, since = event.who, event.time
        elif event.kind in PATHS:
            el2[event.who] = el2.get(event.who, 0) + event.detail
    return ran, el2


class Board:
    """A machine's monitor, for `run_until`: presses keys, and fetches the trace at the end."""

    def __init__(self, work):
        self.path, self.events, self.pressed, self._qmp = work / "monitor", [], 0, None
        self._piece = work / "ring"
        self.path.unlink(missing_ok=True)

    def arguments(self):
        return ["-qmp", f"unix:{self.path},server=on,wait=off"]

    def command(self, name, **arguments):
        if self._qmp is None:
            self._qmp = Qmp(self.path)
        return self._qmp.command(name, **arguments)

    def press(self, text):
        """One key for each that the player has seen, and a first: `meanwhile`."""
        if "player: measure: press" not in text or text.count("player: measure: key ") < self.pressed:
            return
        self.pressed += 1
        for down in (True, False):
            self.command("input-send-event", events=[{"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": "spc"}}}])

    def fetch(self, text):
        """`at_end`."""
        at, size = re.search(r"tiffin: trace: core 0 at (0x[0-9a-f]+), (\d+) bytes", text).groups()
        self.command("stop")
        self.command("pmemsave", val=int(at, 16), size=int(size), filename=str(self._piece))
        self.events = events_of(self._piece.read_bytes())
