"""A board whose cores QEMU runs in slices of a microsecond, and its trace, read from memory.

With -icount QEMU runs the cores in turns, by one clock, and always begins with core 0 when a timer is due: a busy core 0 leaves the others
next to nothing (accel/tcg/tcg-accel-ops-rr.c of QEMU 7.2). Then it goes on until the next virtual timer, which may be far: so one is made
that is always near, by a network filter that releases what it has not got. What is measured so: core 0, which runs at one instruction a
nanosecond whatever the others do, but for waiting at their locks; and there a holder goes on for a microsecond at a time, and the clock counts
both."""
import re
from dataclasses import dataclass

from .describe import Board

SLICES = ["-netdev", "hubport,id=nobody,hubid=0", "-object", "filter-buffer,id=slices,netdev=nobody,interval=1"]
PIECE = re.compile(r"trace: (?:plan|core \d+) at (0x[0-9a-f]+), (\d+) bytes")


@dataclass(frozen=True)
class SlicedBoard(Board):
    """An instruction is a tick of the counter, too."""

    def qemu_arguments(self):
        machine, virt, cpu, model, *rest = super().qemu_arguments()
        return [machine, virt, cpu, model + ",cntfrq=1000000000", *rest, *SLICES]


def trace_of(machine, folder):
    """Stops the machine, and writes a trace file of its plan and its rings."""
    machine.qmp.command("stop")
    trace = folder / "run.trace"
    with open(trace, "wb") as out:
        for at, size in PIECE.findall("\n".join(machine.lines("tiffin"))):
            piece = folder / "piece"
            machine.qmp.command("pmemsave", val=int(at, 16), size=int(size), filename=str(piece))
            out.write(piece.read_bytes())
            out.write(bytes(-out.tell() % 16))
    return trace
