"""Host tests of the benchmark's own arithmetic: figures out of logs, verdicts out of figures."""

import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import crowd  # noqa: E402
import devices  # noqa: E402
import guests  # noqa: E402
import handheld  # noqa: E402
import paths  # noqa: E402
import tiffin_side  # noqa: E402
import tracing  # noqa: E402
from machines import BenchError, run_until  # noqa: E402
from table import LONGEST_OF_ALL, Row, Table  # noqa: E402


def test_medians_are_read_whatever_stands_before_them():
    text = "[guest] bench: null_hypercall=49 min=49 max=51\ndom1: bench: self_sgi=303 min=1 max=400\n"
    assert guests.micro(text) == {"null hypercall (SMCCC_VERSION)": 49, "self-SGI to handler": 303}


def test_a_switch_is_half_of_what_a_yield_takes():
    assert guests.switch("bench: yield=1000 min=1 max=2\nbench: yield=1100 min=1 max=2\n", "by weight") == {"switch between two VMs, by weight": 525}


def test_a_budget_goes_out_to_the_next_vms_first_instruction_and_comes_back_to_its_own():
    limited = "".join(f"[limited] bench: gap from={t} to={t + 800}\n" for t in (1000, 2000, 3000))
    other = "".join(f"[other] bench: gap from={t - 210} to={t + 7}\n" for t in (2000, 3000, 4000))
    figures = guests.budget(limited + other, "limited", "other")
    assert figures == {guests.BUDGET["out"]: 7, guests.BUDGET["back"]: 10}


def test_xen_is_not_passed_over_in_silence_where_it_cannot_follow():
    text = "\n".join(crowd.lines({"1 ms tick: worst": {2: 950, 16: 950, 256: 950}}, {"Xen credit": {2: {"worst": 5000}}}))
    assert "beside 255: worst" in text and "31st" in text
    assert "31st" not in "\n".join(crowd.lines({}, {}))


def test_the_longest_path_of_all_tests_comes_with_its_name():
    lines = '{"test": "a", "instructions": 90}\n{"test": "b", "instructions": 4000, "kind": "trap"}\n{"test": "c", "instructions": 800}\n'
    assert tiffin_side.longest_of(lines)["test"] == "b"


def test_linux_times_are_of_the_kernel_log_in_microseconds():
    text = "[    0.787132] Run /init as init process\n[    1.034638] reboot: Power down\n"
    assert guests.linux(text) == {"Linux to user space, kernel log time": 787132, "Linux fork/file/pipe load": 247506}


def test_an_unseeded_linux_never_meets_the_seeded_rows():
    text = "[    0.787132] Run /init as init process\n[    1.034638] reboot: Power down\n"
    assert set(guests.linux(text, seeded=False)).isdisjoint(guests.linux(text))


@pytest.mark.parametrize(("tiffin", "met"), [(60, True), (61, False), (None, None)])
def test_a_goal_is_met_up_to_its_figure(tiffin, met):
    assert Row("r", "u", 60, tiffin=tiffin).met is met


def test_a_goal_of_a_ratio_needs_both_sides():
    assert Row("r", "u", 1.01, True, native=100, tiffin=101).met is True
    assert Row("r", "u", 1.01, True, native=100, tiffin=102).met is False
    assert Row("r", "u", 1.01, True, tiffin=102).met is None


def test_no_missed_tick_is_a_figure_and_not_its_absence():
    row = Row("r", "u", 0, tiffin=0)
    assert row.met is True and row.as_json()["tiffin"] == 0


def test_every_row_name_that_the_parsers_give_is_in_the_table():
    names = {r.name for r in Table().rows}
    tick = guests.tick("bench: tick jobs=1000 missed=1 avg=2 p99=3 max=4")
    assert names >= set(guests.MICRO.values()) | set(tick) | {guests.FIRST_INSTRUCTION.format(m) for m in (8, 512)}


LOCKS = """tiffin: report machine ticks=1 freq=500000000 idle_ticks=0
tiffin: report lock core=0 lock=vm ticks=1200 by_guest=3 by_interrupt=2
tiffin: report lock core=0 lock=console ticks=450 by_guest=2 by_interrupt=1
tiffin: report lock core=0 lock=vmid ticks=50 by_guest=1 by_interrupt=1
tiffin: report lock core=0 lock=virtio ticks=1500 by_guest=1 by_interrupt=0
tiffin: report lock core=1 lock=vm ticks=9999 by_guest=9 by_interrupt=9
"""


def test_the_contract_charges_for_the_dearest_switch_and_what_a_tick_takes_beyond_one(tmp_path):
    table = Table()
    kinds = {"fixed priority": 400, "by weight": 430, "both using FP": 575}
    table.put("tiffin", {f"switch between two VMs, {kind}": cost for kind, cost in kinds.items()})
    table.put("tiffin", {"1 ms tick beside a spinner: worst": 900, "1 ms tick beside the hostile guest: worst": 4000, LONGEST_OF_ALL: 16000})
    table.put("tiffin", tiffin_side.lock_rows(LOCKS))
    paths.write(tmp_path / "paths.inc", table)
    lines = (tmp_path / "paths.inc").read_text().splitlines()
    assert [line.split(",")[:2] for line in lines[1:4]] == [['{"switching"', " 575"], ['{"interrupt"', " 500"], ['{"masked"', " 16000"]]
    assert lines[4].startswith('{"VM lock", 2400, ') and lines[4].endswith(" 3, 2},")
    assert lines[5].startswith('{"console lock", 900, ') and lines[6].endswith(" 1, 1},")
    assert lines[7].startswith('{"virtio lock", 3000, ')


