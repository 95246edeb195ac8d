"""Debian's unmodified kernels as guests."""
import pytest

from harness.describe import control, linux, metronome, share


@pytest.mark.parametrize("vcpus", [1, 2])
def test_linux_reaches_user_space_with_vcpus_on_one_core(machine, vcpus):
    running = machine({"linux": linux(128, cpus=[share()] * vcpus)})
    seen = running.wait_for("linux", r"user space reached: .* aarch64, (\d+) cpus", timeout=200)
    assert int(seen[1]) == vcpus
    assert running.wait_until_stopped(timeout=120) == 0
    assert running.count("linux", "linux: job done") == 1


def test_two_linux_vms_get_their_own_console_lines(machine):
    running = machine({"left": linux(96, "tiffin.rounds=50"), "right": linux(96, "tiffin.rounds=60")})
    assert running.wait_until_stopped(timeout=240) == 0
    sums = [running.wait_for(vm, r"linux: job done, ([0-9a-f]{16})")[1] for vm in ("left", "right")]
    assert sums[0] != sums[1]
    strays = [line for line in running.lines() if line.startswith("linux: ")]
    assert not strays, "a VM's line came without its name"


def test_a_preempt_rt_kernel_keeps_its_ticks_beside_a_busy_linux(machine):
    running = machine({"linux": linux(96, "tiffin.rounds=100"), "control": control(96, "tiffin.loops=500")})
    assert running.wait_until_stopped(timeout=240) == 0
    worst_us = int(running.wait_for("control", r"T: 0 .*C: +500 .*Max: +(\d+)")[1])
    assert worst_us < 1000


def test_linux_does_not_wait_for_entropy(machine):
    running = machine({"linux": linux(96, "tiffin.rounds=10")})
    assert running.wait_until_stopped(timeout=200) == 0
    seeded = running.wait_for("linux", r"\[ *(\d+\.\d+)\] random: crng init done")
    assert float(seeded[1]) < 0.5


def test_what_is_typed_reaches_the_focused_vm_only(machine):
    running = machine({"linux": linux(96, "quiet tiffin.shell"), "metronome": metronome(jobs=200)})
    running.wait_for("linux", "linux: a shell", timeout=200)
    running.send("\x1dsfocus linux\r")
    running.send("echo $((6 * 7))\r")
    running.wait_for("linux", "^42$", timeout=60)
    running.send("poweroff -f\r")
    assert running.wait_until_stopped(timeout=60) == 0


def test_the_shell_lists_every_vm(machine):
    running = machine({"linux": linux(96, "quiet tiffin.shell"), "metronome": metronome(jobs=200)})
    running.wait_for("linux", "linux: a shell", timeout=200)
    running.send("\x1dslist\r")
    for vm in ("linux", "metronome"):
        running.wait_for("tiffin", rf"^{vm} +(running|stopped) ", timeout=60)
