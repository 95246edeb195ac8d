"""The handheld's work: Linux's pictures, music and keys, by virtio and by the drivers of the board's own screen, card and keyboard."""

import re

import images
import tracing
from machines import CACHE, ROOT, need, qemu, run_until, tiffin

UPDATES, PRESSES, PERIODS, SECONDS = 20, 5, 200, 3
CORE = 200_000_000  # instructions a second of the core that shares are told of
SCREEN = {"draw": "Linux draws and shows a picture of 800x480", "copy": "Linux copies and shows a picture of 800x480",
          "clock": "Linux draws and shows a clock of 380x190", "small": "Linux draws and shows 64x32"}
KEY, KEY_IN_LINUX = "key press to pixel", "key press to pixel, from the input event in Linux"
PERIOD, PERIOD_SERVER = "Linux plays a period of 10 ms: the core's work", "Linux plays a period of 10 ms: the sound VM and EL2"
PERIOD_WRITE = "Linux plays a period of 10 ms: the sound VM alone"
SHARE, SHARE_DISPLAY = "Linux plays: sound VM and EL2, of a core of 200 M a second", "Linux shows a clock: display VM, of a core of 200 M a second"
COPIES, COPIES_SOUND = "EL2 copies, for each byte of pixels shown", "EL2 copies, for each byte of samples played"
GOALS = {SCREEN["draw"]: (1.3, True), SHARE: (3, False)}
ROWS = [*((name, "instructions") for name in SCREEN.values()), (KEY, "instructions"), (KEY_IN_LINUX, "instructions"), (PERIOD, "instructions"),
        (PERIOD_SERVER, "instructions"), (PERIOD_WRITE, "instructions"), (SHARE, "%"), (SHARE_DISPLAY, "%"), (COPIES, "bytes"), (COPIES_SOUND, "bytes")]

KEYBOARD = 32 + 3 + 2  # INTID: QEMU's virt board has PCI's INTA of device n at SPI 3 + n % 4
SERVE_LOOK = 0xC6000012
LINUX, SOUND, DISPLAY = 0, 1, 2  # VMs, as they are described below
SOUND_CARD = ["-audiodev", "none,id=audio,out.frequency=48000,out.channels=2,out.format=s16", "-device", "intel-hda", "-device",
              "hda-output,audiodev=audio"]
DONE = [r"linux: bench done"]
DESCRIPTION = """board: qemu-virt
machine:
  cpu: cortex-a72
  cores: 1
  gic: 3
  memory: 1 GiB
  iommu: smmuv3
  devices: ["bochs-display,romfile=", "virtio-keyboard-pci,iommu_platform=on,disable-legacy=on", intel-hda, "hda-output,audiodev=audio"]
  audiodevs: ["none,id=audio,out.frequency=48000,out.channels=2,out.format=s16"]
{options}domains:
  linux:
    memory: {memory} MiB
    image: {{kernel: "{kernel}", initrd: "{initrd}", cmdline: "{cmdline}"}}
    virtio:
      - {{device: gpu, server: display, window: 800x480+0+0}}
      - {{device: sound, server: sound}}
      - {{device: input, server: display}}
  sound: {{memory: 1 MiB, cpu: {{policy: fixed, priority: 30}}, image: {{elf: "{drivers}/sound/sound.elf"}}, access: [{{pci: "00:03.0"}}]}}
  display: {{memory: 1 MiB, cpu: {{policy: fixed, priority: 20}}, image: {{elf: "{drivers}/display/display.elf"}},
            access: [{{pci: "00:01.0"}}, {{pci: "00:02.0"}}]}}
"""


def cmdline(what):
    return f"console=ttyAMA0 quiet nokaslr {what}"


def initrd():
    return need(CACHE / "initrd-bench.cpio.gz", images.FETCH)


def on_tiffin(work, what, options="", until=DONE, **hooks):
    """`hooks`: run_until's, and `monitor`, which presses keys and fetches the trace."""
    monitor = hooks.pop("monitor", None)
    board = ["-M", "iommu=smmuv3", "-device", "bochs-display,romfile=", "-device", "virtio-keyboard-pci,iommu_platform=on,disable-legacy=on",
             *SOUND_CARD, *(monitor.arguments() if monitor else [])]
    text = DESCRIPTION.format(options=options, memory=images.LINUX_MIB, kernel=images.kernel(), initrd=initrd(), cmdline=cmdline(what),
                              drivers=ROOT / "build/aarch64/guest/drivers")
    return tiffin(work, text, until, board_has=board, **hooks)


def natively(what, *more, **hooks):
    """The same Linux on the same devices, with nobody between."""
    command = [*qemu(False, images.LINUX_MIB), "-device", "bochs-display,romfile=,xres=800,yres=480", "-device", "virtio-keyboard-pci", *SOUND_CARD,
               *more, "-kernel", str(images.kernel()), "-initrd", str(initrd()), "-append", cmdline(what)]
    return run_until(command, DONE, 300, **hooks)


