"""What one VM leaves in registers and memory, no other VM sees."""
import pytest

from harness.describe import Board, app, fixed, linux, share


@pytest.mark.parametrize("gic", [2, 3])
def test_fp_registers_are_each_vms_own_and_begin_as_zero(machine, gic):
    guards = {f"guard{n}": app("fpguard", cmdline=f"fpguard.pattern={n} fpguard.turns=2000", cpus=[cpu])
              for n, cpu in ((1, share()), (2, share(300)), (3, fixed(5)), (4, fixed(5)))}
    running = machine({"linux": linux(96, "tiffin.rounds=10"), **guards}, Board(gic=gic))
    assert running.wait_until_stopped(timeout=200) == 0
    for guard in guards:
        running.wait_for(guard, "fpguard: 2000 turns, nothing lost or leaked")
    running.wait_for("linux", "linux: job done")


def test_vms_of_one_image_share_its_pages_and_nothing_else(machine):
    siblings = {f"sibling{n}": app("metronome", cmdline=f"metronome.jobs={jobs}", cpus=[fixed(10 + n)])
                for n, jobs in enumerate((500, 700, 900))}
    running = machine(siblings)
    assert running.wait_until_stopped(timeout=60) == 0
    for name, jobs in zip(siblings, (500, 700, 900)):
        running.wait_for(name, f"metronome: jobs={jobs} missed=0")
