"""What is on the board's screen: pictures of 24 bits a pixel, (red, green, blue)."""
import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

CARD = ("bochs-display,romfile=",)


@dataclass(frozen=True)
class Picture:
    width: int
    height: int
    pixels: bytes  # three of each, row by row

    def at(self, x, y):
        place = 3 * (y * self.width + x)
        return tuple(self.pixels[place:place + 3])

    def part(self, x, y, width, height):
        rows = (self.pixels[3 * (row * self.width + x):3 * (row * self.width + x + width)] for row in range(y, y + height))
        return Picture(width, height, b"".join(rows))

    def colours(self):
        """How many pixels there are of each."""
        found = {}
        for at in range(0, len(self.pixels), 3):
            colour = tuple(self.pixels[at:at + 3])
            found[colour] = found.get(colour, 0) + 1
        return found


def rgb(colour):
    """0xRRGGBB."""
    return (colour >> 16, colour >> 8 & 255, colour & 255)


def plain(width, height, colour):
    return Picture(width, height, bytes(rgb(colour)) * (width * height))


def read_ppm(path):
    """A picture as QEMU's `screendump` writes it: PPM (P6), 255 at most."""
    kind, size, most, pixels = path.read_bytes().split(b"\n", 3)
    assert kind == b"P6" and most == b"255", "a picture of QEMU's"
    width, height = map(int, size.split())
    assert len(pixels) == 3 * width * height
    return Picture(width, height, pixels)


def shot(machine, folder):
    """What the board's screen shows now."""
    path = folder / "screen.ppm"
    machine.qmp.command("screendump", filename=str(path))
    return read_ppm(path)


def matches_golden(picture, name, regions):
    """Fails unless each region (name: x, y, width, height) has the SHA-256 that tests/qemu/golden/NAME.json keeps. TIFFIN_UPDATE_GOLDEN=1 writes it:
    look at the picture first."""
    path = Path(__file__).resolve().parent.parent / "golden" / f"{name}.json"
    found = {region: hashlib.sha256(picture.part(*place).pixels).hexdigest() for region, place in regions.items()}
    if os.environ.get("TIFFIN_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    kept = json.loads(path.read_text(encoding="utf-8"))
    different = [region for region in kept if found.get(region) != kept[region]]
    assert not different, f"not as in {path}: {', '.join(different)}"


def until(machine, folder, wanted):
    """What the screen shows once it is `wanted`, or else after some seconds."""
    for _ in range(50):
        now = shot(machine, folder)
        if now == wanted:
            break
        time.sleep(0.1)
    return now


def until_changed(machine, folder, old):
    """What the screen shows once it has changed, and stays."""
    last = old
    for _ in range(100):
        now = shot(machine, folder)
        if now == last != old:
            return now
        last = now
        time.sleep(0.2)
    raise AssertionError("the screen does not change")
