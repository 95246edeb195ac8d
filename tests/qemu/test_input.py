"""Keys of the board's keyboard (QEMU's virtio-keyboard-pci, behind the SMMU) go to the VM that has the focus: to an app, and to Linux."""
import re
import time

import pytest

from harness.describe import PciBoard, app, fixed, linux, metronome, server

KEYBOARD = "virtio-keyboard-pci,iommu_platform=on,disable-legacy=on"
INPUT = [{"device": "input", "server": "input"}]
CODES = {"esc": 1, "a": 30, "b": 48, "c": 46, "shift": 42, "f11": 87, "f12": 88}


def listener(**more):
    return app("keys", **more) | {"virtio": INPUT}


def keyboard(cmdline=""):
    return server("input", 1, cmdline, cpus=[fixed(30)]) | {"access": [{"pci": "00:01.0"}]}


def linux_keys():
    vm = linux(96, "quiet")
    vm["image"]["initrd"] = "${CACHE}/initrd-keys.cpio.gz"
    return vm | {"virtio": INPUT}


def board(**more):
    return PciBoard(devices=(KEYBOARD,), **more)


def send(running, *keys):
    """Each `key`, down and up; or one of the two: "+key", "-key"."""
    for key in keys:
        for down in {"+": (True,), "-": (False,)}.get(key[0], (True, False)):
            event = {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": key.lstrip("+-")}}}
            running.qmp.command("input-send-event", events=[event])


def heard(running, vm):
    return [line.removeprefix("keys: ") for line in running.lines(vm) if line.startswith("keys: ") and line != "keys: ready"]


def typed(*keys):
    return [f"{CODES[key]} {way}" for key in keys for way in ("down", "up")]


@pytest.mark.parametrize("gic", [3, 2])
def test_keys_reach_an_app_and_nobody_misses_anything(machine, gic):
    running = machine({"left": listener(), "input": keyboard(), "metronome": metronome(jobs=8000)}, board(gic=gic))
    running.wait_for("input", "input: 1 devices, and the board's keyboard")
    running.wait_for("left", "keys: ready")
    for _ in range(20):
        send(running, "a", "b")
    running.wait_for("left", "keys: 48 up", times=20)
    assert heard(running, "left") == typed("a", "b") * 20
    running.wait_for("metronome", "jobs=8000 missed=0")


def test_the_hot_key_gives_the_keys_to_the_next_vm_and_leaves_none_down(machine):
    running = machine({"left": listener(), "right": listener(), "input": keyboard()}, board())
    for vm in ("left", "right"):
        running.wait_for(vm, "keys: ready")
    send(running, "a", "+shift", "f12", "-shift", "b")
    running.wait_for("right", "keys: 48 up")
    running.wait_for("left", "keys: 42 up")
    send(running, "f12", "c")
    running.wait_for("left", "keys: 46 up")
    assert heard(running, "left") == typed("a") + ["42 down", "42 up"] + typed("c")
    assert heard(running, "right") == typed("b")


def test_another_key_can_be_the_hot_one(machine):
    running = machine({"left": listener(), "right": listener(), "input": keyboard("keys.focus=87")}, board())
    for vm in ("left", "right"):
        running.wait_for(vm, "keys: ready")
    send(running, "f12", "f11", "a")
    running.wait_for("left", "keys: 88 up")
    running.wait_for("right", "keys: 30 up")
    assert heard(running, "left") == typed("f12")


def raw(running):
    """What evdev gave, and Linux's input layer let through."""
    return re.findall(r"linux: key (\d+ \d)", "\n".join(running.lines("linux")))


@pytest.mark.parametrize("gic", [3, 2])
def test_linux_reads_keys_with_its_own_driver_and_evdev(machine, gic):
    running = machine({"linux": linux_keys(), "input": keyboard(), "metronome": metronome(jobs=8000)}, board(gic=gic))
    running.wait_for("linux", "linux: input: Bus=0006 Vendor=4954 Product=0001 Version=0001")
    running.wait_for("linux", 'linux: input: Name="Tiffin keyboard"')
    running.wait_for("linux", "linux: input: EV=100003")  # EV_SYN, EV_KEY, EV_REP
    running.wait_for("linux", "linux: input: KEY=1ffffffffffffff ffffffffffffffff ffffffffffffffff fffffffffffffffe")
    running.wait_for("linux", "linux: keys ready")
    send(running, "a", "+shift", "b", "-shift", "esc")
    running.wait_for("linux", "linux: keys done")
    assert raw(running) == ["30 1", "30 0", "42 1", "48 1", "48 0", "42 0", "1 1", "1 0"]
    running.wait_for("metronome", "jobs=8000 missed=0")
    assert running.count("linux", "FAILED|dmesg") == 0


def test_keys_go_on_when_the_server_dies_and_none_stays_down(machine):
    running = machine({"linux": linux_keys(), "right": listener(), "input": keyboard("server.dies-after=11"), "metronome": metronome(jobs=8000)},
                      board())
    running.wait_for("linux", "linux: keys ready")
    for _ in range(60):
        send(running, "+shift", "a", "b", "-shift")
        time.sleep(0.02)
    assert running.count("input", "input: 2 devices") > 5
    for _ in range(20):
        send(running, "esc")
        time.sleep(0.1)
        if running.count("linux", "linux: keys done"):
            break
    running.wait_for("linux", "linux: keys done")
    down = {}
    for code, value in (event.split() for event in raw(running)):
        down[code] = value
    assert set(down) == {"1", "30", "42", "48"} and set(down.values()) == {"0"}
    assert len(raw(running)) > 40, "they went on; how many were lost with a server depends on the host's speed"
    running.wait_for("metronome", "jobs=8000 missed=0")


def test_the_focus_outlives_the_server(machine):
    running = machine({"left": listener(), "right": listener(), "input": keyboard("server.dies-after=5")}, board())
    for vm in ("left", "right"):
        running.wait_for(vm, "keys: ready")
    send(running, "f12")
    for _ in range(20):
        send(running, "a")
        time.sleep(0.02)
    running.wait_for("right", "keys: 30 up", times=5)
    assert running.count("input", "input: 2 devices") > 5
    assert heard(running, "left") == []
