"""What other cores do to a `fixed` VM: nothing but the lock bound. Its core and theirs share the console, and every VM's trace is held
against the contract (harness/sliced.py says what QEMU's several cores can show, and what not)."""
import re

import pytest

from harness.describe import app, fixed, share
from harness.sliced import SlicedBoard, trace_of

TWO = SlicedBoard(cores=2)
# Whoever waits for a lock and whoever holds it have turns of a microsecond here, by one clock: a hold of H is waited for for twice H.
SPEED = {"instructions-per-second": 1_000_000_000, "margin": 100}
JOBS = 150


def on(core, **more):
    return [{**share(), "core": core, **more}]


LOADS = {
    "hostile": {"load": app("hostile", memory_kib=1024, cmdline="hostile.rounds=1000000", cpus=on(1))},
    "storm": {"load": app("pest", cmdline="pest.pause_us=1", cpus=on(1))},
    "resets": {"load": app("pest", cmdline="pest.mode=reset pest.pause_us=1", cpus=on(1))},
}


@pytest.mark.parametrize("load", LOADS)
def test_a_fixed_vm_keeps_its_contract_whatever_another_core_does(build, boot, tool, tmp_path, load):
    metronome = app("metronome", cmdline=f"metronome.jobs={JOBS}", cpus=[fixed(40, "100 us", deadline="900 us")])
    domains = {"metronome": metronome, "talker": app("pest", cmdline="pest.pause_us=37", cpus=on(0)), **LOADS[load]}
    running = boot(build(domains, TWO, {"trace": "4 MiB"}, speed=SPEED), TWO)
    running.wait_for("metronome", rf"jobs={JOBS} missed=0", timeout=60)
    audit = tool("audit", "--core", 0, tmp_path / "device.yaml", trace_of(running, tmp_path))
    print(audit.stdout)
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert re.search(r"metronome: .*; (\d+) of \1 activations have a bound", audit.stdout), audit.stdout
