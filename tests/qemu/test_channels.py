"""Channels: messages between VMs, on one core and across cores, and what is nobody's business."""
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.describe import Board, app, fixed, metronome
from harness.sliced import SlicedBoard, trace_of

ROOT = Path(__file__).resolve().parent.parent.parent


def channel(peer, name="post", size="8 KiB"):
    return {"name": name, "peer": peer, "size": size}


def courier(peer, core=0, **knobs):
    """An app that exchanges messages with checksums with `peer`."""
    cmdline = " ".join(f"courier.{name}={value}" for name, value in knobs.items())
    domain = app("courier", cmdline=cmdline, cpus=[{"core": core, "policy": "share"}])
    return domain | {"channels": [channel(peer)]}


@pytest.mark.parametrize("gic", [2, 3])
@pytest.mark.parametrize("cores", [1, 2])
def test_messages_go_both_ways_whole_and_in_order(machine, cores, gic):
    knobs = {"messages": 2000, "longest": 800}
    domains = {"left": courier("right", **knobs), "right": courier("left", core=cores - 1, **knobs)}
    running = machine(domains, board=Board(cores=cores, gic=gic))
    assert running.wait_until_stopped() == 0
    for vm in domains:
        running.wait_for(vm, "2000 messages each way, 0 wrong")


def test_messages_go_through_cached_memory_too(machine):
    knobs = {"messages": 500, "cached": 1}
    running = machine({"left": courier("right", **knobs), "right": courier("left", **knobs)})
    assert running.wait_until_stopped() == 0
    running.wait_for("left", "500 messages each way, 0 wrong")


def test_a_peer_that_starts_anew_is_heard_again(machine):
    """The right one starts itself anew after each 100 messages; what the left one gets is whole and in order in each of its lives."""
    domains = {"left": courier("right", messages=300), "right": courier("left", messages=300, reset_after=100)}
    running = machine(domains)
    running.wait_for("left", "the peer has started anew: [1-9][0-9]* sent and [1-9][0-9]* received", times=5)
    assert running.count("left", "WRONG") == 0


def linux(peer, cpus=None, **knobs):
    """Debian's kernel with the module, and the Linux twin of the courier."""
    cmdline = " ".join(["console=ttyAMA0", *(f"tiffin.{name}={value}" for name, value in knobs.items())])
    image = {"kernel": "${CACHE}/linux/Image", "initrd": "${CACHE}/initrd-channel.cpio.gz", "cmdline": cmdline}
    return {"memory": "96 MiB", "image": image, "channels": [channel(peer, size="64 KiB")]} | ({"cpus": cpus} if cpus else {})


def sensor(core=0, **knobs):
    return courier("linux", core=core, cached=1, **knobs) | {"channels": [channel("linux", size="64 KiB")]}


@pytest.mark.parametrize("gic", [2, 3])
def test_linux_and_an_app_exchange_messages_through_the_module(machine, gic):
    knobs = {"messages": 2000, "longest": 800}
    running = machine({"linux": linux("sensor", **knobs), "sensor": sensor(**knobs)}, board=Board(gic=gic))
    assert running.wait_until_stopped() == 0
    running.wait_for("linux", "channel post with sensor, running 0")
    running.wait_for("linux", "2000 messages each way, 0 wrong")
    running.wait_for("sensor", "2000 messages each way, 0 wrong")


def test_the_example_runs(build, boot):
    """A sensor with a budget, and Linux: examples/telemetry."""
    running = boot(build(text=(ROOT / "examples/telemetry/device.yaml").read_text(encoding="utf-8")), Board(memory_mib=256))
    assert running.wait_until_stopped() == 0
    for vm in ("sensor", "linux"):
        running.wait_for(vm, "5000 messages each way, 0 wrong")


def test_linux_that_spans_cores_has_a_channel_to_another_core(machine):
    knobs = {"messages": 500}
    cpus = [{"core": 0, "policy": "share"}, {"core": 1, "policy": "share"}]
    running = machine({"linux": linux("sensor", cpus=cpus, **knobs), "sensor": sensor(core=2, **knobs)}, board=Board(cores=3))
    assert running.wait_until_stopped() == 0
    running.wait_for("linux", "500 messages each way, 0 wrong")
    running.wait_for("sensor", "500 messages each way, 0 wrong")


def test_linux_hears_a_peer_again_that_starts_anew(machine):
    running = machine({"linux": linux("sensor", messages=300), "sensor": sensor(messages=300, reset_after=100)})
    running.wait_for("linux", "the peer has started anew: [1-9][0-9]* sent and [1-9][0-9]* received", times=3)
    assert running.count("sensor", "WRONG") == 0


