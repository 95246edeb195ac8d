"""gdb, as Debian ships it, debugs one VM while the others go on."""
import os
import pathlib
import re
import subprocess
import time

import pytest

from conftest import ROOT, TOOL
from harness.describe import app, description, fixed, linux

WORKER = ROOT / "build/aarch64/guest/apps/worker/worker.elf"


@pytest.fixture
def debug(tool, tmp_path):
    """debug(domains, vm, *commands): starts the machine with `vm` waiting, gives gdb the commands; what gdb said, what the machine said."""
    started = []

    def make(domains, vm, *commands, symbols=WORKER):
        source = tmp_path / "device.yaml"
        source.write_text(description(domains), encoding="utf-8")
        log = (tmp_path / "machine.log").open("w+", encoding="utf-8")
        machine = subprocess.Popen([str(TOOL), "debug", str(source), vm, "--wait", "--icount", "--timeout", "100"], cwd=ROOT,
                                   env=tool.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        started.append(machine)
        port = None
        while port is None and machine.poll() is None:
            time.sleep(0.05)
            port = re.search(r"target remote :(\d+)", (tmp_path / "machine.log").read_text(encoding="utf-8"))
        assert port, (tmp_path / "machine.log").read_text(encoding="utf-8")
        arguments = ["gdb-multiarch", "-nx", "-batch", str(symbols), "-ex", f"target remote :{port[1]}"]
        for command in commands:
            arguments += ["-ex", command]
        gdb = subprocess.run(arguments, timeout=90, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        machine.wait(timeout=100)
        return gdb.stdout, (tmp_path / "machine.log").read_text(encoding="utf-8")

    yield make
    for one in started:
        one.kill()


def test_an_app_stops_at_a_breakpoint_steps_and_goes_on_to_its_end_beside_a_job_that_misses_nothing(debug):
    worker = app("worker", cmdline="worker.for_ms=20") | {"debug": True}
    beside = app("metronome", cmdline="metronome.jobs=500", cpus=[fixed(40)])
    said, machine = debug({"worker": worker, "metronome": beside}, "worker", "p/x $pc", "stepi", "break app_main", "continue",
                          "backtrace", "delete", "hbreak tiffin::sdk::argument", "continue", "delete", "detach")
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
    said, machine = debug({"linux": linux(96, "nokaslr") | {"debug": True}, "metronome": beside}, "linux",
                          f"rwatch *(char*){banner:#x}", "continue", f"x/s {banner:#x}", "delete", "hbreak *($VBAR_EL1+0x280)",
                          "continue", "p/x $pc-$VBAR_EL1", "stepi", "p/x $pc-$VBAR_EL1", "delete", "detach", symbols="")
    assert "Value = 76 'L'" in said and '"Linux version 6.1.' in said, said
    assert "$1 = 0x280" in said and "$2 = 0x284" in said, said
    assert "linux: job done" in machine, machine
    assert "metronome: jobs=4000 missed=0" in machine, machine


def test_a_watchpoint_stops_an_app_that_writes_and_its_end_is_told(debug):
    said, machine = debug({"worker": app("worker", cmdline="worker.for_ms=20") | {"debug": True}}, "worker",
                          "watch *(long*)&'tiffin::sdk::(anonymous namespace)::facts'",
                          "continue", "delete", "continue")
    assert "Old value = 0" in said, said
    assert "exited normally" in said, said
    assert "worker: ran_us=" in machine, machine


def test_a_vm_whose_description_does_not_say_so_is_not_debugged(tool, tmp_path):
    source = tmp_path / "device.yaml"
    source.write_text(description({"hello": app("hello")}), encoding="utf-8")
    refused = tool("debug", source, "hello")
    assert refused.returncode == 1
    assert "add `debug: true`" in refused.stderr
