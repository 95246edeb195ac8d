"""gdb, as Debian ships it, debugs one VM while the others go on."""
import os
import pathlib
import re

import pytest

from conftest import ROOT, TOOL
from harness.describe import Board, app, description, fixed, linux, share
from harness.gdb import Debugged

WORKER = ROOT / "build/aarch64/guest/apps/worker/worker.elf"
# An interrupt's vector while the kernel runs, and while a program does ("Vector table" in "Exception entry", Arm ARM DDI 0487).
KERNEL_IRQ, PROGRAM_IRQ = 0x280, 0x480


@pytest.fixture
def debug(tool, tmp_path):
    """debug(domains, vm): the machine, in which `vm` waits for gdb. Whatever happens to the test, all is ended."""
    started = []

    def make(domains, vm, board=Board()):
        source = tmp_path / "device.yaml"
        source.write_text(description(domains, board), encoding="utf-8")
        started.append(Debugged([str(TOOL), "debug", str(source), vm, "--wait", "--icount", "--timeout", "150"], tmp_path, cwd=ROOT,
                                env=tool.environment))
        return started[-1]

    yield make
    for one in started:
        one.kill()


def test_an_app_stops_at_a_breakpoint_steps_and_goes_on_to_its_end_beside_a_job_that_misses_nothing(debug):
    worker = app("worker", cmdline="worker.for_ms=20") | {"debug": True}
    beside = app("metronome", cmdline="metronome.jobs=500", cpus=[fixed(40)])
    said, machine = debug({"worker": worker, "metronome": beside}, "worker").batch(
        "p/x $pc", "stepi", "break app_main", "continue", "backtrace", "delete", "hbreak tiffin::sdk::argument", "continue", "delete",
        "detach", symbols=WORKER)
    assert "$1 = 0x40000000" in said, said
    assert re.search(r"Breakpoint 1, app_main", said), said
    assert re.search(r"#1 .* in tiffin_guest_start", said), said
    assert re.search(r"worker: ran_us=\d+ of_us=20000", machine), machine
    assert re.search(r"metronome: jobs=500 missed=0", machine), machine


def linux_banner():
    """Where Linux keeps what it says first, with nokaslr (KIMAGE_VADDR of Linux 6.1): the one with a build number, for there is a weak one."""
    cache = pathlib.Path(os.environ.get("TIFFIN_CACHE", ROOT / ".cache"))
    kernel = (cache / "linux/Image").read_bytes()
    return 0xffff_8000_0800_0000 + re.search(rb"Linux version 6\.1\.[^\n]*#1 ", kernel).start()


def test_debians_linux_stops_where_it_reads_its_banner_and_at_its_interrupt_vector_and_goes_on_to_its_end(debug):
    banner = linux_banner()
    beside = app("metronome", cmdline="metronome.jobs=4000", cpus=[fixed(40)])
    said, machine = debug({"linux": linux(96, "nokaslr") | {"debug": True}, "metronome": beside}, "linux").batch(
        f"rwatch *(char*){banner:#x}", "continue", f"x/s {banner:#x}", "delete", f"hbreak *($VBAR_EL1+{KERNEL_IRQ})", "continue",
        "p/x $pc-$VBAR_EL1", "stepi", "p/x $pc-$VBAR_EL1", "delete", "detach")
    assert "Value = 76 'L'" in said and '"Linux version 6.1.' in said, said
    assert "$1 = 0x280" in said and "$2 = 0x284" in said, said
    assert "linux: job done" in machine, machine
    assert "metronome: jobs=4000 missed=0" in machine, machine


def test_a_watchpoint_stops_an_app_that_writes_and_its_end_is_told(debug):
    said, machine = debug({"worker": app("worker", cmdline="worker.for_ms=20") | {"debug": True}}, "worker").batch(
        "watch *(long*)&'tiffin::sdk::(anonymous namespace)::facts'", "continue", "delete", "continue", symbols=WORKER)
    assert "Old value = 0" in said, said
    assert "exited normally" in said, said
    assert "worker: ran_us=" in machine, machine


def at_work(debug, **more):
    """Linux under gdb's hand, which has reached its programs, and a job beside it."""
    beside = app("metronome", cmdline="metronome.jobs=4000", cpus=[fixed(40)])
    machine = debug({"linux": linux(96, "tiffin.rounds=800", **more) | {"debug": True}, "metronome": beside}, "linux")
    gdb = machine.gdb()
    gdb.type("continue")
    machine.wait_for("linux: user space reached")
    return machine, gdb


def paused(gdb, times=1):
    gdb.press_ctrl_c()
    gdb.wait_for("received signal SIGINT", times)


def goes_on_to_its_end(machine):
    assert machine.end() == 0, machine.said()
    assert "linux: job done" in machine.said()
    assert "metronome: jobs=4000 missed=0" in machine.said()
    assert "FAILED" not in machine.said()


