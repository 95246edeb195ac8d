"""Runs a guest to its verdict on one of three machines: QEMU alone (native), Tiffin, Xen. The same QEMU, CPU and counting flags for all."""

import os
import re
import selectors
import shutil
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("TIFFIN_CACHE", ROOT / ".cache"))

# One instruction is one virtual nanosecond; 1 GHz makes it one tick of the counter. sleep=off: WFI costs no host time.
EXACT = ["-icount", "shift=0,sleep=off", "-rtc", "base=2024-01-01,clock=vm", "-seed", "1"]
CPU = "cortex-a72,cntfrq=1000000000"
MODULES_AT = 0x50000000  # where Xen's boot modules lie: above Xen and the device tree that QEMU puts at 128 MiB
RAM_MIB = 1024


class BenchError(Exception):
    """A run that cannot be done here, or gave no verdict; the text says what to do."""


def need(path, hint):
    if not Path(path).exists():
        raise BenchError(f"{path} is missing; {hint}")
    return Path(path)


def machine(el2):
    return "virt,gic-version=3,dtb-randomness=off" + (",virtualization=on" if el2 else "")


def qemu(el2, memory_mib=RAM_MIB, cores=1):
    return ["qemu-system-aarch64", "-M", machine(el2), "-cpu", CPU, *EXACT, "-smp", str(cores), "-m", f"{memory_mib}M",
            "-display", "none", "-serial", "stdio", "-monitor", "none", "-net", "none", "-no-reboot"]


def run_until(command, until, timeout_s, meanwhile=lambda text: None, at_end=lambda text: None, typed=()):
    """Runs `command` until every regular expression in `until` was seen in its output, it ends, or the time is up: returns the output.

    `meanwhile` is called with what was said so far, each half second and whenever there is more; `at_end` when all was seen, while it still
    runs. `typed`: pairs of a regular expression and a line that is typed when it was seen, one after another. The last line may lack its end. Raises BenchError, with the tail of the output, if something was not seen."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    typed = list(typed)
    output, deadline = b"", time.monotonic() + timeout_s
    wanted = [re.compile(u.encode()) for u in until]
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while time.monotonic() < deadline and not all(w.search(output) for w in wanted):
                meanwhile(output.decode(errors="replace"))
                if not selector.select(timeout=0.5):
                    continue
                piece = os.read(process.stdout.fileno(), 65536)
                if not piece:
                    break
                output += piece
                if typed and re.search(typed[0][0].encode(), output):
                    process.stdin.write(typed.pop(0)[1].encode() + b"\r")
                    process.stdin.flush()
        if all(w.search(output) for w in wanted):
            at_end(output.decode(errors="replace"))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()
    text = output.decode(errors="replace").replace("\r", "")
    missing = [u for u, w in zip(until, wanted) if not w.search(output)]
    if missing:
        raise BenchError(f"no {missing[0]!r} within {timeout_s} s; last lines:\n  " + "\n  ".join(text.strip().splitlines()[-15:]))
    return text


def compile_tree(source, path):
    """Device-tree source text -> blob at `path`. -q: QEMU's own tree has style warnings that are not ours."""
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", str(path)], input=source, text=True, check=True)
    return path


# ---------------------------------------------------------------------------------------------------------------- native

def native(work, image, arguments, until, timeout_s=120):
    """An app or kernel image at EL1 of a machine without EL2."""
    return run_until([*qemu(False), "-kernel", str(image), "-append", arguments], until, timeout_s)


# ------------------------------------------------------------------------------------------------------------------- Xen

def xen_domain(index, kernel, arguments, memory_mib, ramdisk, modules):
    """One dom0less domain (Xen, docs/misc/arm/device-tree/booting.txt). Appends (file, address) of what it loads to `modules`."""
    def module(kind, file, extra=""):
        at = modules[-1][1] + -(-modules[-1][0].stat().st_size // 0x200000) * 0x200000 if modules else MODULES_AT
        modules.append((Path(file), at))
        size = Path(file).stat().st_size
        return (f'module@{at:x} {{ compatible = "multiboot,{kind}", "multiboot,module"; reg = <0 {at:#x} 0 {size:#x}>; {extra} }};')

    body = module("kernel", kernel, f'bootargs = "{arguments}";')
    if ramdisk:
        body += module("ramdisk", ramdisk)
    return (f'domU{index} {{ compatible = "xen,domain"; #address-cells = <2>; #size-cells = <2>; memory = <0 {memory_mib * 1024}>;'
            f" cpus = <1>; vpl011; {body} }};")


def xen(work, domains, options, until, timeout_s=300):
    """Boots Debian's Xen with `domains`: dicts of kernel, arguments, memory_mib and, optionally, ramdisk."""
    binary = need(CACHE / "xen/xen", "fetch it with scripts/fetch-guests.sh")
    board = work / "board.dtb"
    subprocess.run([*qemu(True), "-M", f"dumpdtb={board}"], check=True, capture_output=True)
    source = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", str(board)], check=True, capture_output=True, text=True).stdout
    modules = []
    nodes = "".join(xen_domain(i + 1, d["kernel"], d["arguments"], d["memory_mib"], d.get("ramdisk"), modules)
                    for i, d in enumerate(domains))
    source += (f'/ {{ chosen {{ #address-cells = <2>; #size-cells = <2>; '
               f'xen,xen-bootargs = "console=dtuart dtuart=/pl011@9000000 {options}"; {nodes} }}; }};')
    tree = compile_tree(source, work / "xen.dtb")
    loaders = [a for file, at in modules for a in ("-device", f"loader,file={file},addr={at:#x},force-raw=on")]
    text = run_until([*qemu(True), "-kernel", str(binary), "-dtb", str(tree), *loaders], until, timeout_s)
    return re.sub(r"^\(XEN\) DOM(\d+): ", r"dom\1: ", text, flags=re.M)


# ---------------------------------------------------------------------------------------------------------------- Tiffin

def tiffin(work, description, until, timeout_s=300, cores=1, board_has=(), **hooks):
    """Packs `description` (YAML text; file names in it are absolute or relative to the repository) and boots it, on a board that has more
    by these arguments of QEMU's. `hooks`: run_until's."""
    tool = need(ROOT / "build/host/tool/tiffin", "build it: cmake --preset host && cmake --build --preset host")
    need(ROOT / "build/aarch64/hypervisor/tiffin.bin", "build it: cmake --preset aarch64 && cmake --build --preset aarch64")
    board, image, source = work / "board.dtb", work / "tiffin.img", work / "device.yaml"
    command = [*qemu(True, cores=cores), *board_has]
    subprocess.run([*command, "-M", f"dumpdtb={board}"], check=True, capture_output=True)
    source.write_text(description)
    packed = subprocess.run([str(tool), "build", str(source), "--board", str(board), "--output", str(image)], cwd=ROOT,
                            capture_output=True, text=True)
    if packed.returncode != 0:
        raise BenchError(f"tiffin build refused {source}:\n{packed.stderr or packed.stdout}")
    return run_until([*command, "-kernel", str(image)], until, timeout_s, **hooks)


def require_programs():
    missing = [p for p in ("qemu-system-aarch64", "dtc", "aarch64-linux-gnu-size") if not shutil.which(p)]
    if missing:
        raise BenchError("not installed: " + ", ".join(missing) + "; apt-get install qemu-system-arm device-tree-compiler binutils-aarch64-linux-gnu")
