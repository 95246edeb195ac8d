"""Reset and power-off of one VM: the others do not notice."""
from harness.describe import app, linux, metronome


def test_linux_powers_off_and_the_metronome_goes_on(machine):
    running = machine({"linux": linux(96, "tiffin.rounds=10"), "metronome": metronome(jobs=4000)})
    running.wait_for("linux", "linux: job done", timeout=200)
    assert running.count("metronome", "jobs=") == 0, "the metronome was done first: this test shows nothing"
    assert running.wait_until_stopped(timeout=120) == 0
    running.wait_for("metronome", "jobs=4000 missed=0")


def test_linux_resets_again_and_again_from_its_pristine_image_and_the_metronome_misses_nothing(machine):
    running = machine({"linux": linux(96, "tiffin.rounds=10 tiffin.reset"), "metronome": metronome(jobs=4000)})
    sums = {running.wait_for("linux", r"linux: job done, (\w+)", timeout=200, times=n)[1] for n in (1, 2, 3)}
    assert len(sums) == 1
    running.wait_for("metronome", "jobs=4000 missed=0", timeout=200)
    assert running.running(), "the board stopped although linux was still at work"


def test_an_app_that_ends_leaves_its_neighbour_alone(machine):
    running = machine({"hello": app("hello"), "idler": app("idler", memory_kib=64)})
    assert running.wait_until_stopped(timeout=60) == 0
    running.wait_for("hello", "hello from a VM")
    running.wait_for("idler", "idler: job done")


def test_a_panicking_linux_stops_nobody_else(machine):
    running = machine({"linux": linux(96, "tiffin.rounds=10 tiffin.crash panic=-1 oops=panic"), "metronome": metronome(jobs=3000)})
    running.wait_for("linux", "Kernel panic", timeout=200)
    running.wait_for("linux", "user space reached", timeout=200, times=2)
    running.wait_for("metronome", "jobs=3000 missed=0", timeout=200)
