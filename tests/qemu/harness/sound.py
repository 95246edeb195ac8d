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
    """`size` bytes with a song at each of these places, added up as far as 16 bits go."""
    sums = [0] * (size // 2)
    for at, song in songs.items():
        for n, sample in enumerate(array("h", song), at // 2):
            sums[n] += sample
    return array("h", (max(-32768, min(32767, one)) for one in sums)).tobytes()
