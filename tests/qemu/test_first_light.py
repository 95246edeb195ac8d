"""Linux, a real-time kernel and standalone apps share one core: a demo of them, as a user runs it, and on both interrupt controllers."""
import re

import pytest

from conftest import ROOT
from harness.describe import Board, app, metronome, share

FIRST_LIGHT = ROOT / "examples/first-light/device.yaml"
METRONOME = r"metronome: jobs=(\d+) missed=(\d+) latency_ns min=(\d+) avg=(\d+) p99=(\d+) max=(\d+)"


def expect_that_every_vm_did_its_job(lines_of):
    """`lines_of(vm)` gives the console lines of a VM."""

    def said(vm, pattern):
        found = [match for match in (re.search(pattern, line) for line in lines_of(vm)) if match]
        assert found, f"{vm} never said '{pattern}'"
        return found[-1]

    said("linux", r"linux: user space reached: 6\.")
    said("linux", r"linux: job done, [0-9a-f]{16}")
    said("control", r"control: user space reached: .*-rt-")
    said("control", r"T: 0 .*Max: +\d+")
    said("control", "control: job done")
    assert said("metronome", METRONOME)[2] == "0", "the metronome missed deadlines"
    said("idler", "idler: job done")


def test_the_demo_does_every_job_on_gicv3_and_says_so(tool):
    demo = tool("demo", FIRST_LIGHT, timeout=280)
    assert demo.returncode == 0, demo.stdout[-4000:] + demo.stderr[-4000:]
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", demo.stdout).split("\n")
    expect_that_every_vm_did_its_job(lambda vm: [line for line in lines if line.startswith(f"[{vm}]")])
    woke = re.search(r"timer-slack: the core woke (\d+) times with it and (\d+) times without", demo.stdout)
    assert 0 < int(woke[1]) < int(woke[2])


def test_the_demo_does_every_job_on_gicv2(build, boot):
    text = FIRST_LIGHT.read_text(encoding="utf-8")
    older, changes = re.subn(r"gic: *3", "gic: 2", text)
    assert changes == 1
    memory = re.search(r"machine:.*?memory: *(\d+) (M|G)iB", text, re.DOTALL)
    board = Board(gic=2, memory_mib=int(memory[1]) * (1024 if memory[2] == "G" else 1))
    machine = boot(build(text=older), board)
    assert machine.wait_until_stopped(timeout=280) == 0
    expect_that_every_vm_did_its_job(machine.lines)


@pytest.mark.parametrize("gic", [2, 3])
def test_the_smallest_app_runs_and_the_board_powers_off_with_status_0(machine, gic):
    board = Board(gic=gic, memory_mib=256)
    running = machine({"hello": app("hello", memory_kib=64)}, board)
    assert running.wait_until_stopped(timeout=60) == 0
    assert running.count("hello", rf"hello from a VM of its own; GICv{gic}, .* on Tiffin") == 1


def test_a_vm_that_fails_at_its_job_gives_the_board_a_status_other_than_0(machine):
    # Shares are no promise: with a hundredth of what a neighbour gets that never sleeps, 1 ms deadlines cannot be kept.
    running = machine({
        "metronome": app("metronome", cmdline="metronome.jobs=100", cpus=[share(1)]),
        "spinner": app("spinner", cmdline="spinner.ms=300", cpus=[share(100)]),
    })
    assert running.wait_until_stopped(timeout=60) != 0
    assert int(running.wait_for("metronome", METRONOME)[2]) > 0


def test_the_report_at_the_end_names_every_vm(machine):
    running = machine({"one": app("idler", memory_kib=64), "two": app("idler", memory_kib=64)})
    assert running.wait_until_stopped(timeout=60) == 0
    for vm in ("one", "two"):
        report = running.wait_for("tiffin", rf"report vm={vm} (.*)")[1]
        assert {"state", "exit", "run_ticks", "wakeups", "traps", "switches"} <= {pair.split("=")[0] for pair in report.split()}
    running.wait_for("tiffin", r"report machine ticks=\d+ freq=\d+ idle_ticks=\d+")


def test_two_runs_of_one_image_say_the_same(build, boot):
    image = build({"metronome": metronome(jobs=100), "idler": app("idler", memory_kib=64)})
    logs = []
    for _ in range(2):
        running = boot(image)
        assert running.wait_until_stopped(timeout=60) == 0
        logs.append(running.log())
    assert logs[0] == logs[1]
