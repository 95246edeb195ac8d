#!/usr/bin/python3
"""Makes the small binary files that the golden cases use, beside itself. Needs qemu-system-aarch64 and dtc."""
import struct
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent


def put(name, content):
    (HERE / name).write_bytes(content)


def kernel(flags=0xA, text_offset=0, image_size=0x10000, magic=b"ARM\x64"):
    return struct.pack("<IIQQQQQQ4sI", 0x14000010, 0, text_offset, image_size, flags, 0, 0, 0, magic, 0) + b"\x1f\x20\x03\xd5" * 16


def elf(segments, entry=0x4000_0000, machine=183, kind=2, cut=0):
    """`segments`: (type, physical address, bytes, size in memory)."""
    header = struct.pack("<4sBBB9xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, kind, machine, 1, entry, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    offset, tables, bodies = 64 + 56 * len(segments), b"", b""
    for type_, address, content, memory in segments:
        tables += struct.pack("<IIQQQQQQ", type_, 5, offset, address, address, len(content), memory, 4096)
        offset += len(content)
        bodies += content
    whole = header + tables + bodies
    return whole[: len(whole) - cut]


CODE = b"\x00\x00\x00\x14" * 4  # branches to themselves
put("kernel.Image", kernel())
put("big-endian.Image", kernel(flags=0xB))
put("odd-offset.Image", kernel(text_offset=0x1234))
put("huge.Image", kernel(image_size=1 << 50))
put("large.Image", kernel(image_size=64 << 20))
put("kernel.gz", b"\x1f\x8b\x08\x00" + bytes(60))
put("raw.bin", bytes(range(256)) * 16)
put("empty.bin", b"")
put("initrd.cpio", b"070701" + b"0" * 104)
put("app.elf", elf([(1, 0x4000_0000, CODE, 0x2000)]))
put("two-segments.elf", elf([(1, 0x4000_0000, CODE, 16), (1, 0x4000_1000, CODE, 0x3000)]))
put("x86.elf", elf([(1, 0x4000_0000, CODE, 16)], machine=62))
put("object.elf", elf([(1, 0x4000_0000, CODE, 16)], kind=1))
put("dynamic.elf", elf([(3, 0, b"/lib/ld.so\0", 11), (1, 0x4000_0000, CODE, 16)]))
put("cut.elf", elf([(1, 0x4000_0000, CODE, 16)], cut=8))
put("nothing.elf", elf([]))
put("overlap.elf", elf([(1, 0x4000_0000, CODE, 0x1000), (1, 0x4000_0800, CODE, 16)]))
put("outside.elf", elf([(1, 0x8_0000, CODE, 16)], entry=0x8_0000))
put("bad-entry.elf", elf([(1, 0x4000_0000, CODE, 16)], entry=0x10))


def machine(name, gic):
    raw = HERE / "raw.dtb"
    subprocess.run(["qemu-system-aarch64", "-M", f"virt,virtualization=on,gic-version={gic},dtb-randomness=off,dumpdtb={raw}", "-cpu",
                    "cortex-a72", "-smp", "2", "-m", "256", "-nic", "none", "-display", "none"], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dtb", "-o", HERE / name, raw], check=True)  # without QEMU's 1 MiB of slack
    raw.unlink()


machine("virt-gicv3.dtb", 3)
machine("virt-gicv2.dtb", 2)

BARE = """/dts-v1/;
/ { model = "bare board"; compatible = "test,bare"; #address-cells = <2>; #size-cells = <2>;
    memory@0 { device_type = "memory"; reg = <0 0 0 0x10000000>; };
};
"""
subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", HERE / "bare.dtb"], input=BARE.encode(), check=True)

SMALL = """/dts-v1/;
/memreserve/ 0x40000000 0x100000;
/ { model = "small board"; compatible = "test,small"; #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;
    aliases { serial0 = &uart; gpio0 = &gpio; };
    chosen { stdout-path = "serial0:115200n8"; };
    memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x10000000>; };
    reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
        firmware@4ff00000 { reg = <0 0x4ff00000 0 0x100000>; no-map; }; };
    cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { device_type = "cpu"; compatible = "arm,cortex-a53"; reg = <0>; }; };
    psci { compatible = "arm,psci-1.0"; method = "smc"; };
    timer { compatible = "arm,armv8-timer"; interrupts = <1 13 8>, <1 14 8>, <1 11 8>, <1 10 8>; };
    soc { compatible = "simple-bus"; #address-cells = <1>; #size-cells = <1>; ranges = <0 0 0x10000000 0x10000000>;
        gic: interrupt-controller@1000 { compatible = "arm,gic-400"; interrupt-controller; #interrupt-cells = <3>; #address-cells = <0>;
            reg = <0x1000 0x1000>, <0x2000 0x2000>, <0x4000 0x2000>, <0x6000 0x2000>; interrupts = <1 9 4>; };
        uart: serial@10000 { compatible = "arm,pl011"; reg = <0x10000 0x1000>; interrupts = <0 21 4>; };
        gpio: gpio@20000 { compatible = "arm,pl061"; reg = <0x20000 0x1000>; interrupts = <0 40 4>; };
        gpio@30000 { compatible = "arm,pl061"; reg = <0x30000 0x1000>; interrupts = <0 40 4>; };
        gpio@40000 { compatible = "arm,pl061"; reg = <0x40000 0x1000>; interrupts = <0 21 4>; };
        watchdog@50000 { compatible = "arm,sp805"; reg = <0x50000 0x1000>; interrupts = <1 6 4>; };
        gpio@60000 { compatible = "arm,pl061"; reg = <0x60000 0x1000>; interrupts = <0 300 1>; };
        gpio@70000 { compatible = "arm,pl061"; reg = <0x70000 0x1000>; interrupts = <0 50 4>; status = "disabled"; };
    };
};
"""
subprocess.run(["dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", HERE / "small.dtb"], input=SMALL.encode(), check=True)


def two_cores(name, psci, method, reserve=""):
    """The small board with a second core; `psci` and `method` say how that is started."""
    tree = SMALL.replace("reg = <0>; };", "reg = <0>; }; cpu@1 { device_type = \"cpu\"; compatible = \"arm,cortex-a53\"; reg = <1>; " + method + " };", 1)
    tree = tree.replace('psci { compatible = "arm,psci-1.0"; method = "smc"; };', psci).replace("/dts-v1/;", "/dts-v1/;" + reserve)
    subprocess.run(["dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", HERE / name], input=tree.encode(), check=True)


SPIN = 'enable-method = "spin-table"; cpu-release-addr = <0 0x4e0000f8>;'
two_cores("spin-table.dtb", "", SPIN, "/memreserve/ 0x4e000000 0x1000;")
two_cores("spin-table-in-ram.dtb", "", SPIN)
two_cores("spin-table-nowhere.dtb", "", 'enable-method = "spin-table";')
two_cores("no-psci.dtb", "", "")
two_cores("hvc.dtb", 'psci { compatible = "arm,psci-1.0"; method = "hvc"; };', 'enable-method = "psci";')
CADENCE = SMALL.replace('"arm,pl011"', '"cdns,uart-r1p12"')
subprocess.run(["dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", HERE / "cadence.dtb"], input=CADENCE.encode(), check=True)
