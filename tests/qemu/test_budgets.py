"""What a VM may have of its core, it gets, and not more: budgets, static windows, limits of interrupts, seen from the hypervisor's
accounts and from the neighbour's clock."""
import re

import pytest

from harness.describe import Board, app, fixed, linux, metronome, share

JOBS = 200


def report(running, vm, kind="vm"):
    """The numbers of the hypervisor's report about a VM; `kind`: vm, or contract."""
    start = "report vm=" if kind == "vm" else f"report {kind} vm="
    line = next(line for line in running.lines("tiffin") if line.startswith(f"{start}{vm} "))
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)\b", line)}


def machine_ticks(running):
    line = next(line for line in running.lines("tiffin") if line.startswith("report machine "))
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)\b", line)}


def spinner(ms, cpus):
    return app("spinner", cmdline=f"spinner.ms={ms}", cpus=cpus)


def test_a_budget_is_what_a_vm_gets_and_no_more(machine):
    running = machine({"greedy": spinner(400, [fixed(50, "200 us")]), "rest": spinner(300, [share()])})
    assert running.wait_until_stopped() == 0
    greedy, contract, ticks = report(running, "greedy"), report(running, "greedy", "contract"), machine_ticks(running)
    assert greedy["run_ticks"] / ticks["ticks"] == pytest.approx(0.2, abs=0.005)
    assert contract["overruns"] >= 390


def test_in_the_background_a_vm_gets_what_is_left(machine):
    running = machine({"greedy": spinner(200, [fixed(50, "200 us", when_exhausted="background")]), "rest": spinner(100, [share()])})
    assert running.wait_until_stopped() == 0
    ticks = machine_ticks(running)
    assert ticks["idle_ticks"] / ticks["ticks"] < 0.02
    assert report(running, "greedy")["run_ticks"] / ticks["ticks"] > 0.45


def test_the_background_is_shared_alike(machine):
    greedy = {f"greedy-{n}": spinner(300, [fixed(50 - n, "50 us", when_exhausted="background")]) for n in range(3)}
    running = machine(greedy)
    assert running.wait_until_stopped() == 0
    ran = [report(running, vm)["run_ticks"] for vm in greedy]
    assert max(ran) / min(ran) < 1.1


@pytest.mark.parametrize("mode", ["sleep", "yield", "timer"])
def test_budget_theft_gives_nothing_and_delays_nobody(machine, mode):
    running = machine({
        "thief": app("thief", cmdline=f"thief.mode={mode} thief.ms={JOBS}", cpus=[fixed(50, "200 us")]),
        "metronome": metronome(jobs=JOBS, priority=40),
        "rest": spinner(JOBS, [share()]),
    })
    assert running.wait_until_stopped() == 0
    ticks = machine_ticks(running)
    assert report(running, "thief")["run_ticks"] <= 0.202 * (JOBS / 1000) * ticks["freq"] + 0.0005 * ticks["freq"]
    worst = running.wait_for("metronome", rf"jobs={JOBS} missed=0 .*max=(\d+)")
    assert int(worst[1]) < 210_000, "the thief's 200 us, and no more than 10 us on top"


@pytest.mark.parametrize("gic", [2, 3])
def test_an_interrupt_storm_costs_its_owner_alone(machine, gic):
    storm = app("thief", cmdline=f"thief.mode=storm thief.ms={JOBS}", cpus=[fixed(50, "100 us")])
    storm["access"] = [{"device": "/pl061@9030000", "limits": {"interrupts-per-second": 10000}}]
    running = machine({"storm": storm, "metronome": metronome(jobs=JOBS, priority=40), "rest": spinner(JOBS, [share()])}, Board(gic=gic))
    assert running.wait_until_stopped() == 0
    taken = int(running.wait_for("storm", r"thief: done, (\d+) interrupts")[1])
    assert JOBS * 0.5 <= taken <= JOBS * 10 * 1.02  # about one a tick of the metronome on GICv2: docs/porting.md, "Where QEMU's"
    worst = running.wait_for("metronome", rf"jobs={JOBS} missed=0 .*max=(\d+)")
    assert int(worst[1]) < 115_000


def test_static_windows_give_each_vm_its_time_and_nobody_more(machine):
    window = {"core": 0}
    windows = [{"domain": "first", "offset": "0 ms", "length": "2 ms"}, {"domain": "second", "offset": "5 ms", "length": "3 ms"},
               {"domain": "first", "offset": "8 ms", "length": "1 ms"}]
    running = machine({"first": spinner(300, [window]), "second": spinner(300, [window])},
                      schedule=[{"core": 0, "major-frame": "10 ms", "windows": windows}])
    assert running.wait_until_stopped() == 0
    ticks = machine_ticks(running)["freq"] * 0.3
    for vm in ("first", "second"):
        assert report(running, vm)["run_ticks"] / ticks == pytest.approx(0.3, abs=0.01)


def test_linux_knows_the_time_that_was_stolen_from_it(machine):
    running = machine({"linux": linux(cmdline="tiffin.rounds=300 tiffin.stat"), "greedy": spinner(60_000, [fixed(50, "500 us")])})
    user, steal = map(int, running.wait_for("linux", r"linux: stat user=(\d+) steal=(\d+)", timeout=200).groups())
    assert steal > 20, "in hundredths of a second"
    assert user > 0


def test_slack_merges_wake_ups(machine):
    def wake_ups(slack):
        sleepers = {f"m{n}": app("metronome", cmdline=f"metronome.jobs=100 metronome.period_us={900 + 37 * n}") for n in range(8)}
        for sleeper in sleepers.values():
            if slack:
                sleeper["timer-slack"] = slack
        running = machine(sleepers)
        assert running.wait_until_stopped() == 0
        return machine_ticks(running)["wakeups"]

    assert wake_ups("500 us") < 0.75 * wake_ups(None)


def test_beside_a_busy_job_a_sleeper_with_slack_costs_no_wake_up(machine):
    def wake_ups(slack):
        sleeper = app("idler", memory_kib=64, cmdline="idler.naps=50 idler.nap_us=10300", cpus=[share()])
        if slack:
            sleeper["timer-slack"] = slack
        running = machine({"metronome": metronome(jobs=600), "idler": sleeper})
        assert running.wait_until_stopped() == 0
        return machine_ticks(running)["wakeups"]

    assert wake_ups(None) >= 640
    assert wake_ups("8 ms") <= 612


def test_a_core_sleeps_while_budgets_are_used_up(machine):
    running = machine({"thief": app("thief", cmdline=f"thief.mode=timer thief.ms={JOBS}", cpus=[fixed(50, "200 us")])})
    assert running.wait_until_stopped() == 0
    ticks = machine_ticks(running)
    assert ticks["idle_ticks"] / ticks["ticks"] > 0.75
    assert ticks["wakeups"] <= 2 * JOBS + 20
