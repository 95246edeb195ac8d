"""Debian's own real-time measure, beside Debian's own load."""
import pytest

from harness.describe import control, fixed, linux, share

LOOPS = 2000


@pytest.mark.timeout(900)
def test_cyclictest_beside_stress_ng_stays_short(machine, record_property):
    stressed = linux(memory_mib=256, cmdline="tiffin.stress=2 tiffin.rounds=10", cpus=[share()])
    stressed["image"]["initrd"] = "${CACHE}/initrd-stress.cpio.gz"
    running = machine({"linux": stressed, "control": control(cmdline=f"tiffin.loops={LOOPS} tiffin.interval=1000", cpus=[fixed(40)])})
    found = running.wait_for("control", r"cyclictest: T: .*C: *(\d+) .*Avg: *(\d+) Max: *(\d+)", timeout=800)
    loops, average, worst = map(int, found.groups())
    record_property("cyclictest_us", f"avg {average} max {worst}")
    assert running.count("linux", "stress begins") == 1 and running.count("linux", "stress done") == 0, "they did not run together"
    assert loops == LOOPS
    assert worst < 50, "microseconds of machine time: a thousand instructions each"
