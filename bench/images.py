"""The guest images that all sides run."""

from machines import CACHE, ROOT, need

BUILD = "build it: cmake --preset aarch64 && cmake --build --preset aarch64"
FETCH = "fetch it: scripts/fetch-guests.sh"
LINUX_MIB = 256
# One line for all sides. 800 rounds: the load ends on a kernel tick, so it is exact to 4 ms only, and that should be little beside it.
# nokaslr: a side that gives a seed for it would also switch on page-table isolation, which costs 0.5 % of this load.
# panic=-1: a kernel that cannot boot ends the run instead of its timeout.
LINUX_ARGUMENTS = "console=ttyAMA0 nokaslr panic=-1 tiffin.rounds=800"


def app():
    """The flat image with an arm64 Image header, for QEMU and Xen."""
    return need(ROOT / "build/aarch64/guest/apps/bench/bench.bin", BUILD)


def app_elf():
    return need(ROOT / "build/aarch64/guest/apps/bench/bench.elf", BUILD)


def kernel():
    return need(CACHE / "linux/Image", FETCH)


def initrd():
    return need(CACHE / "initrd-linux.cpio.gz", FETCH)