def screen_rows(text):
    found = dict(re.findall(r"player: measure: (\w+) ns=(\d+) pixels", text))
    return {row: int(found[name]) for name, row in SCREEN.items()}


def key_row(text):
    """Its median: a press may meet the kernel's own tick."""
    return {KEY_IN_LINUX: sorted(int(ns) for ns in re.findall(r"measure: key ns=(\d+)", text))[PRESSES // 2]}


def worked(text):
    """What Linux did for a period, by its own count: playing twice as many, less playing once."""
    (once, busy), (twice, busier) = ((int(periods), int(ns) - int(idle)) for periods, ns, idle in
                                     re.findall(r"linux: played: periods=(\d+) ns=(\d+) idle=(\d+)", text))
    return (busier - busy) / (twice - once)


def pressed_to_shown(events):
    """From each interrupt of the keyboard's to the last pixels that are fetched before the core sleeps again.

    Fetching is one hypercall (ServeLook), and the screen has the pixels before the next one. A press that comes with its release counts once."""
    spans, pressed, shown = [], None, None
    for event in events:
        if event.kind == tracing.SWITCH and event.who == tracing.NOBODY:
            if pressed is not None and shown is not None:
                spans.append(shown - pressed)
            pressed = shown = None
        elif event.kind in (tracing.INTERRUPT, tracing.WAKE_UP) and event.argument == KEYBOARD and pressed is None:
            pressed = event.time - event.detail
        elif event.kind == tracing.HYPERCALL and event.argument == SERVE_LOOK and pressed is not None:
            shown = event.time
    return spans


def run_screen(work):
    monitor = tracing.Board(work)
    rows = screen_rows(on_tiffin(work, f"tiffin.updates={UPDATES}"))
    said = on_tiffin(work, f"tiffin.updates=1 tiffin.presses={PRESSES}", tracing.OPTION, monitor=monitor, meanwhile=monitor.press, at_end=monitor.fetch)
    spans = sorted(pressed_to_shown(monitor.events))
    return rows | key_row(said) | {KEY: spans[len(spans) // 2]}


def run_native_screen(work):
    monitor = tracing.Board(work)
    return (screen_rows(natively(f"tiffin.updates={UPDATES}")) |
            key_row(natively(f"tiffin.updates=1 tiffin.presses={PRESSES}", *monitor.arguments(), meanwhile=monitor.press)))


def more_of(work, what, times):
    """What each VM ran, and what of that was EL2, for one of `what`: of a run with twice as many, less one with `times` of them."""
    both = []
    for n in (times, 2 * times):
        monitor = tracing.Board(work)
        on_tiffin(work, f"tiffin.{what}={n}", tracing.OPTION, monitor=monitor, at_end=monitor.fetch)
        both.append(tracing.turns(monitor.events))
    return [{who: (more[who] - less.get(who, 0)) / times for who in more} for less, more in zip(*both)]


def run_sound(work):
    """Each run plays once, and then twice as much."""
    ran, el2 = more_of(work, "periods", PERIODS)
    linux, server, for_linux = ran[LINUX] / 3, ran[SOUND] / 3, el2[LINUX] / 3
    return {PERIOD: round(linux + server), PERIOD_SERVER: round(server + for_linux), PERIOD_WRITE: round(server),
            SHARE: 100 * (server + for_linux) * 100 / CORE}


def run_clock(work):
    ran, _ = more_of(work, "clock", SECONDS)
    return {SHARE_DISPLAY: 100 * ran[DISPLAY] / CORE}


# The servers stop when Linux has, and the hypervisor says what it copied.
STOPS = [(r"linux: stopped", "stop sound"), (r"sound: stopped", "stop display")]


def copied_for_more(work, what, times):
    """Bytes that EL2 copied for Linux, and what Linux said: of a run with twice as many of `what`, less one with `times` of them."""
    said = [on_tiffin(work, f"tiffin.{what}={n}", until=[r"report vm=linux .*copied=\d+", "machine stopped"], typed=STOPS)
            for n in (times, 2 * times)]
    less, more = (int(re.search(r"report vm=linux .*copied=(\d+)", text)[1]) for text in said)
    return more - less, said[0]


def run_copies(work):
    """The server's own copy to the screen, or mix into the card's ring, comes to it."""
    copied, said = copied_for_more(work, "updates", UPDATES)
    pixels = UPDATES * sum(int(n) for n in re.findall(r"player: measure: \w+ ns=\d+ pixels=(\d+)", said))
    copied_sound, _ = copied_for_more(work, "periods", PERIODS)
    return {COPIES: copied / (4 * pixels), COPIES_SOUND: copied_sound / (3 * PERIODS * 480 * 4)}


def run_native_sound(work):
    return {PERIOD: round(worked(natively(f"tiffin.periods={PERIODS}")))}
