"""The handheld: Debian's Linux plays an MP3 and shows a picture and a clock, and neither sound card nor screen is its own."""
import hashlib
import re

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


def space(running):
    for down in (True, False):
        event = {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": "spc"}}}
        running.qmp.command("input-send-event", events=[event])


def assert_cover(picture, top):
    """The sky of the cover, row by row, and the handle's bar before it."""
    for row in range(320):
        part = row * 160 // 320
        sky = (0x30 + part, 0x28 + part // 2, 0x90 - part // 2)
        assert picture.part(40, top + 60 + row, 20, 1) == screen.Picture(20, 1, bytes(sky) * 20), f"row {row}"
    assert picture.part(106, top + 116, 188, 6) == screen.plain(188, 6, STEEL)
    assert picture.part(0, top, 800, 60) == screen.plain(800, 60, PAPER)


def test_an_mp3_is_heard_sample_for_sample_and_its_cover_is_seen(machine, tmp_path):
    bar = app("gauge", 512, "gauge.steps=5") | {"virtio": [{"device": "gpu", "server": "display", "window": "160x40+0+0", "on-top": True}]}
    running = machine({"linux": player("tiffin.seconds=4"), "bar": bar} | servers() | {"metronome": metronome(jobs=9000)}, board(tmp_path))
    expected = running.wait_for("linux", r"linux: song: ([0-9a-f]{64}), (\d+) bytes")
    running.wait_for("linux", "player: 800 by 440 pixels shown")
    running.wait_for("linux", "linux: song done")
    assert_cover(screen.shot(running, tmp_path), 40)
    running.wait_for("metronome", "jobs=9000 missed=0")
    running.end()
    heard = sound.heard(tmp_path / "heard.wav")
    begins = next(at for at in range(0, len(heard), 4) if any(heard[at:at + 4]))
    size = int(expected[2])
    # A song may begin with silence of its own: it is looked for before the first sample that is not 0.
    found = [at for at in range(max(0, begins - 4 * 4800), begins + 4, 4) if hashlib.sha256(heard[at:at + size]).hexdigest() == expected[1]]
    assert found, "all of the song"
    assert not any(heard[found[0] + size:]), "and nothing behind it"


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
    space(running)
    running.wait_for("linux", "player: key 57")
    running.wait_for("metronome", "jobs=60000 missed=0")
    assert running.count("linux", "song done") == 0, "it would have ended long ago"
    space(running)
    running.wait_for("linux", "linux: song done")
    running.end()
    assert longest_silence(sound.heard(tmp_path / "heard.wav")) > 900, "the card rests after a second of nothing"


def test_the_demo_plays_shows_and_rings_though_sound_is_killed_in_mid_song(tool, tmp_path):
    demo = tool("demo", "--once", "--output", tmp_path, timeout=280)
    assert demo.returncode == 0, demo.stdout[-4000:] + demo.stderr[-4000:]
    for said in ("Every VM did its job", "control: ALARM", "control: loops=15000 missed=0", "jobs=16000 missed=0", "sound: starts anew"):
        assert said in demo.stdout, said
    underruns = re.findall(r"sound: device \d+: \d+ periods of 10 ms, (\d+) underruns, .*, (\d+) too late", demo.stdout)
    assert underruns and all(one == ("0", "0") for one in underruns), underruns
    for left in ("demo.html", "demo.png", "demo-4.png", "demo.wav"):
        assert (tmp_path / left).stat().st_size > 1000, left
    assert (tmp_path / "demo.wav").stat().st_size > 13 * sound.RATE * sound.FRAME_BYTES, "the whole song"
