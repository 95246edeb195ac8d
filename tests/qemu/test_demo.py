"""A demo as a user sees it: what its script does to the machine while it runs, and what it leaves behind."""
import json
import re

from harness import sound
from harness.describe import PciBoard, app, description, fixed, linux, metronome, server

SCREEN = ("bochs-display,romfile=",)


def files(folder, domains, script, board=PciBoard(devices=()), options=None):
    """The description in a folder, and its demo.yaml beside it."""
    source = folder / "device.yaml"
    source.write_text(description(domains, board, options), encoding="utf-8")
    (folder / "demo.yaml").write_text(json.dumps(script, indent=1) + "\n", encoding="utf-8")
    return source


def png_size(path):
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def test_a_server_is_killed_in_mid_song_and_the_demo_shows_and_plays_what_happened(tool, tmp_path):
    song = sound.noise(6000, seed=1)
    player = linux(96, "quiet")
    player["image"]["initrd"] = str(sound.initrd(tmp_path / "song.cpio.gz", song))
    domains = {"linux": player | {"virtio": [{"device": "sound", "server": "sound"}]},
               "sound": server("sound", 1, "", [fixed(30)]) | {"access": [{"pci": "00:01.0"}]},
               "metronome": metronome(jobs=9000)}
    begins = {"vm": "sound", "says": "sound: 1 devices"}
    script = {"expect": [begins | {"times": 2}, {"vm": "linux", "says": "linux: sound: played 1"}, {"vm": "metronome", "says": "jobs=9000 missed=0"}],
              "events": [begins | {"picture": "before"}, begins | {"after": "4 s", "type": "restart sound"}, begins | {"times": 2, "picture": "after <it>"},
                         {"vm": "tiffin", "says": "^metronome: stopped", "type": "stop sound"}]}
    board = PciBoard(devices=sound.CARD + SCREEN, audiodevs=("none,id=audio,out.frequency=48000,out.channels=2,out.format=s16",))
    source, out = files(tmp_path, domains, script, board, {"trace": "2 MiB"}), tmp_path / "left"
    demo = tool("demo", source, "--output", out, "--timeout", 200, timeout=230)
    assert demo.returncode == 0, demo.stdout[-3000:] + demo.stderr[-3000:]
    assert f"In {out}: demo.html, demo.wav, demo.png" in demo.stdout
    heard = sound.heard(out / "demo.wav")
    assert song[:64] in heard and song[-64:] in heard, "it began, and came to its end"
    wide, high = png_size(out / "demo-1.png")
    assert png_size(out / "demo.png") == (12 + 2 * (wide + 12), high + 24)
    page = (out / "demo.html").read_text(encoding="utf-8")
    for part in ("<svg", "Every VM did its job", 'src="demo.wav"', "after &lt;it&gt;", "the hypervisor", "longest path", "data:image/png;base64,iVBOR"):
        assert part in page, part
    assert "http" not in page, "it needs no network"


def test_an_event_that_was_never_due_is_a_failure_that_names_its_line(tool, tmp_path):
    script = {"events": [{"vm": "idler", "says": "never said", "type": "list"}]}
    source = files(tmp_path, {"idler": app("idler", memory_kib=64)}, script)
    demo = tool("demo", source, "--output", tmp_path / "left")
    assert demo.returncode == 1
    assert re.search(r"the event in line \d+ of the script was not due: idler did not say /never said/", demo.stderr), demo.stderr
    assert "NOT every VM did its job" in (tmp_path / "left/demo.html").read_text(encoding="utf-8")


def test_a_script_that_is_wrong_is_refused_with_the_place(tool, tmp_path):
    source = files(tmp_path, {"idler": app("idler", memory_kib=64)}, {})
    (tmp_path / "demo.yaml").write_text("events:\n  - {vm: idler, says: x, tipe: list}\n", encoding="utf-8")
    demo = tool("demo", source, "--output", tmp_path / "left")
    assert demo.returncode == 2
    assert 'demo.yaml:2:26: error: unknown field "tipe" in an event' in demo.stderr and 'did you mean "type"?' in demo.stderr


def test_without_a_window_it_says_so(tool, tmp_path):
    tool.environment.pop("DISPLAY", None)
    tool.environment.pop("WAYLAND_DISPLAY", None)
    source = files(tmp_path, {"idler": app("idler", memory_kib=64)}, {})
    demo = tool("demo", source, "--gui", "--output", tmp_path / "left")
    assert demo.returncode == 1
    assert "--gui: QEMU can open no window" in demo.stderr or "--gui: there is no display here" in demo.stderr


def test_with_nothing_to_do_the_core_sleeps_for_whole_seconds(tool, tmp_path):
    nap = app("idler", memory_kib=64, cmdline="idler.naps=3 idler.nap_us=3000000")
    demo = tool("demo", files(tmp_path, {"idler": nap, "other": nap}, {}), "--output", tmp_path / "left")
    assert demo.returncode == 0, demo.stdout[-3000:] + demo.stderr[-3000:]
    longest = re.search(r"the longest that the core slept: ([\d.]+) ms", demo.stdout)
    assert float(longest[1]) > 2900
    wakes = re.search(r"the one core +([\d.]+) +([\d.]+)%", demo.stdout)
    assert float(wakes[1]) < 1 and float(wakes[2]) > 99.9
