"""A traced run: what the rings say agrees with what the hypervisor counts, and can be read out and looked at in every way."""
import json
import re
import shutil
import signal
import subprocess
import time

import pytest

from conftest import ROOT, TOOL, Tool
from harness.describe import Board, app, description, fixed, metronome

TRACED = {"trace": "1 MiB"}
TWO = {"metronome": metronome(jobs=50), "spinner": app("spinner", cmdline="spinner.ms=80")}
REPORT = re.compile(r"report vm=(\S+) .*run_ticks=(\d+)")


def traced_run(tool, folder, domains=None, board=Board(), options=TRACED):
    """Runs a device to its end; the trace's file, and what the hypervisor reported."""
    source, trace = folder / "device.yaml", folder / "run.trace"
    source.write_text(description(domains or TWO, board, options), encoding="utf-8")
    run = tool("run", "--icount", "--timeout", 100, "--trace", trace, source)
    assert run.returncode == 0, run.stdout + run.stderr
    return trace, run.stdout


def summary(tool, *arguments):
    told = tool("trace", "--json", *arguments)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def ran(told):
    return {vcpu["name"]: vcpu["run_ticks"] for vcpu in told["vcpus"]}


@pytest.mark.parametrize("gic", [2, 3])
def test_the_switches_of_a_trace_add_up_to_the_run_ticks_of_the_report(tool, tmp_path, gic):
    trace, said = traced_run(tool, tmp_path, board=Board(gic=gic))
    told = ran(summary(tool, trace))
    reported = {name: int(ticks) for name, ticks in REPORT.findall(said)}
    assert told["metronome"] == reported["metronome"]
    # The last turn of all ends nowhere: the board was switched off in it.
    assert abs(reported["spinner"] - told["spinner"]) < 100


def test_the_waits_of_a_real_time_vm_are_in_the_trace(tool, tmp_path):
    trace, _ = traced_run(tool, tmp_path)
    told = {vcpu["name"]: vcpu for vcpu in summary(tool, trace)["vcpus"]}
    assert told["metronome"]["waits"] == 50
    assert 0 < told["metronome"]["wait_worst_ticks"] < 1000 // 16 + 20


def test_the_longest_paths_of_the_report_are_those_in_the_trace(tool, tmp_path):
    trace, said = traced_run(tool, tmp_path)
    reported = {kind: int(ticks) for ticks, kind in re.findall(r"report path core=0 ticks=(\d+) kind=(\S+) ", said)}
    assert len(reported) >= 3
    assert reported == {path["kind"]: path["ticks"] for path in summary(tool, trace)["cores"][0]["longest"]}


def test_a_machine_that_is_not_asked_for_a_trace_keeps_none(tool, tmp_path):
    source = tmp_path / "device.yaml"
    source.write_text(description(TWO), encoding="utf-8")
    run = tool("run", "--icount", "--timeout", 100, "--trace", tmp_path / "run.trace", source)
    assert run.returncode == 1
    assert "the description asks for no trace; add `options: {trace: 1 MiB}`" in run.stderr


