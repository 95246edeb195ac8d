"""Servers with the board's virtio-mmio slots behind them: no SMMU stands before these, so the description must accept it in words."""
from dataclasses import dataclass

from harness import disk_image
from harness.describe import Board, devices, metronome, server
from test_hardware import MIB, Peer, card, disk
from test_virtio import DONE, troubles


@dataclass(frozen=True)
class SlotBoard(Board):
    """Devices in slots from the first one on, and what is behind them."""

    devices: tuple = ()
    behind: tuple = ()

    def qemu_arguments(self):
        placed = [word for n, device in enumerate(self.devices) for word in ("-device", f"{device},bus=virtio-mmio-bus.{n}")]
        return [*super().qemu_arguments(), *self.behind, *placed, "-global", "virtio-mmio.force-legacy=false"]


def with_slots(name, memory_mib, cmdline=""):
    """A server that has the first eight slots, which share a page."""
    slots = [{"device": f"/virtio_mmio@{0xa000000 + n * 0x200:x}", "dma": "unfenced-this-vm-can-read-and-write-all-memory"} for n in range(8)]
    return server(name, memory_mib, cmdline) | {"access": slots}


def test_a_disk_in_a_slot_of_the_board_dies_again_and_again_and_its_client_loses_nothing(machine, tmp_path):
    image = disk_image.write(tmp_path / "disk.img", 8 * MIB, disk_image.mbr([(0x83, MIB, 6 * MIB)]))
    board = SlotBoard(devices=("virtio-rng-device", "virtio-blk-device,drive=disk"),
                      behind=("-drive", f"if=none,file={image},format=raw,id=disk,cache=unsafe"))
    running = machine({"linux": devices([disk()], "tiffin.disk=6"), "metronome": metronome(jobs=2000),
                       "disk": with_slots("disk", 1, "disk.partitions=1 server.dies-after=5")}, board)
    running.wait_for("linux", DONE)
    assert running.count("linux", "disk: 6144 KiB") == 1
    assert running.count("linux", "disk: all sums match") == 1
    assert running.count("disk", "disk: 8192 KiB of the board's for 1 devices") > 20
    assert not troubles(running, "linux")
    running.wait_for("metronome", "jobs=2000 missed=0")
    running.end()
    assert image.read_bytes()[MIB * 512 + 0x438:][:2] == b"\x53\xef", "an ext4 superblock"


def test_a_network_card_in_a_slot_of_the_board_is_the_switchs_way_out(machine):
    peer = Peer()
    board = SlotBoard(gic=2, devices=("virtio-net-device,netdev=net",), behind=("-netdev", "user,id=net"))
    running = machine({"linux": devices([card()], f"tiffin.net=10.0.2.15 tiffin.ping=10.0.2.2 tiffin.fetch=10.0.2.2:{peer.port}"),
                       "switch": with_slots("switch", 1), "metronome": metronome(jobs=2000)}, board)
    running.wait_for("switch", "switch: 1 ports and the board's network card")
    running.wait_for("linux", DONE)
    assert running.count("linux", "5 packets transmitted, 5 packets received") == 1
    assert running.wait_for("linux", r"net: sent 2097152 bytes, (\w+)")[1] in peer.got
    running.wait_for("metronome", "jobs=2000 missed=0")
    assert not troubles(running, "linux")
