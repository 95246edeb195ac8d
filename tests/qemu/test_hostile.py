"""A guest that does forbidden things (threats.md) is contained, named on the console, and delays nobody."""
import os
import re

import pytest

from harness.describe import Board, app, description, devices, fixed, metronome, server

LEAST_CASES = 20
# `tiffin test hostile` takes ten times as many.
OPERATIONS = int(os.environ.get("TIFFIN_HOSTILE_OPERATIONS", "1000000"))
DISK = {"device": "block", "server": "disk"}
CARD = {"device": "net", "server": "switch"}


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


def hostile(cmdline, virtio=None):
    vm = app("hostile", memory_kib=1024, cmdline=cmdline)
    return vm | ({"virtio": virtio} if virtio else {})


def beside(**hostile_vms):
    """A 1 ms job with a contract, and two Linux VMs that work on disks and send each other bytes."""
    job = app("metronome", cmdline="metronome.jobs=4000", cpus=[fixed(40, budget="20 us", deadline="100 us")])
    left = devices([DISK, CARD], "tiffin.disk=4 tiffin.net=10.0.0.1 tiffin.serve=5000 tiffin.linger=2")
    right = devices([DISK, CARD], "tiffin.disk=4 tiffin.net=10.0.0.2 tiffin.ping=10.0.0.1 tiffin.fetch=10.0.0.1:5000")
    return {"metronome": job, "left": left, "right": right, "disk": server("disk", 16, "disk.mib=12"), "switch": server("switch")} | hostile_vms


def longest_wait_ns(tool, folder, domains):
    """What the contract allows between the metronome's deadline and its job: its response less its budget."""
    source = folder / "contract.yaml"
    source.write_text(description(domains), encoding="utf-8")
    told = tool("check", "--explain", source).stdout
    return 1000 * (float(re.search(r'"metronome" .* (\d+\.\d+) us +\d+\.\d+ us +\d', told)[1]) - 20)


def expect_unharmed(running, allowed_ns):
    for vm in ("left", "right"):
        running.wait_for(vm, "disk: all sums match", timeout=600)
    sent = running.wait_for("right", r"net: sent 2097152 bytes, (\w+)", timeout=600)[1]
    running.wait_for("left", f"net: got 2097152 bytes, {sent}", timeout=60)
    worst = running.wait_for("metronome", r"jobs=4000 missed=0 .* max=(\d+)", timeout=600)
    assert int(worst[1]) <= allowed_ns
    assert not running.count("tiffin", "panic")


def test_hostile_operations_at_random_beside_a_job_and_linux_at_work(machine, tool, tmp_path):
    domains = beside(hostile=hostile(f"hostile.seed=7 hostile.random={OPERATIONS}", [DISK]))
    running = machine(domains)
    end = running.wait_for("hostile", rf"hostile: {OPERATIONS} operations of seed 7: \d+ faults; (\d+) of (\d+) hypercalls, (\d+) devices, (\d+) system",
                           timeout=3000)
    assert int(end[1]) >= int(end[2]) - 2, "all but those that end or reset it, or print"
    assert int(end[4]) > 10_000
    running.wait_for("hostile", r"hostile: \d+ contained, 0 failed", timeout=60)
    expect_unharmed(running, longest_wait_ns(tool, tmp_path, domains))


def test_hostile_server_hurts_its_own_client_alone(machine, tool, tmp_path):
    victim = devices([{"device": "block", "server": "liar"}], "tiffin.raw=64")
    domains = beside(victim=victim, liar=hostile("hostile.lie=3"))
    running = machine(domains)
    running.wait_for("liar", "a server that lies")
    expect_unharmed(running, longest_wait_ns(tool, tmp_path, domains))
