"""What is on the board's screen: pictures of 24 bits a pixel, (red, green, blue)."""
import time
from dataclasses import dataclass

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
