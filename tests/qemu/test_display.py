"""VMs show their screens in windows of the board's: what QEMU's screen shows is what they drew, each in its own place."""
from harness import screen
from harness.describe import PciBoard, app, fixed, metronome, server

FRAME, REST, INK = 0x202028, 0x404048, 0xF0F0F0
WAVE = 32


def display(cmdline=""):
    return server("display", 1, cmdline, [fixed(30)]) | {"access": [{"pci": "00:01.0"}]}


def gauge(window, colour, steps, **more):
    vm = app("gauge", 256, f"gauge.steps={steps} gauge.step_ms=10 gauge.colour={colour}")
    return vm | {"virtio": [{"device": "gpu", "server": "display", "window": window} | more]}


def board(*devices, **more):
    return PciBoard(devices=screen.CARD + devices, **more)


def assert_gauge(picture, x, y, width, height, colour, steps):
    """The gauge after so many steps: its frame, the word, and a bar as long as its wave is high."""
    last = (steps - 1) % (2 * WAVE)
    high = last if last < WAVE else 2 * WAVE - last
    long = (width - 8) * high // WAVE
    part = picture.part(x, y, width, height)
    assert part.part(0, 0, width, 4) == screen.plain(width, 4, FRAME)
    assert part.part(0, height - 4, width, 4) == screen.plain(width, 4, FRAME)
    assert part.part(4, 16, long, height - 20) == screen.plain(long, height - 20, colour)
    assert part.part(4 + long, 16, width - 8 - long, height - 20) == screen.plain(width - 8 - long, height - 20, REST)
    assert set(part.part(4, 4, width - 8, 8).colours()) == {screen.rgb(FRAME), screen.rgb(INK)}


def test_two_apps_draw_in_windows_of_their_own(machine, tmp_path):
    vms = {"left": gauge("100x60+20+30", 0x30C060, 20), "right": gauge("120x80+300+200", 0xC03060, 37), "display": display()}
    running = machine(vms | {"metronome": metronome(jobs=3000)}, board())
    running.wait_for("display", "display: 2 devices, 800 by 480 pixels")
    running.wait_for("left", "gauge: 20 steps")
    running.wait_for("right", "gauge: 37 steps")
    picture = screen.shot(running, tmp_path)
    assert (picture.width, picture.height) == (800, 480)
    assert_gauge(picture, 20, 30, 100, 60, 0x30C060, 20)
    assert_gauge(picture, 300, 200, 120, 80, 0xC03060, 37)
    assert picture.colours()[(0, 0, 0)] == 800 * 480 - 100 * 60 - 120 * 80, "and nothing beside them"
    running.wait_for("metronome", "jobs=3000 missed=0")


def test_nothing_covers_what_is_on_top(machine, tmp_path):
    vms = {"top": gauge("100x60+50+50", 0x30C060, 10, **{"on-top": True}), "under": gauge("150x150+20+20", 0xC03060, 40), "display": display()}
    running = machine(vms | {"metronome": metronome(jobs=3000)}, board())
    running.wait_for("top", "gauge: 10 steps")
    running.wait_for("under", "gauge: 40 steps")
    picture = screen.shot(running, tmp_path)
    assert_gauge(picture, 50, 50, 100, 60, 0x30C060, 10)
    assert picture.part(20, 20, 150, 4) == screen.plain(150, 4, FRAME), "what lies under it begins here,"
    assert picture.at(160, 166) == screen.rgb(FRAME), "and ends there"
    running.wait_for("metronome", "jobs=3000 missed=0")


def test_a_hostile_client_is_contained_and_the_picture_beside_it_is_whole(machine, tmp_path):
    white = app("hostile", memory_kib=1024, cmdline="hostile.only=screen hostile.rounds=3")
    white |= {"virtio": [{"device": "gpu", "server": "display", "window": "64x64+90+40"}]}
    vms = {"good": gauge("100x60+20+30", 0x30C060, 25, **{"on-top": True}), "hostile": white, "display": display()}
    running = machine(vms | {"metronome": metronome(jobs=6000)}, board())
    running.wait_for("hostile", "hostile: 5 contained, 0 failed")
    running.wait_for("good", "gauge: 25 steps")
    assert running.count("hostile", r"hostile: case screen-\S+: contained") == 5
    picture = screen.shot(running, tmp_path)
    assert_gauge(picture, 20, 30, 100, 60, 0x30C060, 25)
    running.wait_for("metronome", "jobs=6000 missed=0")


