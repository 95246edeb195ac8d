"""The watchdog of a VM: who is silent for too long starts anew, alone and unasked."""
import pytest

from harness.describe import Board, app, devices, fixed, metronome, share

ANEW = "starts anew: after its crash"
LATE = "crashed: its watchdog was not refreshed"


def lapdog(end, cpus=None, **knobs):
    cmdline = " ".join([f"lapdog.end={end}", *(f"lapdog.{name}={value}" for name, value in knobs.items())])
    limit = {"count": 16, "within": "10 s", "back-off": "1 ms"}
    return app("lapdog", cmdline=cmdline, cpus=cpus) | {"watchdog": True, "on-crash": "restart", "restart-limit": limit}


@pytest.mark.parametrize("end", ["masked", "asleep"])
@pytest.mark.parametrize("board", [Board(), Board(gic=2)], ids=["gicv3", "gicv2"])
def test_an_app_that_masks_everything_for_ever_starts_anew_beside_a_job_that_misses_nothing(machine, board, end):
    running = machine({"lapdog": lapdog(end), "metronome": metronome(jobs=1000)}, board)
    running.wait_for("lapdog", f"alive until now, the end is {end}", times=4)
    running.wait_for("metronome", "jobs=1000 missed=0")
    assert running.count(None, f"lapdog: {LATE}") >= 3
    assert running.count(None, f"lapdog: {ANEW}") >= 3


def test_one_that_outranks_all_others_and_spins_gives_the_core_back(machine):
    """Nothing of lower priority runs while it spins: the watchdog's timer is EL2's."""
    running = machine({"lapdog": lapdog("masked", [fixed(50)]), "hello": app("hello", 64)})
    running.wait_for("lapdog", "alive until now", times=2)
    running.wait_for(None, f"lapdog: {LATE}")


def test_a_refresh_in_the_handler_of_the_first_signal_is_in_time(machine):
    running = machine({"lapdog": lapdog("signal", refreshes=50)})
    assert running.wait_until_stopped() == 0
    assert running.count("lapdog", "signalled and heard") == 1
    assert running.count(None, f"lapdog: {LATE}") == 0


def test_the_limit_of_restarts_holds_and_is_said(machine):
    dog = lapdog("masked") | {"restart-limit": {"count": 2, "within": "10 s", "back-off": "1 ms"}}
    running = machine({"lapdog": dog, "metronome": metronome(jobs=1000)})
    running.wait_for(None, "lapdog: is not started anew: restarts within the limit: 2")
    running.wait_for("metronome", "jobs=1000 missed=0")
    assert running.count("lapdog", "alive until now") == 3


def test_linux_with_debians_driver_stops_refreshing_and_starts_anew_alone(machine):
    linux = devices([], "tiffin.watchdog=3") | {"watchdog": True}
    running = machine({"linux": linux, "metronome": metronome(jobs=4000), "idler": app("idler", 64, cpus=[share()])})
    running.wait_for("linux", "linux: watchdog: open", times=2)
    running.wait_for("metronome", "jobs=4000 missed=0")
    running.wait_for("idler", "job done")
    assert running.count("linux", "linux: watchdog: no more refreshes") == 1
    assert running.count(None, f"linux: {LATE}") == 1
