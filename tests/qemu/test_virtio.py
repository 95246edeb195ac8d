"""Virtio devices whose other end is another VM: Debian's own drivers, and our servers."""
import re
from pathlib import Path

import pytest

from harness.describe import Board, app, devices, metronome, server, share

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/devices/device.yaml"

DONE = "linux: devices done"
# What a stock driver or file system says of an error, and what devices-init says of one of its own.
TROUBLE = re.compile(r"dmesg|FAILED|DIFFER|no /dev")


def troubles(machine, *vms):
    return [line for vm in vms for line in machine.lines(vm) if TROUBLE.search(line)]


def on_last_core(board):
    return [share() | {"core": board.cores - 1}]


@pytest.mark.parametrize("board", [Board(), Board(gic=2), Board(cores=2), Board(cpu="max")], ids=["gicv3", "gicv2", "another-core", "max"])
def test_ext4_on_a_disk_that_another_vm_serves(machine, board):
    running = machine({"linux": devices([{"device": "block", "server": "disk"}], "tiffin.disk=4"),
                       "disk": server("disk", 12, cpus=on_last_core(board))}, board)
    running.wait_for("linux", DONE)
    assert running.count("linux", "disk: 8192 KiB") == 1
    assert running.count("linux", "disk: round") == 4
    assert running.count("linux", "disk: all sums match") == 1
    assert not troubles(running, "linux")


def test_two_linux_vms_have_a_part_each_of_one_disk(machine):
    disk = {"device": "block", "server": "disk"}
    running = machine({"left": devices([disk], "tiffin.disk=3"), "right": devices([disk], "tiffin.disk=3"),
                       "disk": server("disk", 12, "disk.parts=3M,5M"), "metronome": metronome(jobs=3000)})
    for vm, kib in (("left", 3072), ("right", 5120)):
        running.wait_for(vm, DONE)
        assert running.count(vm, f"disk: {kib} KiB") == 1
        assert running.count(vm, "disk: all sums match") == 1
    running.wait_for("metronome", "jobs=3000 missed=0")
    assert not troubles(running, "left", "right")


def test_a_disk_that_is_read_only_is_read_and_not_written(machine):
    disk = {"device": "block", "server": "disk", "read-only": True}
    running = machine({"linux": devices([disk], "tiffin.readonly"), "disk": server("disk", 12)})
    running.wait_for("linux", DONE)
    assert [line for line in running.lines("linux") if " disk: " in line] == [
        "linux: disk: read-only 1", "linux: disk: read", "linux: disk: write refused"]


def kept_disk(cmdline):
    """A disk whose bytes are in a channel, and outlive it; the peer at its other end is long gone."""
    channel = {"name": "shelf", "size": "16 MiB"}
    return {"disk": server("disk", 1, f"disk.keep=shelf {cmdline}") | {"channels": [channel | {"peer": "shelf"}]},
            "shelf": app("hello", 64) | {"channels": [channel | {"peer": "disk"}]}}


@pytest.mark.parametrize("requests", [2, 23])
def test_ext4_goes_on_while_its_disk_dies_again_and_again_with_a_request_in_its_hands(machine, requests):
    running = machine({"linux": devices([{"device": "block", "server": "disk"}], "tiffin.disk=6"), "metronome": metronome(jobs=2000),
                       **kept_disk(f"server.dies-after={requests}")})
    running.wait_for("linux", DONE)
    assert running.count("disk", "disk: 8192 KiB for 1 devices") > 100 // requests
    assert running.count("linux", "disk: all sums match") == 1
    assert not troubles(running, "linux")
    running.wait_for("metronome", "jobs=2000 missed=0")


def test_frames_go_between_two_linux_vms(machine):
    card = {"device": "net", "server": "switch"}
    running = machine({"left": devices([card], "tiffin.net=10.0.0.1 tiffin.serve=5000 tiffin.linger=3"),
                       "right": devices([card | {"mac": "52:54:00:12:34:56"}], "tiffin.net=10.0.0.2 tiffin.ping=10.0.0.1 tiffin.fetch=10.0.0.1:5000"),
                       "switch": server("switch")})
    running.wait_for("right", DONE)
    running.wait_for("left", DONE)
    assert running.count("right", "net: 52:54:00:12:34:56") == 1
    assert running.count("right", "5 packets transmitted, 5 packets received") == 1
    sent = running.wait_for("right", r"net: sent 2097152 bytes, (\w+)")[1]
    assert running.count("left", f"net: got 2097152 bytes, {sent}") == 1
    assert not troubles(running, "left", "right")


def test_ports_of_a_console_come_out_in_another_vm(machine):
    running = machine({"linux": devices([{"device": "console", "server": "ports", "ports": 2}], "tiffin.ports"), "ports": server("ports")})
    running.wait_for("linux", DONE)
    assert running.count("linux", "ports: 2") == 1
    for port in (0, 1):
        running.wait_for("ports", rf"^0.{port}: this is vport\dp{port} \(port{port}\)")
    assert not troubles(running, "linux")


@pytest.mark.parametrize("port, flags", [("vport0p1", ""), ("hvc0", "ports.consoles=1")])
def test_a_line_that_is_typed_at_the_server_reaches_the_port_that_it_names(machine, port, flags):
    console = {"device": "console", "server": "ports", "ports": 2}
    running = machine({"linux": devices([console], f"tiffin.typed={port}"), "ports": server("ports", 1, flags)})
    running.wait_for("linux", f"typed: waits at {port}")
    running.send("\x1dsfocus ports\r")
    running.send("0.0:\rgood morning\r" if port == "hvc0" else "0.1: good morning\r")
    running.wait_for("linux", "typed: good morning")
    running.wait_for("linux", DONE)
    assert not troubles(running, "linux")


