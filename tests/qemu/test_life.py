"""The life of a VM in the hands of others: the shell, its watchdog, a VM that manages it."""
import json
import re

import pytest

from harness.describe import Board, app, devices, linux, metronome, server

DISK = {"device": "block", "server": "disk"}


def shell(running, command):
    running.send(f"\x1ds{command}\r")


@pytest.mark.parametrize("gic", [2, 3])
def test_the_shell_pauses_a_vm_and_lets_it_go_on(machine, gic):
    running = machine({"worker": app("idler", cmdline="idler.naps=400 idler.nap_us=10000"), "metronome": metronome(jobs=8000)}, Board(gic=gic))
    running.wait_for("worker", "idler: awake")
    shell(running, "pause worker")
    shell(running, "list")
    running.wait_for("tiffin", r"^worker +paused", timeout=60)
    running.wait_for("metronome", "jobs=8000 missed=0", timeout=120)
    assert running.count("worker", "job done") == 0, "4 s of naps have passed, and it has slept through"
    shell(running, "resume worker")
    running.wait_for("worker", "idler: job done", timeout=120)


def test_linux_is_paused_and_does_not_notice(machine):
    running = machine({"linux": linux(96, "tiffin.rounds=300"), "metronome": metronome(jobs=6000)})
    running.wait_for("linux", "user space reached", timeout=200)
    shell(running, "pause linux")
    running.wait_for("metronome", "jobs=6000 missed=0", timeout=200)
    shell(running, "resume linux")
    running.wait_for("linux", "linux: job done", timeout=200)
    assert not running.count("linux", r"rcu.*stall|soft lockup|clocksource.*unstable")


def test_a_vm_is_stopped_and_started_from_the_shell(machine):
    running = machine({"linux": linux(96, "tiffin.rounds=5 tiffin.stay"), "metronome": metronome(jobs=6000)})
    running.wait_for("linux", "linux: job done", timeout=200)
    shell(running, "stop linux")
    running.wait_for("tiffin", "linux: stopped: by its manager", timeout=60)
    shell(running, "start linux")
    running.wait_for("linux", "linux: job done", timeout=200, times=2)
    running.wait_for("metronome", "jobs=6000 missed=0", timeout=120)


def test_a_disk_that_is_restarted_from_the_shell_keeps_its_clients(machine):
    keep = {"name": "keep", "size": "16 MiB"}
    domains = {
        "linux": devices([DISK], "tiffin.disk=12"),
        "disk": server("disk", 2, "disk.keep=keep") | {"channels": [keep | {"peer": "vault"}]},
        "vault": app("spinner") | {"channels": [keep | {"peer": "disk"}], "autostart": False},
        "metronome": metronome(jobs=4000),
    }
    running = machine(domains)
    for round_ in (2, 4, 6, 8):
        running.wait_for("linux", f"disk: round {round_}", timeout=200)
        shell(running, "restart disk")
    running.wait_for("linux", "disk: all sums match", timeout=300)
    running.wait_for("metronome", "jobs=4000 missed=0", timeout=200)
    assert running.count("tiffin", "disk: starts anew: by its manager") >= 3
    assert not running.count("linux", r"I/O error|FAILED|EXT4-fs error")


def test_an_app_that_fails_is_started_anew_until_its_limit(machine):
    failing = server("disk", 1, "disk.mib=64")  # more than it has: it panics at once
    failing |= {"on-crash": "restart", "restart-limit": {"count": 2, "within": "10 s", "back-off": "1 ms"}}
    running = machine({"failing": failing, "metronome": metronome(jobs=3000)})
    running.wait_for("tiffin", "failing: is not started anew: restarts within the limit: 2", timeout=60)
    assert running.count("tiffin", "failing: starts anew: after its crash") == 2
    running.wait_for("metronome", "jobs=3000 missed=0", timeout=120)


def managed_by_linux(ctl, **more):
    """Linux with a disk, which manages the disk's VM and a metronome, and not the vault in which the disk keeps its blocks."""
    keep = {"name": "keep", "size": "16 MiB"}
    return {
        "linux": devices([DISK], f"tiffin.disk=8 tiffin.ctl={ctl}") | {"manages": ["disk", "metronome"]},
        "disk": server("disk", 2, "disk.keep=keep") | {"channels": [keep | {"peer": "vault"}]},
        "vault": app("spinner") | {"channels": [keep | {"peer": "disk"}], "autostart": False},
        "metronome": metronome(jobs=4000),
    } | more


def told_by_tiffinctl(running):
    """Its lines; the console has split those of more than 160 bytes."""
    whole = "\n".join(running.lines("linux")).replace("\n+", "")
    return re.findall("^linux: ctl: (.*)$", whole, re.MULTILINE)


def test_linux_restarts_its_disk_under_a_mounted_file_system(machine):
    running = machine(managed_by_linux(",".join(["nap:0.2,restart:disk"] * 4)))
    running.wait_for("linux", "ctl: disk: running, started anew 4 times, 0 faults", timeout=200)
    running.wait_for("linux", "disk: all sums match", timeout=300)
    running.wait_for("metronome", "jobs=4000 missed=0", timeout=200)
    assert not running.count("linux", r"I/O error|FAILED|EXT4-fs error")


def test_linux_pauses_and_resumes_a_job_that_does_not_notice(machine):
    watch = "pause:metronome,status:metronome:--json,nap:0.5,status:metronome:--json,resume:metronome,nap:0.5,status:metronome:--json"
    running = machine(managed_by_linux(watch))
    running.wait_for("linux", "ctl: done", timeout=200)
    first, second, third = (json.loads(line) for line in told_by_tiffinctl(running) if line.startswith("{"))
    assert first["name"] == "metronome" and first["state"] == second["state"] == "paused" and third["state"] == "running"
    assert first["run_us"] == second["run_us"] < third["run_us"]
    assert running.count("linux", "ctl: metronome: paused, ") == running.count("linux", "ctl: metronome: running, ") == 1
    running.wait_for("metronome", "jobs=4000 missed=0", timeout=200)


def test_linux_sees_those_it_manages_and_is_refused_the_others_in_words(machine):
    running = machine(managed_by_linux("list,list:--json,stop:vault,resume:disk,stop:vault:--json"))
    running.wait_for("linux", "ctl: done", timeout=200)
    said = told_by_tiffinctl(running)
    assert [line.split()[:2] for line in said[:3]] == [["VM", "state"], ["disk", "running"], ["metronome", "running"]]
    assert [vm["name"] for vm in json.loads(said[3])["vms"]] == ["disk", "metronome"]
    nobody = 'this VM manages no "vault", but disk or metronome; the device description says so (`manages`)'
    assert said[4:6] == [f"tiffinctl: {nobody}", 'tiffinctl: disk is running, and "resume" is for a VM that is paused']
    assert json.loads(said[6]) == {"error": {"status": 3, "message": nobody}}
    assert not running.count("tiffin", "^vault: ")


def test_a_linux_that_manages_nobody_is_told_so(machine):
    running = machine({"linux": devices([], "tiffin.ctl=list"), "metronome": metronome(jobs=3000)})
    running.wait_for("linux", "ctl: tiffinctl: the device tree has no manager's page", timeout=200)