def test_ctrl_c_pauses_debians_linux_at_work_as_often_as_it_is_pressed(debug):
    machine, gdb = at_work(debug)
    for n in range(1, 4):
        paused(gdb, n)
        gdb.type(f"p/x $pc + {n}0000000", "continue")
        gdb.wait_for(rf"\${n} = 0x")
    gdb.wait_for("exited normally", timeout=100)
    goes_on_to_its_end(machine)


def test_breakpoints_in_the_kernel_of_debians_linux_at_work_stop_it_each_time(debug):
    machine, gdb = at_work(debug)
    paused(gdb)
    gdb.type(*(f"break *($VBAR_EL1+{at})" for at in (KERNEL_IRQ, PROGRAM_IRQ)), *["continue", "p/x $pc-$VBAR_EL1"] * 5, "delete",
             "continue")
    gdb.wait_for("exited normally", timeout=100)
    stops = re.findall(r"^.*\$\d+ = (0x\w+)$", gdb.said(), re.MULTILINE)
    assert len(stops) == 5 and set(stops) <= {hex(KERNEL_IRQ), hex(PROGRAM_IRQ)}, gdb.said()
    assert len(re.findall(r"Breakpoint [12], 0x", gdb.said())) == 5, gdb.said()
    goes_on_to_its_end(machine)


@pytest.mark.parametrize("pauses_it_first", [True, False])
def test_linux_goes_on_when_gdb_dies_with_breakpoints_in_it_and_another_gdb_may_come(debug, pauses_it_first):
    machine, gdb = at_work(debug)
    paused(gdb)
    gdb.type(*(f"break *($VBAR_EL1+{at})" for at in (0x300, KERNEL_IRQ, PROGRAM_IRQ)), "continue")  # a FIQ, 0x300, never comes
    gdb.wait_for("Breakpoint [23], 0x")
    if not pauses_it_first:
        gdb.type("delete 2 3", "continue")
        gdb.wait_for(r"Continuing", 3)
    gdb.kill()
    other = machine.gdb()
    other.type("p/x *(int*)($VBAR_EL1+0x300) == 0xd4200000", "p/x $pc + 0", "detach", "quit")
    assert other.end(60) == 0
    assert "$1 = 0x0" in other.said() and "$2 = 0x" in other.said(), other.said()
    goes_on_to_its_end(machine)


def test_vcpus_of_two_cores_stop_together_and_one_steps(debug):
    cpus = [{**share(), "core": core} for core in (0, 1)]
    machine = debug({"linux": linux(96, "tiffin.rounds=800", cpus=cpus) | {"debug": True}}, "linux", Board(cores=2))
    gdb = machine.gdb()
    gdb.type("continue")
    machine.wait_for("linux: user space reached")
    paused(gdb)
    gdb.type("info threads", "thread 2", "set $before = $pc", "stepi", "p $pc != $before", *(f"break *($VBAR_EL1+{at})" for at in (KERNEL_IRQ, PROGRAM_IRQ)),
             *["continue"] * 10)
    gdb.wait_for("Breakpoint [12], 0x", 10)
    assert re.search(r"Thread 1 \(vCPU 0\) 0x", gdb.said()) and re.search(r"Thread 2 \(vCPU 1\) 0x", gdb.said()), gdb.said()
    assert "$1 = 1" in gdb.said(), gdb.said()
    gdb.kill()
    other = machine.gdb()
    other.type("detach", "quit")
    assert other.end(60) == 0
    assert machine.end() == 0 and "linux: job done" in machine.said(), machine.said()


def test_vector_registers_are_read_and_changed_while_another_vm_uses_them_too(debug):
    guards = {name: app("fpguard", cmdline=f"fpguard.pattern={pattern} fpguard.turns=300") for name, pattern in (("guard", 5), ("other", 6))}
    guards["guard"] |= {"debug": True}
    said, machine = debug(guards, "guard").batch(
        "hbreak sum_registers", "continue", "p $v31.q[1]", "continue", "p/x $v31.q[1]", "p/x $v0.w[0]", "continue", "set $v31.q[1] = 0",
        "p/x $v31.q[1]", "delete", "continue", symbols=ROOT / "build/aarch64/guest/apps/fpguard/fpguard.elf")
    assert "$1 = 0\n" in said and "$2 = 0x505050505050505\n" in said and "$3 = 0x5050505\n" in said and "$4 = 0x0\n" in said, said
    assert "[guard] fpguard: LOST: turn 1\n" in machine, machine
    assert "[other] fpguard: 300 turns, nothing lost or leaked\n" in machine, machine


def test_a_vm_whose_description_does_not_say_so_is_not_debugged(tool, tmp_path):
    source = tmp_path / "device.yaml"
    source.write_text(description({"hello": app("hello")}), encoding="utf-8")
    refused = tool("debug", source, "hello")
    assert refused.returncode == 1
    assert "add `debug: true`" in refused.stderr