def test_random_bytes_come_from_another_vm(machine):
    running = machine({"linux": devices([{"device": "rng", "server": "entropy"}], "tiffin.rng"), "entropy": server("entropy")})
    running.wait_for("linux", DONE)
    assert running.count("linux", r"rng: virtio_rng.0") == 1
    assert len(set(re.findall("..", running.wait_for("linux", r"rng: ([0-9a-f]{128})$")[1]))) > 20
    assert not troubles(running, "linux")


def test_a_socket_between_two_linux_vms_carries_a_mib_there_and_back(machine):
    running = machine({"left": devices([{"device": "vsock", "server": "sockets", "cid": 3}], "tiffin.listen"),
                       "right": devices([{"device": "vsock", "server": "sockets", "cid": 4}], "tiffin.connect=3"),
                       "sockets": server("sockets")})
    for vm in ("left", "right"):
        running.wait_for(vm, DONE)
    assert running.count("left", "vsock: echoed 1048576 bytes") == 1
    assert running.count("right", "vsock: 1048576 bytes came back") == 1
    assert not troubles(running, "left", "right")


def test_a_transfer_goes_on_while_the_switch_dies_again_and_again(machine):
    card = {"device": "net", "server": "switch"}
    running = machine({"left": devices([card], "tiffin.net=10.0.0.1 tiffin.serve=5000 tiffin.linger=3"),
                       "right": devices([card], "tiffin.net=10.0.0.2 tiffin.fetch=10.0.0.1:5000"),
                       "switch": server("switch", cmdline="server.dies-after=150")})
    running.wait_for("right", DONE)
    sent = running.wait_for("right", r"net: sent 2097152 bytes, (\w+)")[1]
    assert running.count("left", f"net: got 2097152 bytes, {sent}") == 1
    assert running.count("switch", "switch: 2 ports") > 10
    assert not troubles(running, "left", "right")


def test_sockets_are_told_when_their_server_has_died_and_can_be_made_anew(machine):
    socket = {"device": "vsock", "server": "sockets"}
    running = machine({"left": devices([socket], "tiffin.listen=4"),
                       "right": devices([socket], "tiffin.connect=3 tiffin.bytes=65536 tiffin.times=4"),
                       "sockets": server("sockets", cmdline="server.dies-after=150")})
    running.wait_for("right", "vsock: 65536 bytes came back", times=4)
    assert running.count("sockets", "sockets: 2 addresses") > 1
    assert running.count("left", "vsock: .*Connection reset by peer") >= 1


def test_ports_and_random_bytes_come_again_from_servers_that_die(machine):
    running = machine({"linux": devices([{"device": "rng", "server": "entropy"}, {"device": "console", "server": "ports", "ports": 2}], "tiffin.rounds=8"),
                       "entropy": server("entropy", cmdline="server.dies-after=3"), "ports": server("ports", cmdline="server.dies-after=14")})
    running.wait_for("linux", DONE)
    for port in (0, 1):
        assert running.count("ports", rf"^0.{port}: this is vport\dp{port}") == 8
    assert running.count("linux", r"rng: [0-9a-f]{128}$") == 8
    assert running.count("tiffin", "entropy: starts anew") > 0 and running.count("tiffin", "ports: starts anew") > 0
    assert not troubles(running, "linux")


def test_the_example_gives_two_linux_vms_all_five_devices(build, boot):
    running = boot(build(text=EXAMPLE.read_text(encoding="utf-8")), Board(memory_mib=512))
    for vm, kib in (("left", 3072), ("right", 5120)):
        running.wait_for(vm, DONE, timeout=200)
        for said in ("devices: 5", f"disk: {kib} KiB", "disk: all sums match", "rng: virtio_rng.0", "ports: 2"):
            assert running.count(vm, said) == 1, said
    assert running.count("left", "net: got 2097152 bytes") == 1
    assert running.count("right", "vsock: 1048576 bytes came back") == 1
    assert running.count("ports", "this is vport") == 4
    assert not troubles(running, "left", "right")


def test_all_servers_die_under_load_and_the_job_beside_them_misses_nothing(machine):
    four = [{"device": "block", "server": "disk"}, {"device": "net", "server": "switch"},
            {"device": "console", "server": "ports", "ports": 2}, {"device": "rng", "server": "entropy"}]
    running = machine({"left": devices(four, "tiffin.net=10.0.0.1 tiffin.serve=5000 tiffin.disk=3 tiffin.ports tiffin.rng tiffin.linger=3"),
                       "right": devices(four, "tiffin.disk=4 tiffin.net=10.0.0.2 tiffin.fetch=10.0.0.1:5000 tiffin.ports tiffin.rng"),
                       **kept_disk("server.dies-after=5"), "switch": server("switch", cmdline="server.dies-after=200"),
                       "ports": server("ports", cmdline="server.dies-after=20"), "entropy": server("entropy", cmdline="server.dies-after=3"),
                       "metronome": metronome(jobs=3000)})
    for vm in ("left", "right"):
        running.wait_for(vm, DONE)
        assert running.count(vm, "disk: all sums match") == 1
    sent = running.wait_for("right", r"net: sent 2097152 bytes, (\w+)")[1]
    assert running.count("left", f"net: got 2097152 bytes, {sent}") == 1
    assert running.count("ports", "this is vport") >= 4
    assert running.count("disk", "disk: 8192 KiB") > 50 and running.count("switch", "switch: 2 ports") > 5
    running.wait_for("metronome", "jobs=3000 missed=0")
    assert not troubles(running, "left", "right")
