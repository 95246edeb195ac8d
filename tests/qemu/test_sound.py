"""Linux plays by virtio-snd, and the board's card plays it: what QEMU's `wav` back end wrote is what Linux played, sample for sample."""
from harness import sound
from harness.describe import PciBoard, linux, metronome, server

DONE = r"linux: sound done, up ([0-9.]+) s"


def player(tmp_path, name, samples, cmdline=""):
    vm = linux(96, f"quiet {cmdline}")
    vm["image"]["initrd"] = str(sound.initrd(tmp_path / f"{name}.cpio.gz", samples))
    return vm | {"virtio": [{"device": "sound", "server": "sound"}]}


def sound_server(cmdline=""):
    return server("sound", 1, cmdline) | {"access": [{"pci": "00:01.0"}]}


def board(tmp_path):
    return PciBoard(devices=sound.CARD, audiodevs=(sound.audiodev(tmp_path / "heard.wav"),))


def test_what_linux_plays_is_what_the_board_plays_sample_for_sample(machine, tmp_path):
    song = sound.noise(2500, seed=1)
    running = machine({"linux": player(tmp_path, "song", song), "sound": sound_server(), "metronome": metronome(jobs=8000)}, board(tmp_path))
    running.wait_for("sound", "sound: 1 devices, a card whose converter 2 plays on pin 3")
    running.wait_for("linux", "linux: sound: played 1")
    running.wait_for("linux", DONE)
    running.wait_for("metronome", "jobs=8000 missed=0")
    running.end()
    heard = sound.heard(tmp_path / "heard.wav")
    at = heard.find(song[:64])
    assert at >= 0, "the song begins"
    assert heard[at:at + len(song)] == song
    assert not any(heard[:at]), "silence before it"
    assert not any(heard[at + len(song):]), "and behind it"
