"""Several cores: VMs pinned to them, VMs that span them, and what one does while another works, stops or starts anew.

QEMU with -icount runs the cores in turns of up to some milliseconds, all by one clock: a job is late by what another core did meanwhile,
which no hardware does. The metronomes beside several busy cores therefore have a period of 250 ms; test_response.py says what other cores
cost.
"""
import pytest

from harness.describe import Board, app, linux, share

TWO, FOUR = Board(cores=2), Board(cores=4)


def metronome(core, jobs=6, period_us=250_000):
    cpu = {"core": core, "policy": "fixed", "priority": 40}
    return app("metronome", cmdline=f"metronome.jobs={jobs} metronome.period_us={period_us}", cpus=[cpu])


def on(*cores):
    return [{**share(), "core": core} for core in cores]


def test_two_vms_keep_their_ticks_on_two_cores(machine):
    running = machine({"left": metronome(0, 1000, 1000), "right": metronome(1, 1500, 1000)}, TWO)
    assert running.wait_until_stopped(timeout=120) == 0
    running.wait_for("tiffin", "2 VMs on 2 cores")
    running.wait_for("left", "jobs=1000 missed=0")
    running.wait_for("right", "jobs=1500 missed=0")


def test_a_core_in_the_middle_may_stay_off(machine):
    running = machine({"last": metronome(3)}, FOUR)
    assert running.wait_until_stopped(timeout=60) == 0
    running.wait_for("tiffin", "1 VMs on 2 cores")


@pytest.mark.parametrize("gic, cores, pinned", [(3, 2, (0, 1)), (2, 2, (1, 0)), (3, 4, (0, 1, 2, 3)), (2, 4, (3, 2, 1, 0)),
                                                (3, 2, (0, 1, 0, 1))])
def test_linux_spans_cores(machine, gic, cores, pinned):
    running = machine({"linux": linux(128, "quiet tiffin.rounds=60", cpus=on(*pinned))}, Board(cores=cores, gic=gic))
    assert int(running.wait_for("linux", r"user space reached: .* (\d+) cpus", timeout=200)[1]) == len(pinned)
    assert running.wait_until_stopped(timeout=200) == 0
    running.wait_for("linux", "linux: job done")


def test_every_cpu_of_linux_works_goes_off_and_comes_back(machine):
    running = machine({"linux": linux(128, "quiet tiffin.shell", cpus=on(0, 1))}, TWO)
    running.wait_for("linux", "linux: a shell", timeout=200)
    running.send("\x1dsfocus linux\r")
    running.send("echo there are $(grep -c ^processor /proc/cpuinfo)\r")
    running.wait_for("linux", "^there are 2$", timeout=60)
    running.send("ipis() { awk '/IPI0/ {print $2 + $3}' /proc/interrupts; }; before=$(ipis)\r")
    running.send("for c in 1 2; do taskset $c sh -c 'i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done; echo worked on mask '$c; done\r")
    for mask in (1, 2):
        running.wait_for("linux", f"^worked on mask {mask}$", timeout=60)
    running.send("[ $(ipis) -gt $before ] && echo more interrupts between them\r")
    running.wait_for("linux", "^more interrupts between them$", timeout=60)
    running.send("cpu=/sys/devices/system/cpu/cpu1/online; for i in 1 2 3; do echo 0 > $cpu; echo 1 > $cpu; done; echo back with $(nproc)\r")
    running.wait_for("linux", "^back with 2$", timeout=60)
    running.send("echo 0 > $cpu; echo alone: $(nproc); poweroff -f\r")
    running.wait_for("linux", "^alone: 1$", timeout=60)
    assert running.wait_until_stopped(timeout=60) == 0


def test_a_vm_of_two_cores_starts_anew_and_stops_while_others_go_on(machine):
    beside = {"left": metronome(0, 10), "right": metronome(1, 10)}
    running = machine({"linux": linux(96, "quiet tiffin.rounds=10 tiffin.reset", cpus=on(0, 1)), **beside}, TWO)
    running.wait_for("tiffin", "linux: starts anew", timeout=200)
    running.wait_for("linux", "user space reached", timeout=200, times=2)
    for vm in beside:
        running.wait_for(vm, "jobs=10 missed=0", timeout=200)


def test_a_crash_on_one_core_leaves_the_other_alone(machine):
    running = machine({"linux": linux(96, "quiet tiffin.rounds=10 panic=-1 tiffin.crash", cpus=on(1, 0)), "left": metronome(0, 10)}, TWO)
    running.wait_for("tiffin", "linux: starts anew", timeout=200)
    running.wait_for("left", "jobs=10 missed=0", timeout=200)
