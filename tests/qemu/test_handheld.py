"""The handheld: Debian's Linux plays an MP3 and shows a picture and a clock, and neither sound card nor screen is its own."""
import hashlib
import re

from conftest import ROOT
from harness import screen, sound
from harness.describe import PciBoard, app, fixed, linux, metronome, server

KEYBOARD = "virtio-keyboard-pci,iommu_platform=on,disable-legacy=on"
PAPER, STEEL = 0x181820, 0xC8D0D8


def player(cmdline=""):
    vm = linux(128, f"quiet tiffin.sum=1 {cmdline}")
    vm["image"]["initrd"] = "${CACHE}/initrd-handheld.cpio.gz"
    return vm | {"virtio": [{"device": "gpu", "server": "display", "window": "800x440+0+40"}, {"device": "sound", "server": "sound"}]}


def servers(display="", heard=""):
    return {"display": server("display", 1, display, [fixed(20)]) | {"access": [{"pci": "00:01.0"}]},
            "sound": server("sound", 1, heard, [fixed(30)]) | {"access": [{"pci": "00:02.0"}]}}


def board(tmp_path, *more):
    return PciBoard(devices=screen.CARD + sound.CARD + more, audiodevs=(sound.audiodev(tmp_path / "heard.wav"),))


def press(running, key):
    for down in (True, False):
        running.qmp.command("input-send-event", events=[{"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": key}}}])


