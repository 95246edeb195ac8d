"""Device descriptions for tests. They are written as JSON, which is YAML too."""
import itertools
import json
from dataclasses import dataclass

CONSOLE = "console=ttyAMA0"
# Pointer authentication by the implementation defined algorithm takes a third of the host's time.
QEMU_CPU = {"max": "max,pauth-impdef=on"}


@dataclass(frozen=True)
class Board:
    """QEMU's `virt`, as the description's `machine` names it and as QEMU's command line does."""

    cpu: str = "cortex-a72"
    gic: int = 3
    cores: int = 1
    memory_mib: int = 1024
    shift: int = 0  # an instruction takes 2^shift ns

    def described(self):
        """The fields of the description that say which board it is."""
        machine = {"cpu": self.cpu, "cores": self.cores, "gic": self.gic, "memory": f"{self.memory_mib} MiB"}
        return {"board": "qemu-virt", "machine": machine}

    def qemu_arguments(self):
        machine = f"virt,virtualization=on,gic-version={self.gic},dtb-randomness=off"
        return ["-M", machine, "-cpu", QEMU_CPU.get(self.cpu, self.cpu), "-smp", str(self.cores), "-m", f"{self.memory_mib}M"]

    def image_arguments(self, image):
        """How QEMU loads a boot image."""
        return ["-kernel", str(image)]


@dataclass(frozen=True)
class PciBoard(Board):
    """With an SMMUv3, devices of QEMU from 00:01.0 on (a codec, hda-..., stands on the sound card before it), and what is behind them."""

    devices: tuple = ("edu,dma_mask=0xffffffffff",)
    drives: tuple = ()
    netdevs: tuple = ()
    audiodevs: tuple = ()

    def described(self):
        described = super().described()
        described["machine"] |= {"iommu": "smmuv3", "devices": list(self.devices)}
        if self.audiodevs:
            described["machine"]["audiodevs"] = list(self.audiodevs)
        return described

    def qemu_arguments(self):
        machine, virt, *rest = super().qemu_arguments()
        behind = [("-drive", drive if "if=" in drive else f"if=none,{drive}") for drive in self.drives] + [("-netdev", netdev) for netdev in self.netdevs]
        behind += [("-audiodev", audiodev) for audiodev in self.audiodevs]
        places = itertools.count(1)
        placed = [("-device", device if device.startswith("hda-") else f"{device},addr={next(places)}") for device in self.devices]
        return [machine, virt + ",iommu=smmuv3", *rest, *(word for pair in behind + placed for word in pair)]


def share(weight=100):
    return {"core": 0, "policy": "share", "weight": weight}


def fixed(priority, budget=None, period="1 ms", **more):
    """`more`: deadline, and when_exhausted for when-exhausted."""
    cpu = {"core": 0, "policy": "fixed", "priority": priority}
    if budget:
        cpu |= {"budget": budget, "period": period} | {name.replace("_", "-"): value for name, value in more.items()}
    return cpu


def linux(memory_mib=128, cmdline="", cpus=None):
    """Debian's stock kernel with the initramfs of scripts/guests/linux-init; `cmdline` takes its knobs (tiffin.sleep=1 ...)."""
    return {
        "memory": f"{memory_mib} MiB",
        "cpus": cpus or [share()],
        "image": {
            "kernel": "${CACHE}/linux/Image",
            "initrd": "${CACHE}/initrd-linux.cpio.gz",
            "cmdline": f"{CONSOLE} {cmdline}".strip(),
        },
    }


def control(memory_mib=128, cmdline="", cpus=None):
    """Debian's PREEMPT_RT kernel running cyclictest; `cmdline` takes the knobs of scripts/guests/control-init."""
    return {
        "memory": f"{memory_mib} MiB",
        "cpus": cpus or [fixed(30)],
        "image": {
            "kernel": "${CACHE}/linux-rt/Image",
            "initrd": "${CACHE}/initrd-control.cpio.gz",
            "cmdline": f"{CONSOLE} {cmdline}".strip(),
        },
    }


def app(name, memory_kib=256, cmdline="", cpus=None):
    """A standalone app of guest/apps."""
    image = {"elf": f"${{BUILD}}/guest/apps/{name}/{name}.elf"}
    if cmdline:
        image["cmdline"] = cmdline
    return {"memory": f"{memory_kib} KiB", "cpus": cpus or [share()], "image": image}


def devices(virtio, cmdline="", memory_mib=96, cpus=None):
    """Debian's stock kernel with its virtio drivers, and what scripts/guests/devices-init does with them (tiffin.disk=3 ...)."""
    vm = linux(memory_mib, f"quiet {cmdline}", cpus)
    vm["image"]["initrd"] = "${CACHE}/initrd-devices.cpio.gz"
    return vm | {"virtio": virtio}


def server(name, memory_mib=1, cmdline="", cpus=None):
    """A VM of guest/drivers, that serves devices of others."""
    image = {"elf": f"${{BUILD}}/guest/drivers/{name}/{name}.elf"}
    if cmdline:
        image["cmdline"] = cmdline
    return {"memory": f"{memory_mib} MiB", "cpus": cpus or [share()], "image": image}


def metronome(jobs=2000, priority=40):
    """The 1 ms periodic job, above everything of lower priority."""
    return app("metronome", cmdline=f"metronome.jobs={jobs}", cpus=[fixed(priority)])


def description(domains, board=Board(), options=None, **top):
    """The text of a description; `domains` maps names to what the functions above return; `top`: other fields of the top level."""
    content = board.described() | {"domains": domains}
    if options:
        content["options"] = options
    content |= top
    return json.dumps(content, indent=2) + "\n"
