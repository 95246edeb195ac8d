"""What cannot go on is stopped with a report: a VM alone, or, for a bug of the hypervisor's own, the machine."""
import struct
import subprocess

from harness.describe import app, metronome, share

UNDEFINED = struct.pack("<I", 0)  # UDF #0


def elf(root, preset="aarch64"):
    return root / "build" / preset / "hypervisor/tiffin.elf"


def offset_of(symbol, path):
    """Where the hypervisor's function `symbol` lies in the boot image: it is linked at 0."""
    names = subprocess.run(["aarch64-linux-gnu-nm", str(path)], check=True, capture_output=True, text=True).stdout
    return next(int(fields[0], 16) for fields in map(str.split, names.splitlines()) if fields[-1] == symbol)


def raw_vm(tmp_path, name, instructions):
    """A VM whose whole image is these instructions."""
    path = tmp_path / f"{name}.raw"
    path.write_bytes(b"".join(struct.pack("<I", i) for i in instructions))
    return {"memory": "256 KiB", "cpus": [share()], "image": {"raw": str(path)}}


def test_a_vm_without_vectors_to_run_is_stopped_alone(machine, tmp_path):
    lost = raw_vm(tmp_path, "lost", [0xD2800000, 0xD61F0000])  # mov x0, #0; br x0
    running = machine({"lost": lost, "metronome": metronome(jobs=1000)})
    running.wait_for("tiffin", r"lost: crashed: no exception vectors")
    running.wait_for("tiffin", r"lost: vCPU 0 at pc 0x0: instruction fetch")
    running.wait_for("metronome", "jobs=1000 missed=0")
    assert running.wait_until_stopped(timeout=60) == 1, "a machine with a crashed VM does not end with success"
    running.wait_for("tiffin", r"report vm=lost state=crashed")


def test_an_exception_of_the_hypervisors_own_stops_the_machine_with_registers_and_a_backtrace(build, boot, tool, tmp_path, request):
    root = request.config.rootpath.parent.parent
    image = build({"idler": app("idler", memory_kib=64)})
    content = bytearray(image.read_bytes())
    at = offset_of("tiffin_switch", elf(root))  # on the way of the first WFI
    content[at : at + 4] = UNDEFINED
    image.write_bytes(content)
    running = boot(image)
    assert running.wait_until_stopped(timeout=60) == 70
    running.wait_for("tiffin", r"panic: exception at EL2: ESR 0x2000000")
    running.wait_for("tiffin", r"on behalf of vCPU 0 of idler")
    running.wait_for("tiffin", r"x0 +0x[0-9a-f]{16}")
    assert running.wait_for("tiffin", r"#0 \+(0x[0-9a-f]+)")[1] == hex(at)
    log = tmp_path / "panic.log"
    log.write_text(running.log())
    named = subprocess.run([str(root / "build/host/tool/tiffin"), "symbolize", str(elf(root))], stdin=log.open(), capture_output=True,
                           text=True, check=True).stdout
    assert "tiffin_switch" in named
