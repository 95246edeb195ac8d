"""A board whose cores wait in a spin table: QEMU's `virt` with EL3, and firmware of our own (tests/qemu/firmware) instead of QEMU's PSCI."""
import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .describe import Board

FIRMWARE = Path(__file__).resolve().parents[3] / "build/aarch64/tests/qemu/firmware/spin_table.bin"
TABLE = 0x4020_0000  # spin_table.S
ENTRY, WORDS = TABLE + 0xF0, (0, TABLE + 0xF8, TABLE + 0x100, TABLE + 0x100)
PLAN_OFFSET, LOAD_ADDRESS = 64 + 16, 24  # abi/plan.hpp: ImageInfo::plan_offset, PlanHeader::load_address


def load_address(image):
    """Where a boot image wants to lie."""
    content = image.read_bytes()
    (plan,) = struct.unpack_from("<I", content, PLAN_OFFSET)
    return struct.unpack_from("<Q", content, plan + LOAD_ADDRESS)[0]


@dataclass(frozen=True)
class SpinTableBoard(Board):
    tree: str = ""  # its device tree, made by `spin_table_board`

    def described(self):
        return {"board": {"dtb": self.tree}}

    def qemu_arguments(self):
        machine, virt, *rest = super().qemu_arguments()
        return [machine, virt + ",secure=on", *rest, "-bios", str(FIRMWARE)]

    def image_arguments(self, image):
        at = load_address(image)
        return ["-device", f"loader,file={image},addr={at:#x},force-raw=on", "-device", f"loader,addr={ENTRY:#x},data={at:#x},data-len=8"]


def spin_table_board(folder, reserve=True, words=WORDS, **board):
    """The board, and in `folder` its device tree: QEMU's, with the spin table written in. `words`: what each core is said to watch."""
    raw, tree = folder / "raw.dtb", folder / "spin-table.dtb"
    made = SpinTableBoard(**board, tree=str(tree))
    machine, virt, *rest = made.qemu_arguments()
    subprocess.run(["qemu-system-aarch64", machine, f"{virt},dumpdtb={raw}", *rest, "-nic", "none", "-display", "none"], check=True,
                   capture_output=True)
    text = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", raw], check=True, capture_output=True, text=True).stdout
    assert "psci" not in text
    for core in range(1, made.cores):
        method = f'enable-method = "spin-table"; cpu-release-addr = <0 {words[core]:#x}>;'
        text, count = re.subn(rf"(cpu@{core} \{{)", rf"\1 {method}", text)
        assert count == 1
    if reserve:
        text = text.replace("/dts-v1/;", f"/dts-v1/; /memreserve/ {TABLE:#x} 0x1000;", 1)
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", tree], input=text, check=True, text=True)
    return made
