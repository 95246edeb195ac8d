"""One binary, driven by the plan: other cores, other sizes; and images that must be refused, in words."""
import struct

import pytest

from harness.describe import Board, app, linux, metronome

IMAGE_INFO = struct.Struct("<QIIIIQ")  # abi::ImageInfo, at byte 64


def plan_span(image):
    """Offset and size of the plan in a boot image."""
    _, _, _, offset, size, _ = IMAGE_INFO.unpack_from(image.read_bytes(), 64)
    assert 0 < offset < image.stat().st_size
    return offset, size


def flip(image, offset, mask=0x10):
    content = bytearray(image.read_bytes())
    content[offset] ^= mask
    image.write_bytes(content)


def expect_refusal(machine, words):
    status = machine.wait_until_stopped(timeout=60)
    machine.wait_for("tiffin", rf"refused: .*{words}")
    assert status != 0
    assert not [line for line in machine.lines() if line.startswith("[")], "a guest ran although the plan was refused"


@pytest.mark.parametrize("cpu", ["cortex-a53", "cortex-a72", "max"])
@pytest.mark.parametrize("gic", [2, 3])
def test_linux_and_a_real_time_app_share_a_core_of_this_model(machine, cpu, gic):
    running = machine({"linux": linux(96), "metronome": metronome(jobs=1500)}, Board(cpu=cpu, gic=gic, memory_mib=512))
    assert running.wait_until_stopped(timeout=200) == 0
    running.wait_for("linux", "linux: job done")
    running.wait_for("metronome", "jobs=1500 missed=0")


def test_a_board_of_128_mib_holds_linux_and_an_app(machine):
    running = machine({"linux": linux(64), "idler": app("idler", memory_kib=64)}, Board(memory_mib=128))
    assert running.wait_until_stopped(timeout=120) == 0
    running.wait_for("linux", "linux: job done")
    running.wait_for("idler", "idler: job done")


def test_the_hypervisor_that_clang_builds_runs_linux_too(build, boot):
    running = boot(build({"linux": linux(96), "metronome": metronome(jobs=1000)}, preset="aarch64-clang"))
    assert running.wait_until_stopped(timeout=120) == 0
    running.wait_for("linux", "linux: job done")
    running.wait_for("metronome", "jobs=1000 missed=0")


def test_a_board_of_8_gib_boots(machine):
    running = machine({"hello": app("hello")}, Board(memory_mib=8192))
    assert running.wait_until_stopped(timeout=60) == 0


def test_a_flipped_bit_in_the_plan_is_refused_in_words(build, boot):
    image = build({"hello": app("hello")})
    offset, size = plan_span(image)
    flip(image, offset + size // 2)
    expect_refusal(boot(image), "(checksum|CRC)")


def test_a_plan_without_its_magic_is_refused_in_words(build, boot):
    image = build({"hello": app("hello")})
    flip(image, plan_span(image)[0])
    expect_refusal(boot(image), "plan")


def test_a_flipped_bit_in_a_payload_is_refused_when_payloads_are_verified(build, boot):
    image = build({"hello": app("hello")}, options={"verify-payloads": True})
    offset, size = plan_span(image)
    flip(image, (offset + size + 4095) // 4096 * 4096 + 64)
    expect_refusal(boot(image), "hello")


def test_a_hypervisor_without_a_plan_says_that_there_is_none(build, boot):
    image = build({"hello": app("hello")})
    content = bytearray(image.read_bytes())
    struct.pack_into("<II", content, 64 + 16, 0, 0)
    image.write_bytes(content)
    expect_refusal(boot(image), "plan")


@pytest.mark.parametrize("planned, found", [(2, 3), (3, 2)])
def test_a_plan_for_another_interrupt_controller_is_refused_in_words(build, boot, planned, found):
    image = build({"hello": app("hello")}, Board(gic=planned))
    expect_refusal(boot(image, Board(gic=found)), "(GIC|gic|board)")