def test_a_running_machine_gives_its_trace_when_it_is_asked(tmp_path):
    source, trace = tmp_path / "device.yaml", tmp_path / "run.trace"
    source.write_text(description({"spinner": app("spinner", cmdline="spinner.ms=60000")}, options=TRACED), encoding="utf-8")
    with subprocess.Popen([TOOL, "run", "--icount", "--trace", str(trace), str(source)], cwd=ROOT, env=Tool().environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            for line in run.stdout:
                if "spinner: spinning" in line:
                    break
            run.send_signal(signal.SIGUSR1)
            deadline = time.monotonic() + 20
            while not trace.exists() and time.monotonic() < deadline:
                time.sleep(0.1)
            assert run.poll() is None, "the machine goes on"
        finally:
            run.send_signal(signal.SIGTERM)
            run.communicate(timeout=20)
    assert "spinner" in ran(summary(Tool(), trace))


def test_the_shell_prints_the_trace_and_the_machine_goes_on(machine, tool, tmp_path):
    domains = {"metronome": metronome(jobs=200), "spinner": app("spinner", cmdline="spinner.ms=600000")}
    running = machine(domains, options={"trace": "4 KiB"})
    running.wait_for("tiffin", "^metronome: stopped")
    running.send("trace\r")
    running.wait_for("tiffin", "trace end")
    running.send("list\r")
    running.wait_for("tiffin", "^metronome +stopped")
    log = tmp_path / "console.log"
    log.write_text(running.log(), encoding="utf-8")
    told = summary(tool, "--from-console", log)
    assert set(ran(told)) >= {"metronome", "spinner"}
    assert told["cores"][0]["overwritten"] > 0 and told["cores"][0]["events"] == 256


def test_a_dump_of_all_memory_is_a_trace_file_too(machine, tool, tmp_path):
    running = machine({"spinner": app("spinner", cmdline="spinner.ms=60000")}, Board(memory_mib=128), options=TRACED)
    running.wait_for("spinner", "spinning")
    memory = tmp_path / "memory"
    running.qmp.command("stop")
    running.qmp.command("pmemsave", val=0x40000000, size=128 << 20, filename=str(memory))
    assert "spinner" in ran(summary(tool, memory))


@pytest.mark.skipif(shutil.which("protoc") is None, reason="needs protoc (Debian package protobuf-compiler)")
def test_perfettos_format_as_protoc_reads_it(tool, tmp_path):
    trace, _ = traced_run(tool, tmp_path)
    perfetto = tmp_path / "run.pftrace"
    assert tool("trace", trace, "-o", perfetto).returncode == 0
    command = ["protoc", "--proto_path", ROOT / "tests/qemu/harness", "--decode", "perfetto.protos.Trace", "perfetto.proto"]
    text = subprocess.run(command, input=perfetto.read_bytes(), capture_output=True, check=True, timeout=60).stdout.decode()
    assert re.search(r'track_descriptor \{\s*uuid: 256\s*name: "core 0"', text)
    begins = text.count("type: TYPE_SLICE_BEGIN")
    assert begins > 200 and begins == text.count("type: TYPE_SLICE_END")
    assert 'name: "metronome"' in text and 'name: "EL2 timer"' in text
    assert not re.search(r"^\s*\d+:", text, re.MULTILINE), "a field that Perfetto does not know"


def contract(greedy_budget, folder):
    """The path of a description in which a real-time VM shares the core with a greedy one."""
    speed = {"instructions-per-second": 1_000_000_000, "margin": 20}
    cpu = {"core": 0, "policy": "fixed", "priority": 40, "budget": "100 us", "period": "1 ms", "deadline": "900 us"}
    domains = {"metronome": app("metronome", cmdline="metronome.jobs=100", cpus=[cpu]),
               "greedy": app("spinner", cmdline="spinner.ms=150", cpus=[fixed(50, greedy_budget)])}
    source = folder / f"{greedy_budget.replace(' ', '-')}.yaml"
    source.write_text(description(domains, options=TRACED, speed=speed), encoding="utf-8")
    return source


def test_an_audit_finds_that_a_run_kept_its_contract_and_that_it_breaks_a_smaller_one(tool, tmp_path):
    promised, less = contract("200 us", tmp_path), contract("100 us", tmp_path)
    trace = tmp_path / "run.trace"
    run = tool("run", "--icount", "--timeout", 100, "--trace", trace, promised)
    assert run.returncode == 0, run.stdout + run.stderr
    kept = tool("audit", promised, trace)
    assert kept.returncode == 0, kept.stdout + kept.stderr
    assert "audit: every bound was kept" in kept.stdout
    assert re.search(r"metronome: .*; (\d+) of \1 activations have a bound", kept.stdout), kept.stdout
    broken = tool("audit", less, trace)
    assert broken.returncode == 1
    assert re.search(r"PASSED greedy: from [\d.]+ us on it ran 19\d\.\d+ us in 1000\.000 us, and 1\d\d\.\d+ us is the most", broken.stdout)


CHROMIUM = shutil.which("chromium-headless-shell")
PROBE = """<script>addEventListener("load", () => {
  const line = document.getElementById("timeline"), was = line.dataset.from + " " + line.dataset.to;
  document.querySelector("#waits tr.worst").click();
  document.body.dataset.seen = was + " " + line.dataset.from + " " + line.dataset.to;
  const c = line.getContext("2d"), pixels = c.getImageData(0, 0, line.width, line.height).data;
  document.body.dataset.ink = pixels.filter((p, i) => i % 4 === 3 && p > 0).length;
});</script></html>"""


@pytest.mark.skipif(CHROMIUM is None, reason="needs a browser (Debian package chromium-headless-shell)")
def test_a_click_on_a_worst_case_moves_the_timeline_there(tool, tmp_path):
    trace, _ = traced_run(tool, tmp_path)
    page = tmp_path / "run.html"
    assert tool("trace", trace, "--html", page).returncode == 0
    page.write_text(page.read_text(encoding="utf-8").replace("</html>", PROBE), encoding="utf-8")
    browser = subprocess.run([CHROMIUM, "--no-sandbox", "--disable-gpu", "--window-size=1200,900", "--dump-dom", page.as_uri()],
                             capture_output=True, text=True, timeout=100, check=True)
    seen = re.search(r'data-seen="([^"]*)"', browser.stdout)
    assert seen, "the page's script failed:\n" + browser.stderr[-2000:]
    was_from, was_to, is_from, is_to = map(float, seen[1].split())
    assert was_from == 0 and was_to > 80e6, "at first all of the trace is shown"
    assert is_to - is_from < 20_000, "then a few microseconds around the wait"
    first = re.search(r'<tr class="worst"[^>]*><td class="n">[^<]*</td><td class="">metronome</td><td class="">([\d.]+) (ms|µs)</td>', browser.stdout)
    at = float(first[1]) * {"ms": 1e6, "µs": 1e3}[first[2]]
    assert is_from < at < is_to
    assert int(re.search(r'data-ink="(\d+)"', browser.stdout)[1]) > 5000, "something was drawn"
