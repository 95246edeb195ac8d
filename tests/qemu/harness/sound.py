"""Songs for VMs, and what a board's sound card made of them: 48 kHz, stereo, 16 bits."""
import gzip
import io
import os
import random
import wave
from array import array
from pathlib import Path

RATE, FRAME_BYTES = 48000, 4
SLOT_BYTES = 480 * FRAME_BYTES  # of the server's ring: a stream begins with one
CACHE = Path(os.environ.get("TIFFIN_CACHE", Path(__file__).resolve().parents[3] / ".cache"))
CARD = ("intel-hda", "hda-output,audiodev=audio")


def noise(milliseconds, seed):
    """Every frame is another, so that one that is missing, repeated or changed shows."""
    return random.Random(seed).randbytes(milliseconds * RATE // 1000 * FRAME_BYTES)


def wav(samples):
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples)
    return file.getvalue()


def archive(name, content):
    """A cpio archive (the kernel's documentation, "initramfs buffer format") of one file."""

    def entry(path, mode, data):
        fields = (1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + path.encode() + b"\0"
        return b"".join(part + bytes(-len(part) % 4) for part in (head, data))

    return entry(name, 0o100644, content) + entry("TRAILER!!!", 0, b"")


def initrd(path, samples):
    """initrd-sound with /song.wav in it."""
    path.write_bytes((CACHE / "initrd-sound.cpio.gz").read_bytes() + gzip.compress(archive("song.wav", wav(samples)), 1))
    return path


def audiodev(path):
    return f"wav,id=audio,path={path},out.frequency={RATE},out.channels=2,out.format=s16"


def heard(path):
    """The samples of a WAV file of QEMU's, which has ended: its header is 44 bytes."""
    content = Path(path).read_bytes()
    assert content[:4] == b"RIFF" and content[36:40] == b"data", "a WAV file"
    return content[44:]


def ms(size):
    return size * 1000 / RATE / FRAME_BYTES


def common(left, right):
    """Bytes of whole frames that both begin with."""
    for at in range(0, min(len(left), len(right)), FRAME_BYTES):
        if left[at:at + FRAME_BYTES] != right[at:at + FRAME_BYTES]:
            return at
    return min(len(left), len(right))


def mixed(size, songs):
    """`size` bytes with these songs, each a place and its samples, added up as far as 16 bits go."""
    sums = [0] * (size // 2)
    for at, song in songs:
        for n, sample in enumerate(array("h", song), at // 2):
            sums[n] += sample
    return array("h", (max(-32768, min(32767, one)) for one in sums)).tobytes()


def scaled(song, percent):
    """As loud as a client's volume lets it be: each sample toward 0."""
    return array("h", (int(one * percent / 100) for one in array("h", song))).tobytes()


def click():
    """guest/sdk/tones.hpp, `click`: 10 ms."""
    frames = range(480)
    loud = [16000 * (480 - frame) // 480 for frame in frames]
    return array("h", (one * (-1) ** (frame // 24) for frame, one in zip(frames, loud) for _ in range(2))).tobytes()


def alarm(milliseconds):
    """guest/sdk/tones.hpp, `alarm`."""

    def sample(frame):
        half = 24 if frame // 12000 % 2 == 0 else 30
        return 12000 * (-1) ** (frame % 12000 // half)

    return array("h", (sample(frame) for frame in range(milliseconds * RATE // 1000) for _ in range(2))).tobytes()


def slots_that_differ(heard, song):
    """Places of the slots in which something else is heard too."""
    return [at for at in range(0, len(song) - SLOT_BYTES + 1, SLOT_BYTES) if heard[at:at + SLOT_BYTES] != song[at:at + SLOT_BYTES]]


def slot_of(heard, song):
    """Where `song` begins, though others may be heard at any time: by the first of its slots that is heard alone."""
    for at in range(0, len(song), SLOT_BYTES):
        found = heard.find(song[at:at + SLOT_BYTES])
        if found >= 0:
            return found - at
    raise AssertionError("the song is not heard")