def test_a_peer_that_writes_garbage_and_rings_without_end_harms_nobody(machine):
    """The victim takes what comes, and lives; a 1 ms job beside them misses nothing; and the other half cannot be written."""
    vandal = app("vandal", cmdline="vandal.rounds=100000") | {"channels": [channel("victim")]}
    domains = {"victim": courier("vandal", endure=1, messages=1_000_000), "vandal": vandal, "metronome": metronome(jobs=1000)}
    running = machine(domains)
    assert running.wait_until_stopped() == 0
    running.wait_for("vandal", "kept out of the other half")
    running.wait_for("tiffin", "vandal: vCPU 0 at pc .*: write of 8 bytes at virtual address 0xb000000")
    match = running.wait_for("victim", r"outlived its peer: (\d+) lives, (\d+) letters wrong, (\d+) times corrupt, (\d+) doorbells")
    assert all(int(count) > 1000 for count in match.groups()), match[0]
    running.wait_for("metronome", "jobs=1000 missed=0")


def storm(load):
    """Who rings on core 1, and who is rung on core 0, awake and asleep."""
    there = [{"core": 1, "policy": "share"}]
    if load == "one-channel":
        vandal = app("vandal", cmdline="vandal.rounds=100000000", cpus=there)
        return {"victim": courier("vandal", endure=2, messages=1_000_000_000), "vandal": vandal | {"channels": [channel("victim")]}}
    names = [f"c{n}" for n in range(32)]
    ringer = app("pest", cmdline="pest.mode=ring pest.pause_us=20", cpus=there)
    listener = app("pest", cmdline="pest.mode=listen pest.pause_us=300")
    return {"listener": listener | {"channels": [channel("ringer", name) for name in names]},
            "ringer": ringer | {"channels": [channel("listener", name) for name in names]}}


@pytest.mark.parametrize("load", ["one-channel", "all-at-once"])
def test_a_storm_of_doorbells_from_another_core_stays_inside_the_contract(build, boot, tool, tmp_path, load):
    """A VM on core 1 rings without a pause; its peer on core 0 sleeps between; a `fixed` VM there keeps its bounds."""
    two = SlicedBoard(cores=2)
    job = app("metronome", cmdline="metronome.jobs=150", cpus=[fixed(40, "100 us", deadline="900 us")])
    speed = {"instructions-per-second": 1_000_000_000, "margin": 100}  # test_response.py says why
    running = boot(build({"metronome": job, **storm(load)}, two, {"trace": "4 MiB"}, speed=speed), two)
    running.wait_for("metronome", "jobs=150 missed=0", timeout=60)
    audit = tool("audit", "--core", 0, tmp_path / "device.yaml", trace_of(running, tmp_path))
    print(audit.stdout)
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert re.search(r"metronome: .*; (\d+) of \1 activations have a bound", audit.stdout), audit.stdout


def test_a_third_vm_reaches_neither_memory_nor_doorbells(machine):
    """The hostile guest's cases, beside two VMs that have a channel where it looks."""
    cases = ["read-nowhere", "write-nowhere", "channels-of-nobody"]
    domains = {"left": courier("right", messages=3000), "right": courier("left", messages=3000)}
    domains |= {f"hostile-{n}": app("hostile", cmdline=f"hostile.only={case}") for n, case in enumerate(cases)}
    running = machine(domains)
    assert running.wait_until_stopped() == 0
    for vm in ("left", "right"):
        running.wait_for(vm, "3000 messages each way, 0 wrong")


@dataclass(frozen=True)
class DirtyBoard(Board):
    """A board whose RAM holds something at `dirty` when it starts."""

    dirty: int = 0

    def qemu_arguments(self):
        return super().qemu_arguments() + ["-device", f"loader,addr={self.dirty:#x},data=0x6b636f6c62646165,data-len=8"]


def test_shared_memory_is_zero_when_the_machine_starts(tool, build, boot, tmp_path):
    image = build({"left": courier("right"), "right": courier("left")})
    said = tool("build", tmp_path / "device.yaml", "-o", image, "--explain").stdout
    where = int(re.search(r"(0x[0-9a-f]+) \.\. \S+ .* memory of the channels", said)[1], 16)
    running = boot(image, DirtyBoard(dirty=where + 0x1ff8))
    assert running.wait_until_stopped() == 0
    first = next(line for line in running.lines() if "courier: the memory" in line)
    assert first.endswith("is zero")
    assert running.count("left", "the memory has been written") + running.count("right", "the memory has been written") == 1, "by the first"
