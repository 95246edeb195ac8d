"""No hypervisor: what the work costs by itself."""

import devices
import guests
import handheld
import images
from machines import compile_tree, native, qemu, run_until


def run_micro(work):
    text = native(work, images.app(), "bench.mode=micro", [guests.DONE])
    return guests.micro(text) | guests.first_instruction(text, 8)


def run_tick(work):
    return guests.tick(native(work, images.app(), "bench.mode=tick", [guests.DONE]))


# The devices that a Tiffin VM has, so that Linux probes the same ones; QEMU's own tree would add PCI, fw_cfg and 32 virtio slots.
# The seed spares the kernel the wait for entropy, as Tiffin's TRNG does.
TREE = """/dts-v1/;
/ {{
    compatible = "linux,dummy-virt"; #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;
    chosen {{ stdout-path = "/pl011@9000000"; bootargs = "{arguments}"; rng-seed = [{seed}];
             linux,initrd-start = <0 {initrd:#x}>; linux,initrd-end = <0 {initrd_end:#x}>; }};
    memory@40000000 {{ device_type = "memory"; reg = <0 0x40000000 0 {memory:#x}>; }};
    cpus {{ #address-cells = <1>; #size-cells = <0>;
           cpu@0 {{ device_type = "cpu"; compatible = "arm,cortex-a72"; reg = <0>; enable-method = "psci"; }}; }};
    psci {{ compatible = "arm,psci-1.0", "arm,psci-0.2"; method = "hvc"; }};
    timer {{ compatible = "arm,armv8-timer"; always-on; interrupts = <1 13 4>, <1 14 4>, <1 11 4>, <1 10 4>; }};
    gic: intc@8000000 {{ compatible = "arm,gic-v3"; #interrupt-cells = <3>; interrupt-controller; #redistributor-regions = <1>;
                        reg = <0 0x8000000 0 0x10000>, <0 0x80a0000 0 0x20000>; interrupts = <1 9 4>; }};
    clk: apb-pclk {{ compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <24000000>; }};
    pl011@9000000 {{ compatible = "arm,pl011", "arm,primecell"; reg = <0 0x9000000 0 0x1000>; interrupts = <0 1 4>;
                    clocks = <&clk>, <&clk>; clock-names = "uartclk", "apb_pclk"; }};
    pl031@9010000 {{ compatible = "arm,pl031", "arm,primecell"; reg = <0 0x9010000 0 0x1000>; interrupts = <0 2 4>;
                    clocks = <&clk>; clock-names = "apb_pclk"; }};
}};
"""
INITRD_AT = 0x48000000


def run_linux(work, seeded=True):
    end = INITRD_AT + images.initrd().stat().st_size
    source = TREE.format(arguments=images.LINUX_ARGUMENTS, seed="5a" * 64, initrd=INITRD_AT, initrd_end=end,
                         memory=images.LINUX_MIB << 20)
    tree = compile_tree(source if seeded else source.replace("rng-seed", "tiffin,no-seed"), work / "native.dtb")
    command = [*qemu(False, images.LINUX_MIB), "-kernel", str(images.kernel()), "-initrd", str(images.initrd()), "-dtb", str(tree),
               "-append", images.LINUX_ARGUMENTS]
    return guests.linux(run_until(command, [guests.POWER_DOWN], 600), seeded)


def run_linux_unseeded(work):
    return run_linux(work, seeded=False)


measures = [
    ("single operations", run_micro, False),
    ("1 ms tick", run_tick, False),
    ("Linux", run_linux, True),
    ("Linux on a disk", devices.run_native_disk, True),
    ("Linux on a screen", handheld.run_native_screen, True),
    ("Linux on a sound card", handheld.run_native_sound, True),
    ("Linux without a random seed", run_linux_unseeded, True),
]
