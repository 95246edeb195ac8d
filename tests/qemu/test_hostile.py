"""A guest that does forbidden things (threats.md) is contained, named on the console, and delays nobody."""
import re

import pytest

from harness.describe import Board, app, metronome

LEAST_CASES = 20


@pytest.mark.parametrize("gic", [2, 3])
def test_a_hostile_guest_is_contained_and_the_metronome_misses_nothing(machine, gic):
    running = machine({"hostile": app("hostile", memory_kib=1024), "metronome": metronome(jobs=1000)}, Board(gic=gic))
    end = running.wait_for("hostile", r"hostile: (\d+) contained, (\d+) failed", timeout=200)
    failures = [line for line in running.lines("hostile") if "FAILED" in line]
    assert not failures
    assert int(end[1]) >= LEAST_CASES and end[2] == "0"
    assert running.count("hostile", r"hostile: case \S+: contained") == int(end[1])
    running.wait_for("metronome", "jobs=1000 missed=0", timeout=120)
    assert running.wait_until_stopped(timeout=60) == 0


def test_what_it_did_is_told_with_vm_pc_and_address_but_not_without_end(machine):
    running = machine({"hostile": app("hostile", memory_kib=1024), "metronome": metronome(jobs=1000)})
    running.wait_for("hostile", r"hostile: \d+ contained", timeout=200)
    told = [line for line in running.lines("tiffin") if "hostile" in line and not line.startswith("report")]
    assert any(re.search(r"(pc|PC)\W*0x[0-9a-f]+", line) for line in told)
    assert any("device.yaml:" in line for line in told), "no fault names its line of the description"
    assert len(told) < 30, "two lines for each of eight faults, then for one a second"