def test_a_server_that_dies_again_and_again_loses_no_picture(machine, tmp_path):
    vms = {"left": gauge("100x60+20+30", 0x30C060, 60), "display": display("server.dies-after=9")}
    running = machine(vms | {"metronome": metronome(jobs=4000)}, board())
    running.wait_for("left", "gauge: 60 steps")
    assert running.count("display", "display: 1 devices") > 8
    assert_gauge(screen.shot(running, tmp_path), 20, 30, 100, 60, 0x30C060, 60)
    running.wait_for("metronome", "jobs=4000 missed=0")


def key(running, name):
    for down in (True, False):
        running.qmp.command("input-send-event", events=[{"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": name}}}])


def test_a_key_asks_whose_each_window_is_and_asks_no_more(machine, tmp_path):
    keyed = display()
    keyed["access"] = [{"pci": "00:01.0"}, {"pci": "00:02.0"}]
    vms = {"top": gauge("300x50+50+50", 0x30C060, 10, **{"on-top": True}), "under": gauge("140x180+20+20", 0xC03060, 20), "display": keyed}
    running = machine(vms | {"metronome": metronome(jobs=60000)}, board("virtio-keyboard-pci,iommu_platform=on,disable-legacy=on"))
    running.wait_for("top", "gauge: 10 steps")
    running.wait_for("under", "gauge: 20 steps")
    before = screen.shot(running, tmp_path)
    key(running, "f11")
    running.wait_for("display", r"display: top 300x50\+50\+50")
    running.wait_for("display", r"display: under 140x180\+20\+20")
    owned = screen.until_changed(running, tmp_path, before)
    top, under = 0xE04040, 0x40C040  # guest/drivers/display/owner.hpp, by the numbers of the windows
    assert owned.part(50, 97, 300, 3) == screen.plain(300, 3, top), "the frame of what is on top"
    assert owned.part(20, 197, 140, 3) == screen.plain(140, 3, under), "the frame of what lies under it, which begins above"
    assert owned.part(20, 120, 3, 80) == screen.plain(3, 80, under)
    assert owned.part(347, 73, 3, 27) == screen.plain(3, 27, top)
    letters = owned.part(50, 50, 300, 22).colours()
    assert letters[(255, 255, 255)] > 100 and letters[(0, 0, 0)] > 1000, "a name and a place"
    assert owned.part(350, 0, 450, 480) == screen.plain(450, 480, 0), "nobody has the rest"
    key(running, "f11")
    running.wait_for("display", "display: nobody says any more")
    assert screen.until_changed(running, tmp_path, owned) == before


def test_a_client_that_takes_no_notice_of_a_larger_screen_is_seen_in_its_corner_and_others_come_back(machine, tmp_path):
    keyed = display()
    keyed["access"] = [{"pci": "00:01.0"}, {"pci": "00:02.0"}]
    one = gauge("100x60+50+100", 0x30C060, 10)
    one["virtio"].append({"device": "input", "server": "display"})
    vms = {"top": gauge("300x50+0+0", 0xC03060, 20, **{"on-top": True}), "one": one, "two": gauge("120x80+300+200", 0x3060C0, 15), "display": keyed}
    running = machine(vms | {"metronome": metronome(jobs=60000)}, board("virtio-keyboard-pci,iommu_platform=on,disable-legacy=on"))
    for vm, steps in (("top", 20), ("one", 10), ("two", 15)):
        running.wait_for(vm, f"gauge: {steps} steps")
    before = screen.shot(running, tmp_path)
    key(running, "f10")
    running.wait_for("display", r"display: one 800x430\+0\+50")
    large = screen.until_changed(running, tmp_path, before)
    assert_gauge(large, 0, 0, 300, 50, 0xC03060, 20)
    assert_gauge(large, 0, 50, 100, 60, 0x30C060, 10)
    assert large.part(0, 110, 800, 370) == screen.plain(800, 370, 0) and large.part(100, 50, 700, 60) == screen.plain(700, 60, 0)
    key(running, "f10")
    running.wait_for("display", "display: each window is in its place")
    assert screen.until_changed(running, tmp_path, large) == before


def test_el2s_wide_copies_leave_everybodys_simd_registers_alone(machine):
    """EL2 fetches the gauge's pixels by SIMD registers, which hold the values of whoever used them last: three who check, and the server itself."""
    guards = {f"guard{n}": app("fpguard", 256, f"fpguard.pattern={n} fpguard.turns=100000") for n in (1, 2, 3)}
    running = machine({"display": display(), "one": gauge("100x60+20+30", 0x30C060, 50)} | guards, board())
    for name in guards:
        running.wait_for(name, "fpguard: 100000 turns, nothing lost or leaked")
    running.wait_for("one", "gauge: 50 steps")
