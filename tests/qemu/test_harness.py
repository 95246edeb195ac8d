"""The harness itself, on a Linux that QEMU boots without a hypervisor."""
import os
from pathlib import Path

import pytest

from harness.describe import Board
from harness.machine import Machine

CACHE = Path(os.environ.get("TIFFIN_CACHE", Path(__file__).resolve().parent.parent.parent / ".cache"))


class NativeBoard(Board):
    """Boots at EL1, with an initramfs whose first process gives a shell."""

    def qemu_arguments(self):
        return ["-M", "virt,dtb-randomness=off", "-cpu", self.cpu, "-m", f"{self.memory_mib}M", "-initrd",
                str(CACHE / "initrd-linux.cpio.gz"), "-append", "console=ttyAMA0 quiet tiffin.shell"]


@pytest.fixture
def native(tmp_path):
    machine = Machine(CACHE / "linux/Image", NativeBoard(memory_mib=128), tmp_path)
    yield machine
    machine.end()


def test_what_is_typed_reaches_the_guest_and_its_answer_comes_back(native):
    native.wait_for(None, "linux: a shell")
    native.send("echo $((6 * 7))\n")
    native.wait_for(None, "^42$", timeout=30)


def test_the_monitor_answers_while_the_guest_runs(native):
    native.wait_for(None, "linux: user space reached")
    assert native.qmp.command("query-status")["status"] == "running"


def test_a_missing_line_is_reported_with_the_console(native):
    with pytest.raises(AssertionError, match="never said 'no such line' 1 times"):
        native.wait_for(None, "no such line", timeout=1)


def test_ending_a_machine_ends_its_qemu(native):
    native.end()
    assert not native.running()
