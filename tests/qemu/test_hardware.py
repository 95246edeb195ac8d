"""Servers with hardware of the board's behind them, fenced by the SMMU, and Linux with a function of its own."""
import random
import socket
import threading
import time
from hashlib import sha256
from pathlib import Path

import pytest

from harness import disk_image
from harness.describe import PciBoard, devices, metronome, server
from test_virtio import DONE, troubles

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/outside/device.yaml"
MIB = 2048  # sectors
BLOCK = "virtio-blk-pci,iommu_platform=on,disable-legacy=on,drive=disk"


def board_with(image, **more):
    return PciBoard(devices=(BLOCK,), drives=(f"file={image},format=raw,id=disk,cache=unsafe",), **more)


def hardware(name, cmdline="", function="00:01.0"):
    return server(name, 1, cmdline) | {"access": [{"pci": function}]}


def disk(**more):
    return {"device": "block", "server": "disk"} | more


def test_two_linux_vms_have_a_partition_each_of_the_boards_disk(machine, tmp_path):
    parts = [(1 * MIB, 4 * MIB), (6 * MIB, 5 * MIB), (12 * MIB, 1 * MIB)]
    image = disk_image.write(tmp_path / "disk.img", 16 * MIB, disk_image.gpt(16 * MIB, parts))
    before = image.read_bytes()
    running = machine({"left": devices([disk()], "tiffin.disk=3"), "right": devices([disk()], "tiffin.disk=3"),
                       "disk": hardware("disk", "disk.partitions=2,1"), "metronome": metronome(jobs=2000)}, board_with(image))
    for vm, kib in (("left", 5120), ("right", 4096)):
        running.wait_for(vm, DONE)
        assert running.count(vm, f"disk: {kib} KiB") == 1
        assert running.count(vm, "disk: all sums match") == 1
    running.wait_for("metronome", "jobs=2000 missed=0")
    assert not troubles(running, "left", "right")
    running.end()
    after = image.read_bytes()
    for first, count in parts[:2]:
        assert after[first * 512 + 0x438:][:2] == b"\x53\xef", "an ext4 superblock"
        before, after = (whole[:first * 512] + bytes(count * 512) + whole[(first + count) * 512:] for whole in (before, after))
    assert after == before, "what is in no client's partition is as it was"


def test_the_disk_dies_again_and_again_and_its_client_loses_nothing(machine, tmp_path):
    image = disk_image.write(tmp_path / "disk.img", 8 * MIB, disk_image.mbr([(0x83, MIB, 6 * MIB)]))
    running = machine({"linux": devices([disk()], "tiffin.disk=6"), "metronome": metronome(jobs=2000),
                       "disk": hardware("disk", "disk.partitions=1 server.dies-after=5")}, board_with(image))
    running.wait_for("linux", DONE)
    assert running.count("linux", "disk: 6144 KiB") == 1
    assert running.count("linux", "disk: all sums match") == 1
    assert running.count("disk", "disk: 8192 KiB of the board's for 1 devices") > 20
    assert not troubles(running, "linux")
    running.wait_for("metronome", "jobs=2000 missed=0")


def test_an_error_of_the_hardware_is_an_error_for_its_client_and_nothing_else(machine, tmp_path):
    image = disk_image.write(tmp_path / "disk.img", 8 * MIB, b"")
    bad = "driver=raw,id=disk,file.driver=blkdebug,file.image.driver=file,file.image.filename=" + str(image)
    bad += ",file.inject-error.0.event=read_aio,file.inject-error.0.sector=8192"
    board = PciBoard(devices=(BLOCK + ",rerror=report,werror=report",), drives=(bad,))
    running = machine({"left": devices([disk()], "tiffin.whole"), "right": devices([disk()], "tiffin.disk=3"),
                       "disk": hardware("disk", "disk.parts=5M,3M")}, board)
    running.wait_for("left", "linux: disk: read until 4096 KiB")
    running.wait_for("right", DONE)
    assert running.count("right", "disk: all sums match") == 1
    assert not troubles(running, "right")


