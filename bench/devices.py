"""Virtio devices that another VM serves: a driver as small as one can be, and Linux on a disk and on a network; natively, Linux on QEMU's disk."""

import re

import images
from machines import CACHE, ROOT, need, qemu, run_until, tiffin

HEADER = "board: qemu-virt\nmachine: {cpu: cortex-a72, cores: 1, gic: 3, memory: 1 GiB}\ndomains:\n"
RAW_KIB, TCP_BYTES = 4096, 2 << 20
NOTIFY, REQUEST = "virtio notify to the server's handler", "virtio request of {} there and back"
DIES = "virtio request over which its server of 1 MiB dies"
DISK, FETCH = "Linux {}s {} KiB, for each request", "Linux sends a KiB to Linux, TCP"
PING = "Linux pings Linux"
RAW = r"raw: (\w+)-(\d+)-counted bytes=(\d+) ns=(\d+) idle=(\d+)"


def initrd():
    return need(CACHE / "initrd-devices.cpio.gz", images.FETCH)


def client(name, devices, cmdline):
    return (f"  {name}:\n    memory: 96 MiB\n    virtio: {devices}\n    image: {{kernel: \"{images.kernel()}\", initrd: \"{initrd()}\", "
            f'cmdline: "console=ttyAMA0 quiet nokaslr {cmdline}"}}\n')


def server(name, memory="1 MiB", cmdline=""):
    elf = need(ROOT / f"build/aarch64/guest/drivers/{name}/{name}.elf", images.BUILD)
    return f'  {name}: {{memory: {memory}, image: {{elf: "{elf}", cmdline: "{cmdline}"}}}}\n'


def knock(work, size, cmdline=""):
    """Requests of `size` bytes from a bench VM to another: median and worst, there and back, and median to the server's handler."""
    said = tiffin(work, HEADER + (
        f'  knocker:\n    memory: 1 MiB\n    virtio: [{{device: rng, server: door}}]\n'
        f'    image: {{elf: "{images.app_elf()}", cmdline: "bench.mode=knocker bench.bytes={size}"}}\n'
        f'  door:\n    memory: 1 MiB\n    cpu: {{policy: fixed, priority: 40}}\n'
        f'    image: {{elf: "{images.app_elf()}", cmdline: "bench.mode=door {cmdline}"}}\n'), [r"\[knocker\] bench: done"])
    median, worst = map(int, re.search(r"bench: request=(\d+) min=\d+ max=(\d+)", said).groups())
    return median, worst, int(re.search(r"bench: notify=(\d+) ", said)[1])


def run_request(work):
    small, _, notify = knock(work, 8)
    return {NOTIFY: notify, REQUEST.format("8 bytes"): small, REQUEST.format("4 KiB"): knock(work, 4096)[0],
            DIES: knock(work, 8, "server.dies-after=20")[1]}


def disk_rows(text):
    """What a request costs, without what the processor slept."""
    return {DISK.format(what, size): round((int(ns) - int(idle)) * int(size) * 1024 / int(bytes_))
            for what, size, bytes_, ns, idle in re.findall(RAW, text)}


def run_disk(work):
    described = HEADER + client("linux", "[{device: block, server: disk}]", f"tiffin.raw={RAW_KIB}") + server("disk", "12 MiB")
    return disk_rows(tiffin(work, described, [r"linux: devices done"]))


def run_native_disk(work):
    """A disk of zeros, so that QEMU is done with a request when the kick is, and no time of the host's gets in."""
    command = [*qemu(False, 96), "-global", "virtio-mmio.force-legacy=false", "-blockdev", "null-co,node-name=d,size=8388608,read-zeroes=on",
               "-device", "virtio-blk-device,drive=d", "-kernel", str(images.kernel()), "-initrd", str(initrd()), "-append",
               f"console=ttyAMA0 quiet nokaslr tiffin.raw={RAW_KIB}"]
    return disk_rows(run_until(command, [r"linux: devices done"], 120))


def net_rows(text):
    average = re.search(r"round-trip min/avg/max = [\d.]+/([\d.]+)/", text)[1]
    ns, idle = re.search(r"net: sent \d+ bytes, \w+ ns=(\d+) idle=(\d+)", text).groups()
    return {PING: round(float(average) * 1_000_000), FETCH: round((int(ns) - int(idle)) * 1024 / TCP_BYTES)}


def run_net(work):
    card = "[{device: net, server: switch}]"
    described = (HEADER + client("left", card, "tiffin.net=10.0.0.1 tiffin.serve=5000 tiffin.linger=3") +
                 client("right", card, "tiffin.net=10.0.0.2 tiffin.ping=10.0.0.1 tiffin.fetch=10.0.0.1:5000") + server("switch"))
    return net_rows(tiffin(work, described, [r"\[right\] linux: devices done"]))


ROWS = [NOTIFY, REQUEST.format("8 bytes"), REQUEST.format("4 KiB"), *(DISK.format(what, size) for size in (4, 64) for what in ("write", "read")),
        PING, FETCH]