def assert_cover(picture, top):
    """The sky of the cover, row by row, and the handle's bar before it."""
    for row in range(320):
        part = row * 160 // 320
        sky = (0x30 + part, 0x28 + part // 2, 0x90 - part // 2)
        assert picture.part(40, top + 60 + row, 20, 1) == screen.Picture(20, 1, bytes(sky) * 20), f"row {row}"
    assert picture.part(106, top + 116, 188, 6) == screen.plain(188, 6, STEEL)
    assert picture.part(0, top, 800, 60) == screen.plain(800, 60, PAPER)


def song_in(heard, expected):
    """The song whose SHA-256 and size `expected` has, and behind which nothing is heard."""
    begins = next(at for at in range(0, len(heard), 4) if any(heard[at:at + 4]))
    size = int(expected[2])
    # A song may begin with silence of its own: it is looked for before the first sample that is not 0.
    found = [at for at in range(max(0, begins - 4 * 4800), begins + 4, 4) if hashlib.sha256(heard[at:at + size]).hexdigest() == expected[1]]
    assert found, "all of the song"
    assert not any(heard[found[0] + size:]), "and nothing behind it"
    return heard[found[0]:found[0] + size]


def test_an_mp3_is_heard_sample_for_sample_and_its_cover_is_seen(machine, tmp_path):
    bar = app("gauge", 512, "gauge.steps=5") | {"virtio": [{"device": "gpu", "server": "display", "window": "160x40+0+0", "on-top": True}]}
    running = machine({"linux": player("tiffin.seconds=4"), "bar": bar} | servers() | {"metronome": metronome(jobs=9000)}, board(tmp_path))
    expected = running.wait_for("linux", r"linux: song: ([0-9a-f]{64}), (\d+) bytes")
    running.wait_for("linux", "player: 800 by 440 pixels shown")
    running.wait_for("linux", "linux: song done")
    shown = screen.shot(running, tmp_path)
    assert_cover(shown, 40)
    screen.matches_golden(shown, "handheld", {"cover": (40, 100, 320, 320), "title": (400, 110, 360, 28), "words": (400, 160, 300, 14),
                                              "paper": (0, 420, 800, 60), "bar on top": (0, 0, 160, 40)})
    running.wait_for("metronome", "jobs=9000 missed=0")
    running.end()
    song_in(sound.heard(tmp_path / "heard.wav"), expected)


def longest_silence(heard):
    """In milliseconds, between the first sample that is not 0 and the last."""
    sounding = heard.strip(b"\0")
    longest = 0
    while sounding.find(bytes(longest + sound.SLOT_BYTES)) >= 0:
        longest += sound.SLOT_BYTES
    return sound.ms(longest)


def test_the_space_bar_stops_the_song_and_lets_it_go_on(machine, tmp_path):
    vms = {"linux": player("tiffin.sum=0"), "input": server("input", 1, cpus=[fixed(25)]) | {"access": [{"pci": "00:03.0"}]}} | servers()
    vms["linux"]["virtio"].append({"device": "input", "server": "input"})
    running = machine(vms | {"metronome": metronome(jobs=60000)}, board(tmp_path, KEYBOARD))
    running.wait_for("linux", "player: 800 by 440 pixels shown")
    press(running, "spc")
    running.wait_for("linux", "player: key 57")
    running.wait_for("metronome", "jobs=60000 missed=0")
    assert running.count("linux", "song done") == 0, "it would have ended long ago"
    press(running, "spc")
    running.wait_for("linux", "linux: song done")
    running.end()
    assert longest_silence(sound.heard(tmp_path / "heard.wav")) > 900, "the card rests after a second of nothing"


ARROW_HIGH = 24
WHITE, BLACK = (0xF0, 0xF0, 0xF0), (0, 0, 0)


def arrow_over(picture, x, y):
    """The picture with the pointer of guest/linux/player/view.cpp in it."""
    rows = bytearray(picture.pixels)
    for row in range(ARROW_HIGH):
        wide = row + 1 if row < ARROW_HIGH * 2 // 3 else 2 * (ARROW_HIGH - row)
        for column in range(wide):
            at = 3 * ((y + row) * picture.width + x + column)
            rows[at:at + 3] = bytes(BLACK if column in (0, wide - 1) else WHITE)
    return screen.Picture(picture.width, picture.height, bytes(rows))


def test_arrow_keys_move_linuxs_pointer_over_a_picture_that_stays_whole(machine, tmp_path):
    vms = {"linux": player("tiffin.sum=0 tiffin.play=0 tiffin.idle=1 vt.global_cursor_default=0"),
           "input": server("input", 1, cpus=[fixed(25)]) | {"access": [{"pci": "00:03.0"}]}} | servers()
    vms["linux"]["virtio"].append({"device": "input", "server": "input"})
    running = machine(vms | {"metronome": metronome(jobs=10000)}, board(tmp_path, KEYBOARD))
    running.wait_for("linux", "player: 800 by 440 pixels shown")
    without = screen.shot(running, tmp_path)
    assert_cover(without, 40)
    for key, x, y in (("right", 420, 220), ("down", 420, 240), ("left", 400, 240)):
        press(running, key)
        running.wait_for("linux", f"player: pointer at {x},{y}")
        shown = screen.until(running, tmp_path, arrow_over(without, x, y + 40))
        assert shown == arrow_over(without, x, y + 40), key
    running.wait_for("metronome", "jobs=10000 missed=0")


def test_linux_takes_a_larger_screen_at_a_key_and_its_own_again(machine, tmp_path):
    vms = {"linux": player("tiffin.sum=0 tiffin.play=0 tiffin.idle=1 vt.global_cursor_default=0"),
           "bar": app("gauge", 512, "gauge.steps=5") | {"virtio": [{"device": "gpu", "server": "display", "window": "640x40+0+0", "on-top": True}]},
           "corner": app("gauge", 512, "gauge.steps=5") | {"virtio": [{"device": "gpu", "server": "display", "window": "120x80+640+390"}]}} | servers()
    vms["linux"]["virtio"] = [{"device": "gpu", "server": "display", "window": "640x400+80+60"}, {"device": "input", "server": "display"},
                              {"device": "sound", "server": "sound"}]
    vms["display"]["access"].append({"pci": "00:03.0"})
    running = machine(vms | {"metronome": metronome(jobs=10000)}, board(tmp_path, KEYBOARD))
    for vm in ("bar", "corner"):
        running.wait_for(vm, "gauge: 5 steps")
    running.wait_for("linux", "player: 640 by 400 pixels shown")
    before = screen.shot(running, tmp_path)
    bar = before.part(0, 0, 640, 40)
    press(running, "f10")
    running.wait_for("display", r"display: linux 800x440\+0\+40")
    running.wait_for("linux", "player: 800 by 440 pixels shown")
    large = screen.shot(running, tmp_path)
    assert_cover(large, 40)
    assert large.part(0, 420, 800, 60) == screen.plain(800, 60, PAPER), "and what lay above its window is covered"
    assert large.part(0, 0, 640, 40) == bar, "but not what is on top"
    press(running, "f10")
    running.wait_for("linux", "player: 640 by 400 pixels shown", times=2)
    again = screen.shot(running, tmp_path)
    for part in ((0, 0, 800, 250), (0, 250, 480, 230), (640, 390, 160, 90)):  # all but the clock, which may have gone on
        assert again.part(*part) == before.part(*part), part
    running.wait_for("metronome", "jobs=10000 missed=0")


def changed(tmp_path, *changes):
    """examples/handheld, with this in place of that."""
    text = (ROOT / "examples/handheld/device.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (tmp_path / "device.yaml").write_text(text, encoding="utf-8")


def script(tmp_path, last, *lines):
    """demo.yaml: these lines, and when `last` has stopped the servers do."""
    stops = [f"{{vm: tiffin, says: '^{last}: stopped', type: 'stop sound'}}", "{vm: tiffin, says: '^sound: stopped', type: 'stop gauge'}",
             "{vm: tiffin, says: '^gauge: stopped', type: 'stop display'}"]
    (tmp_path / "demo.yaml").write_text("events:\n" + "".join(f"  - {line}\n" for line in (*lines, *stops)), encoding="utf-8")


def test_with_nothing_to_do_the_core_of_the_handheld_sleeps_for_whole_seconds(tool, tmp_path):
    """All eight VMs, and each has done its job: Linux shows its clock, of hours and minutes, and the servers wait."""
    changed(tmp_path, ("tiffin.seconds=12", "tiffin.play=0 tiffin.idle=1"), ("control.loops=15000 control.fan_stops_at=9000", "control.loops=1000"),
            ("clicker.count=13", "clicker.count=1"), ("gauge.step_ms=200", "gauge.step_ms=200 gauge.steps=5"), ("metronome.jobs=16000", "metronome.jobs=1000"),
            ("idler.naps=1500 idler.nap_us=10000", "idler.naps=1 idler.nap_us=30000000"))
    script(tmp_path, "linux", "{vm: idler, says: 'idler: job done', type: 'stop linux'}")
    demo = tool("demo", "--once", "--output", tmp_path, tmp_path / "device.yaml", timeout=280)
    assert demo.returncode == 0, demo.stdout[-4000:] + demo.stderr[-4000:]
    longest = re.search(r"the longest that the core slept: ([\d.]+) ms", demo.stdout)
    print(longest[0])
    assert float(longest[1]) > 1000


def test_the_whole_song_is_heard_with_clicks_and_an_alarm_sample_for_sample(machine, tool, tmp_path):
    alone, together = tmp_path / "alone", tmp_path / "together"
    alone.mkdir(), together.mkdir()
    running = machine({"linux": player("tiffin.seconds=12")} | servers() | {"metronome": metronome(jobs=18000)}, board(alone))
    expected = running.wait_for("linux", r"linux: song: ([0-9a-f]{64}), (\d+) bytes")
    running.wait_for("linux", "linux: song done")
    running.wait_for("metronome", "jobs=18000 missed=0")
    running.end()
    song = song_in(sound.heard(alone / "heard.wav"), expected)
    assert sound.ms(len(song)) > 11900
    changed(together)
    script(together, "metronome")
    demo = tool("demo", "--once", "--output", together, together / "device.yaml", timeout=280)
    assert demo.returncode == 0, demo.stdout[-4000:] + demo.stderr[-4000:]
    heard = sound.heard(together / "demo.wav")
    song, click, alarm = sound.scaled(song, 70), sound.scaled(sound.click(), 25), sound.scaled(sound.alarm(4000), 30)
    begin = sound.slot_of(heard, song)
    heard = heard[begin:begin + len(song)]
    others = sound.slots_that_differ(heard, song)
    ring = next(at for at in others if at + sound.SLOT_BYTES in others)
    # It ends where a slot has nothing but the song, or the song and a click.
    loud = ring
    while heard[loud:loud + sound.SLOT_BYTES] not in (song[loud:loud + sound.SLOT_BYTES], sound.mixed(sound.SLOT_BYTES, [(0, song[loud:loud + sound.SLOT_BYTES]), (0, click)])):
        loud += sound.SLOT_BYTES
    with_alarm = sound.mixed(len(song), [(0, song), (ring, alarm[:loud - ring])])
    clicks = sound.slots_that_differ(heard, with_alarm)
    assert 800 < sound.ms(loud - ring) < 2000 and 10 <= len(clicks) <= 13, "an alarm, and a click each second"
    assert all(970 < sound.ms(after - before) < 1030 for before, after in zip(clicks, clicks[1:]))
    assert heard == sound.mixed(len(song), [(0, with_alarm), *((at, click) for at in clicks)])


def test_the_demo_plays_shows_and_rings_though_sound_is_killed_in_mid_song(tool, tmp_path):
    demo = tool("demo", "--once", "--output", tmp_path, timeout=280)
    assert demo.returncode == 0, demo.stdout[-4000:] + demo.stderr[-4000:]
    for said in ("Every VM did its job", "control: ALARM", "control: loops=15000 missed=0", "jobs=16000 missed=0", "sound: starts anew"):
        assert said in demo.stdout, said
    underruns = re.findall(r"sound: device \d+: \d+ periods of 10 ms, (\d+) underruns, .*, (\d+) too late", demo.stdout)
    assert underruns and all(one == ("0", "0") for one in underruns), underruns
    for left in ("demo.html", "demo.png", "demo-4.png", "demo.wav"):
        assert (tmp_path / left).stat().st_size > 1000, left
    audit = tool("audit", "examples/handheld/device.yaml", tmp_path / "demo.trace")
    assert audit.returncode == 0 and "every bound was kept" in audit.stdout, audit.stdout + audit.stderr
    assert (tmp_path / "demo.wav").stat().st_size > 13 * sound.RATE * sound.FRAME_BYTES, "the whole song"