def test_a_disk_that_is_read_only_for_one_client_is_written_by_the_other(machine, tmp_path):
    image = disk_image.write(tmp_path / "disk.img", 8 * MIB, disk_image.mbr([(0x83, 64, MIB), (0x83, 2 * MIB, 5 * MIB)]))
    running = machine({"reader": devices([disk(**{"read-only": True})], "tiffin.readonly"), "writer": devices([disk()], "tiffin.disk=2"),
                       "disk": hardware("disk", "disk.partitions=1,2")}, board_with(image))
    running.wait_for("reader", "disk: write refused")
    running.wait_for("writer", "disk: all sums match")


@pytest.mark.parametrize("cmdline, said", [("", "several devices on one disk: say disk.partitions=1,2 or disk.parts=64M,8M"),
                                           ("disk.partitions=1", "disk: it has no partition table"),
                                           ("disk.parts=9M", "disk.parts: sizes like 4M,512K")])
def test_a_disk_is_never_divided_by_guessing(machine, tmp_path, cmdline, said):
    image = disk_image.write(tmp_path / "disk.img", 8 * MIB, b"")
    running = machine({"linux": devices([disk(), disk()], ""), "disk": hardware("disk", cmdline)}, board_with(image))
    running.wait_for("disk", said)


CARD = "virtio-net-pci,iommu_platform=on,disable-legacy=on,romfile=,netdev=net"


def outside(*words):
    """A board whose network card stands in QEMU's user network, 10.0.2.0/24, in which 10.0.2.2 answers pings."""
    return PciBoard(devices=(CARD,), netdevs=(",".join(("user,id=net", *words)),))


def card(**more):
    return {"device": "net", "server": "switch"} | more


class Peer:
    """A program outside: takes one connection after the other on a port of this host's own, which the guest finds at 10.0.2.2."""

    def __init__(self):
        self.got = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            connection, _ = self._socket.accept()
            with connection:
                digest = sha256()
                while chunk := connection.recv(65536):
                    digest.update(chunk)
            self.got.append(digest.hexdigest()[:16])


def test_linux_reaches_a_peer_outside_through_the_switchs_card(machine):
    peer = Peer()
    running = machine({"linux": devices([card()], f"tiffin.net=10.0.2.15 tiffin.ping=10.0.2.2 tiffin.fetch=10.0.2.2:{peer.port}"),
                       "switch": hardware("switch"), "metronome": metronome(jobs=2000)}, outside())
    running.wait_for("switch", "switch: 1 ports and the board's network card")
    running.wait_for("linux", DONE)
    assert running.count("linux", "5 packets transmitted, 5 packets received") == 1
    assert running.wait_for("linux", r"net: sent 2097152 bytes, (\w+)")[1] in peer.got
    running.wait_for("metronome", "jobs=2000 missed=0")
    assert not troubles(running, "linux")


def send_until_taken(port, what, taken):
    """Whoever is early is refused by the guest, which QEMU tells by closing what it had accepted."""
    for _ in range(40):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=8) as connection:
                connection.sendall(what)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
        except OSError:
            pass
        time.sleep(0.5)
        if taken():
            return


def test_a_peer_outside_reaches_linux_through_the_switchs_card(machine):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running = machine({"linux": devices([card()], "tiffin.net=10.0.2.15 tiffin.serve=5000"), "switch": hardware("switch")},
                      outside(f"hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:5000"))
    running.wait_for("linux", "net: serves")
    said = random.Random(1).randbytes(500_000)
    send_until_taken(port, said, lambda: running.count("linux", "net: got"))
    running.wait_for("linux", DONE)
    assert running.count("linux", f"net: got 500000 bytes, {sha256(said).hexdigest()[:16]}") == 1
    assert not troubles(running, "linux")


