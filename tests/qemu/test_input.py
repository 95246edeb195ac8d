"""Keys of the board's keyboard (QEMU's virtio-keyboard-pci, behind the SMMU) go to the VM that has the focus: to an app, and to Linux."""
import pytest

from harness.describe import PciBoard, app, fixed, linux, metronome, server

KEYBOARD = "virtio-keyboard-pci,iommu_platform=on,disable-legacy=on"
INPUT = [{"device": "input", "server": "input"}]
CODES = {"a": 30, "b": 48, "c": 46, "shift": 42, "f11": 87, "f12": 88}


def listener(**more):
    return app("keys", **more) | {"virtio": INPUT}


def keyboard(cmdline=""):
    return server("input", 1, cmdline, cpus=[fixed(30)]) | {"access": [{"pci": "00:01.0"}]}


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
    send(running, "f12", "c")
    running.wait_for("left", "keys: 46 up")
    assert heard(running, "left") == typed("a") + ["42 down", "42 up"] + typed("c")
    assert heard(running, "right") == typed("b")


def test_another_key_can_be_the_hot_one(machine):
    running = machine({"left": listener(), "right": listener(), "input": keyboard("keys.focus=87")}, board())
    for vm in ("left", "right"):
        running.wait_for(vm, "keys: ready")
    send(running, "f12", "f11", "a")
    running.wait_for("right", "keys: 30 up")
    assert heard(running, "left") == typed("f12")
