"""Servers are killed at random moments, again and again, while two Linux VMs work on all that they serve. No request may be lost."""
import os
import re
import time

import pytest

from harness.describe import app, devices, fixed, metronome, server

# `tiffin test kills` makes 10,000.
KILLS = int(os.environ.get("TIFFIN_KILLS", "200"))
SERVERS = ["disk", "switch", "ports", "entropy", "sockets"]
pytestmark = pytest.mark.timeout(900 + KILLS)
LOAD = "tiffin.load tiffin.disk=9999 tiffin.rng tiffin.ports"


def under_load():
    both = [{"device": "block", "server": "disk"}, {"device": "net", "server": "switch"},
            {"device": "console", "server": "ports", "ports": 2}, {"device": "rng", "server": "entropy"}]
    keep = {"name": "keep", "size": "16 MiB"}
    return {
        "left": devices([*both, {"device": "vsock", "server": "sockets", "cid": 3}], f"{LOAD} tiffin.net=10.0.0.1 tiffin.serve=5000 tiffin.listen"),
        "right": devices([*both, {"device": "vsock", "server": "sockets", "cid": 4}],
                         f"{LOAD} tiffin.net=10.0.0.2 tiffin.fetch=10.0.0.1:5000 tiffin.connect=3"),
        "disk": server("disk", 2, "disk.keep=keep") | {"channels": [keep | {"peer": "vault"}]},
        "vault": app("spinner") | {"channels": [keep | {"peer": "disk"}], "autostart": False},
        **{name: server(name) for name in SERVERS[1:]},
        "metronome": metronome(jobs=2 * KILLS) | {"autostart": False},
        "reaper": app("reaper", cmdline=f"reaper.kills={KILLS} reaper.seed=7", cpus=[fixed(30)]) | {"manages": SERVERS, "autostart": False},
    }


def progress(running):
    """How far each kind of work has come: the last number that each has said."""
    found = {}
    for vm in ("left", "right"):
        for line in running.lines(vm):
            if match := re.fullmatch(r"linux: (?:load: (rng|net|vsock|disk requests)|disk: (round)) (\d+)", line):
                found[vm, match[1] or match[2]] = int(match[3])
    for line in running.lines("ports"):
        if match := re.fullmatch(r"(\d\.\d): load (\d+)", line):
            found["port", match[1]] = int(match[2])
    return found


def lost(running):
    """Numbers that are missing in what says each number once: what ports print, and how often random bytes came."""
    said = {}
    for vm, pattern in (("ports", r"(\d\.\d): load (\d+)"), ("left", r"linux: load: (rng) (\d+)"), ("right", r"linux: load: (rng) (\d+)")):
        for line in running.lines(vm):
            if match := re.fullmatch(pattern, line):
                said.setdefault((vm, match[1]), set()).add(int(match[2]))
    return {who: missing for who, numbers in said.items() if (missing := set(range(min(numbers), max(numbers))) - numbers)}


def wait_until(running, done, timeout, why):
    end = time.monotonic() + timeout
    while not done(now := progress(running)):
        assert time.monotonic() < end and running.running(), f"{why}: {now}\n{running.tail()}"
        time.sleep(0.5)
    return now


def test_servers_that_are_killed_at_random_under_load_lose_no_request(machine):
    running = machine(under_load())
    wait_until(running, lambda now: len(now) == 12, 600, "not everything is at work")
    running.send("\x1dsstart metronome\rstart reaper\r")
    told = running.wait_for("reaper", rf"reaper: {KILLS} kills of seed 7: (.*)", timeout=600 + KILLS)
    of_each = [int(n) for n in told[1].split()]
    assert len(of_each) == len(SERVERS) and min(of_each) > KILLS / 10
    before = progress(running)
    after = wait_until(running, lambda now: all(now[who] > before[who] + 1 for who in before), 600, f"something stands still since {before}")
    print(f"{KILLS} kills, {dict(zip(SERVERS, of_each))}; done: {after}")
    assert not lost(running)
    assert not [line for vm in ("left", "right") for line in running.lines(vm) if re.search("FAILED|dmesg", line)]
    running.wait_for("metronome", "missed=0")