def test_two_linux_vms_reach_each_other_and_the_outside_while_the_switch_dies(machine):
    peer = Peer()
    running = machine({"left": devices([card()], f"tiffin.net=10.0.2.15 tiffin.serve=5000 tiffin.fetch=10.0.2.2:{peer.port} tiffin.linger=3"),
                       "right": devices([card()], "tiffin.net=10.0.2.16 tiffin.fetch=10.0.2.15:5000"),
                       "switch": hardware("switch", "server.dies-after=300")}, outside())
    for vm in ("right", "left"):
        running.wait_for(vm, DONE)
    sent = running.wait_for("right", r"net: sent 2097152 bytes, (\w+)")[1]
    assert running.count("left", f"net: got 2097152 bytes, {sent}") == 1
    assert running.wait_for("left", r"net: sent 2097152 bytes, (\w+)")[1] in peer.got
    assert running.count("switch", "switch: 2 ports and the board's network card") > 10
    assert not troubles(running, "left", "right")


@pytest.mark.parametrize("gic", [3, 2])
def test_linux_drives_pci_functions_of_its_own_with_debians_modules(machine, tmp_path, gic):
    image = disk_image.write(tmp_path / "disk.img", 8 * MIB, b"")
    board = PciBoard(devices=(BLOCK, CARD), drives=(f"file={image},format=raw,id=disk,cache=unsafe",), netdevs=("user,id=net",), gic=gic)
    linux = devices([], "tiffin.disk=3 tiffin.net=10.0.2.15 tiffin.ping=10.0.2.2 tiffin.messages") | {"access": [{"pci": "00:01.0"}, {"pci": "00:02.0"}]}
    running = machine({"linux": linux, "metronome": metronome(jobs=2000)}, board)
    running.wait_for("linux", DONE)
    assert running.count("linux", "disk: 8192 KiB") == 1
    assert running.count("linux", "disk: all sums match") == 1
    assert running.count("linux", "5 packets transmitted, 5 packets received") == 1
    assert not troubles(running, "linux")
    for of in ("virtio0-req.0", "virtio1-input.0", "virtio1-output.0"):
        assert int(running.wait_for("linux", rf"messages: {of} (\d+)")[1]) > 1
    running.wait_for("metronome", "jobs=2000 missed=0")


def test_a_linux_that_starts_anew_finds_on_its_own_disk_what_it_wrote(machine, tmp_path):
    image = disk_image.write(tmp_path / "disk.img", 8 * MIB, b"")
    linux = devices([], "tiffin.disk=2 tiffin.keep tiffin.reset") | {"access": [{"pci": "00:01.0"}]}
    running = machine({"linux": linux}, board_with(image))
    running.wait_for("linux", "disk: kept, sums match", times=2)
    running.wait_for("tiffin", "linux: starts anew", times=2)
    assert not troubles(running, "linux")


def test_the_example_runs_on_a_disk_and_a_network_of_qemus_and_keeps_what_it_wrote(tool, tmp_path):
    image = disk_image.write(tmp_path / "disk.img", 16 * MIB, b"")
    source = tmp_path / "device.yaml"
    source.write_text(EXAMPLE.read_text(encoding="utf-8").replace("file=disk.img", f"file={image},cache=unsafe"), encoding="utf-8")
    for expected in ("disk: all sums match", "disk: kept, sums match"):
        with tool.started("run", source, "--icount", "--timeout", 100) as ran:
            said = list(iter_until(ran.stdout, "devices done"))
            ran.terminate()
        assert any(expected in line for line in said), "".join(said)
        assert any("5 packets transmitted, 5 packets received" in line for line in said)


def iter_until(lines, last):
    for line in lines:
        yield line
        if last in line:
            return


def test_a_bank_of_the_boards_flash_is_a_disk_that_is_read(machine, tmp_path):
    image = tmp_path / "flash.img"
    content = random.Random(2).randbytes(1 << 20)
    image.write_bytes(content + bytes((64 << 20) - len(content)))
    board = PciBoard(devices=(), drives=(f"if=pflash,index=1,format=raw,file={image}",))
    running = machine({"linux": devices([disk(**{"read-only": True}), disk(**{"read-only": True})], "tiffin.whole tiffin.readonly"),
                       "disk": server("disk", 1, "disk.flash=1 disk.parts=1M,4M") | {"access": [{"device": "/flash@0"}]}}, board)
    running.wait_for("linux", f"disk: read until 1024 KiB, {sha256(content).hexdigest()[:16]}")
    running.wait_for("linux", "disk: write refused")