def test_a_run_without_its_verdict_says_what_it_waited_for():
    with pytest.raises(BenchError, match="no 'never'.*\n.*said"):
        run_until(["sh", "-c", "echo said"], ["never"], 5)


def test_a_run_ends_with_its_verdict_and_not_with_its_time():
    assert "done" in run_until(["sh", "-c", "echo done; exec sleep 60"], ["done"], 30)


def test_lines_are_typed_one_after_another_each_when_it_is_asked_for():
    shell = "stty -icrnl -echo 2> /dev/null; echo one; read -r a; echo two; read -r b; echo got $a $b"
    said = run_until(["sh", "-c", shell.replace("read -r", "IFS= read -r")], ["got"], 20, typed=[("one", "first\n"), ("two", "second\n")])
    assert said.replace("\r", "").split()[-3:] == ["got", "first", "second"]


def test_a_switch_among_many_is_the_median_wait_by_their_number():
    text = "".join(f"[vm{i}] bench: yield={wait} min=1 max=9\n" for i, wait in enumerate((4000, 1, 4400, 4200)))
    assert crowd.turns(text, 10) == 420


def test_a_share_is_judged_against_all_and_its_weight():
    text = "[w50-1] worker: ran_us=100 of_us=9\n[w100-1] worker: ran_us=200 of_us=9\n"
    assert crowd.share_error(text) == 0
    assert crowd.share_error(text + "[w100-2] worker: ran_us=230 of_us=9\n") == pytest.approx(8.49, abs=0.01)


def test_growth_is_of_the_largest_number_and_each_must_meet_the_goal():
    assert crowd.verdict({2: 400, 16: 430, 1024: 440}, "growth") == ("x1.10", "<= x1.10", "met")
    assert crowd.verdict({2: 400, 16: 450, 1024: 440}, "growth")[2] == "NOT MET"
    assert crowd.verdict({2: 900, 256: 1001}, 1000)[1:] == ("<= 1,000", "NOT MET")
    assert crowd.verdict({}, 1000) == ("", "", "")


def test_a_request_costs_what_its_share_of_the_bytes_does_without_sleep():
    text = "linux: raw: write-64-warm bytes=131072 ns=900 idle=0\nlinux: raw: write-64-counted bytes=131072 ns=900 idle=100\n"
    assert devices.disk_rows(text) == {"Linux writes 64 KiB, for each request": 400}


def test_a_network_is_a_ping_and_a_kib():
    text = "net: round-trip min/avg/max = 0.056/0.067/0.108 ms\nnet: sent 2097152 bytes, abc ns=4196304 idle=2000\n"
    assert devices.net_rows(text) == {"Linux pings Linux": 67_000, "Linux sends a KiB to Linux, TCP": 2048}


def test_a_period_of_sound_is_what_playing_longer_costs_more():
    text = "linux: played: periods=200 ns=2000 idle=1000\nlinux: played: periods=400 ns=4000 idle=1800\n"
    assert handheld.worked(text) == 6


def test_every_update_of_the_screen_has_a_row_and_a_key_is_its_median():
    text = "".join(f"player: measure: {name} ns={n} pixels=1\n" for n, name in enumerate(handheld.SCREEN))
    assert set(handheld.screen_rows(text)) < {name for name, _ in handheld.ROWS}
    keys = "".join(f"player: measure: key ns={ns}\n" for ns in (9, 1, 5, 90, 4))
    assert handheld.key_row(keys) == {handheld.KEY_IN_LINUX: 5}


def ring(*events, capacity=16):
    head = struct.pack("<8sIIQQQII", b"TIFTRACE", 1, 0, 1_000_000_000, 0, len(events), capacity, 0).ljust(256, b"\0")
    return head + b"".join(struct.pack("<QIHH", time << 8 | kind, argument, who, detail) for time, kind, argument, who, detail in events)


def test_a_ring_says_who_ran_and_how_much_of_it_was_el2():
    events = tracing.events_of(ring((100, tracing.SWITCH, 0, 1, 0), (140, tracing.HYPERCALL, 7, 1, 10), (150, tracing.SWITCH, 1, 0, 0),
                                    (190, tracing.SWITCH, 0, tracing.NOBODY, 0)))
    assert tracing.turns(events) == ({1: 50, 0: 40}, {1: 10})


def test_a_ring_that_was_overwritten_is_no_measurement():
    with pytest.raises(BenchError, match="lost 1"):
        tracing.events_of(ring((1, 1, 0, 0, 0), (2, 1, 0, 0, 0), capacity=1))


def test_a_key_is_pressed_until_the_last_pixels_before_the_core_sleeps():
    look, sleep = (tracing.HYPERCALL, handheld.SERVE_LOOK, handheld.DISPLAY, 300), (tracing.SWITCH, 0, tracing.NOBODY, 1)
    key = (tracing.INTERRUPT, handheld.KEYBOARD, 0, 20)
    events = [(100, *look), (200, *sleep), (1020, *key), (1100, *look), (1500, *key), (1600, *look), (1700, *sleep), (2000, *key), (2100, *sleep)]
    assert handheld.pressed_to_shown(tracing.events_of(ring(*events))) == [600], "drawn unasked, and a key that changes nothing, are no presses"
