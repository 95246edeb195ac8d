"""Cores that firmware without PSCI left in a spin table (Linux, "Documentation/arm64/booting.rst"). Such a board can't be switched off
either: it says its status, and sleeps."""
import pytest

from harness.describe import app, linux, share
from harness.firmware import TABLE, WORDS, spin_table_board


def on(*cores):
    return [{**share(), "core": core} for core in cores]


@pytest.mark.parametrize("gic, cores", [(3, 2), (2, 2), (3, 4)])
def test_linux_spans_cores_that_waited_in_a_spin_table(machine, tmp_path, gic, cores):
    board = spin_table_board(tmp_path, gic=gic, cores=cores)
    running = machine({"linux": linux(128, "quiet tiffin.rounds=20", cpus=on(*range(cores)))}, board)
    running.wait_for("tiffin", f"1 VMs on {cores} cores", timeout=60)
    assert int(running.wait_for("linux", r"user space reached: .* (\d+) cpus", timeout=200)[1]) == cores
    running.wait_for("tiffin", "^machine stopped: status 0$", timeout=200)


def test_of_cores_that_share_a_word_one_may_stay_behind(machine, tmp_path):
    running = machine({"last": app("hello", cpus=on(3))}, spin_table_board(tmp_path, cores=4))
    running.wait_for("tiffin", "1 VMs on 2 cores", timeout=60)
    running.wait_for("tiffin", "^machine stopped: status 0$", timeout=60)


def test_a_core_that_watches_another_word_is_missed_by_name(build, boot, tmp_path):
    board = spin_table_board(tmp_path, cores=2, words=(0, TABLE + 0x800))
    running = boot(build({"hello": app("hello", cpus=on(1))}, board), board)
    running.wait_for("tiffin", r"refused: core 1 \(affinity 0x1\) was started, and did not come up within 1 s", timeout=60)


def test_the_memory_of_the_spin_loop_must_be_reserved(tool, tmp_path):
    spin_table_board(tmp_path, cores=2, reserve=False)
    tree = tmp_path / "spin-table.dtb"
    said = tool("check", "examples/two-vms/device.yaml", "--board", tree)
    assert said.returncode == 2
    assert f"/cpus/cpu@1 waits in a spin table at {WORDS[1]:#x}, in memory that the tree does not reserve" in said.stderr + said.stdout
