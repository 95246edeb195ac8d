"""Tiffin, from the hypervisor and the tool that this tree builds."""

import json
import re
import subprocess

import devices
import guests
import handheld
import images
from machines import ROOT, need, tiffin
from table import RESTART, RESTARTED_MIB, lock_row, takes_row

HEADER = "board: qemu-virt\nmachine: {cpu: cortex-a72, cores: 1, gic: 3, memory: 1 GiB}\ndomains:\n"
FIXED, SHARE = "{policy: fixed, priority: 40}", "{policy: share, weight: 100}"


def domain(name, mode, cpu=SHARE, memory="8 MiB"):
    return (f"  {name}:\n    memory: {memory}\n    cpu: {cpu}\n"
            f'    image: {{elf: "{images.app_elf()}", cmdline: "bench.mode={mode}"}}\n')


def done(*names):
    return [rf"\[{n}\] bench: done" for n in names]


def run_micro(work):
    text = tiffin(work, HEADER + domain("guest", "micro"), done("guest"))
    return guests.micro(text) | guests.first_instruction(text, 8)


def memory_line(work, count):
    """The bytes that the hypervisor says it took for `count` one-vCPU VMs."""
    description = HEADER + "".join(domain(f"vm{i}", "spin") for i in range(count))
    text = tiffin(work, description, [r"tiffin: memory: \d+ bytes for \d+ VM"])
    return int(re.search(r"tiffin: memory: (\d+) bytes", text)[1])


def run_ram(work):
    """What each further VM costs: the first one's figure holds what is needed once."""
    few, many = 2, 10
    return {"hypervisor RAM per one-vCPU VM": (memory_line(work, many) - memory_line(work, few)) // (many - few)}


def run_big(work):
    return guests.first_instruction(tiffin(work, HEADER + domain("guest", "micro", memory="512 MiB"), done("guest")), 512)


def run_restart(work):
    """Of a VM as large as the Linux ones, which has written all its RAM: more than Linux has when it starts anew."""
    life = r"bench: first_instruction=(\d+)"
    text = tiffin(work, HEADER + domain("guest", "restart", memory=f"{RESTARTED_MIB} MiB"), [r"bench: leaves=\d+\s[\s\S]*" + life + r"\s"])
    left, first = int(re.search(r"bench: leaves=(\d+)", text)[1]), int(re.findall(life, text)[1])
    return {RESTART: first - left}


def run_switch(work):
    rows = {}
    for policy, cpu in (("fixed priority", FIXED), ("by weight", SHARE)):
        text = tiffin(work, HEADER + domain("one", "yield", cpu) + domain("two", "yield", cpu), done("one", "two"))
        rows |= guests.switch(text, policy)
    both = "".join(domain(vm, "yield bench.fp=1", FIXED) for vm in ("one", "two"))
    return rows | guests.switch(tiffin(work, HEADER + both, done("one", "two")), "both using FP")


def run_tick(work):
    text = tiffin(work, HEADER + domain("tick", "tick", FIXED) + domain("spin", "spin"), done("tick"))
    return guests.tick(text)


def run_channel(work):
    def pair(one, one_cpu, other, other_cpu):
        """Two VMs with a channel, and what they said."""
        ends = [(mode.split()[0], peer.split()[0]) for mode, peer in ((one, other), (other, one))]
        text = "".join(domain(vm, mode, cpu) + f"    channels: [{{name: bench, peer: {peer}, size: 64 KiB}}]\n"
                       for (vm, peer), mode, cpu in zip(ends, (one, other), (one_cpu, other_cpu)))
        return tiffin(work, HEADER + text, done(*(vm for vm, _ in ends)))

    rows = guests.doorbell(pair("bell", FIXED, "ringer", SHARE), "by its register")
    rows |= guests.doorbell(pair("bell", FIXED, "ringer bench.call=1", SHARE), "by hypercall")
    return rows | guests.through_channel(pair("sink", SHARE, "source", SHARE))


LIMITED = "{policy: fixed, priority: 50, budget: 2 ms, period: 20 ms}"
GAPS, FEWER_GAPS = "gaps bench.count=25", "gaps bench.count=15"  # who is never limited sees one less than the other, and must end


def run_budget(work):
    description = HEADER + domain("limited", GAPS, LIMITED) + domain("other", FEWER_GAPS)
    return guests.budget(tiffin(work, description, done("limited", "other")), "limited", "other")


SLEEPERS = 16


def sleepers(slack):
    """Each sleeps for a second in naps of its own length, 5 to 11 ms."""
    elf = need(ROOT / "build/aarch64/guest/apps/idler/idler.elf", images.BUILD)
    naps = [5000 + 370 * n for n in range(SLEEPERS)]
    return "".join(f"  vm{n}: {{memory: 64 KiB, rtc: false, cpu: {SHARE}, timer-slack: {slack}, "
                   f'image: {{elf: "{elf}", cmdline: "idler.nap_us={us} idler.naps={1_000_000 // us}"}}}}\n' for n, us in enumerate(naps))


def run_slack(work):
    rows = {}
    for title, slack in (("", "0 ns"), (", timer-slack 4 ms", "4 ms")):
        text = tiffin(work, HEADER + sleepers(slack), [r"report machine", r"machine stopped"])
        ticks, frequency, woke = (int(re.search(rf"report machine .*\b{name}=(\d+)", text)[1]) for name in ("ticks", "freq", "wakeups"))
        rows[f"wake-ups of a core with {SLEEPERS} sleepers{title}"] = round(woke * frequency / ticks)
    return rows


def run_traced(work):
    """The same with a trace: what an event costs is the difference."""
    header = HEADER.replace("domains:", "options: {trace: 1 MiB}\ndomains:")
    text = tiffin(work, header + domain("guest", "micro"), done("guest"))
    rows = {f"{name}, traced": value for name, value in guests.micro(text).items() if name in guests.TRACED}
    text = tiffin(work, header + domain("one", "yield", FIXED) + domain("two", "yield", FIXED), done("one", "two"))
    return rows | guests.switch(text, "fixed priority, traced")


def run_hostile(work):
    """Beside the guest that does all that it must not (guest/apps/hostile), over and over."""
    elf = need(ROOT / "build/aarch64/guest/apps/hostile/hostile.elf", images.BUILD)
    hostile = f'  hostile:\n    memory: 1 MiB\n    cpu: {SHARE}\n    image: {{elf: "{elf}", cmdline: "hostile.rounds=100"}}\n'
    text = tiffin(work, HEADER + domain("tick", "tick", FIXED) + hostile, done("tick"))
    return guests.tick(text, "1 ms tick beside the hostile guest", ("worst", "missed"))


def run_longest_path(work):
    """EL2 with interrupts masked, whatever the hostile guest does. The trace's own part is in it."""
    elf = need(ROOT / "build/aarch64/guest/apps/hostile/hostile.elf", images.BUILD)
    text = tiffin(work, HEADER.replace("domains:", "options: {trace: 64 KiB}\ndomains:") +
                  f'  hostile:\n    memory: 1 MiB\n    image: {{elf: "{elf}"}}\n', [r"report machine", r"machine stopped"])
    frequency = int(re.search(r"report machine .*freq=(\d+)", text)[1])
    return {"longest path at EL2, the hostile guest's":
            max(int(t) for t in re.findall(r"report path .*ticks=(\d+)", text)) * 1_000_000_000 // frequency}


LOCK = r"report lock core=0 lock=(\w+) ticks=(\d+) by_guest=(\d+) by_interrupt=(\d+)"


def lock_rows(text):
    """How long core 0 held each lock, and how often in one path: from the report of a machine with a trace."""
    frequency, rows = int(re.search(r"report machine .*freq=(\d+)", text)[1]), {}
    for lock, ticks, by_guest, by_interrupt in re.findall(LOCK, text):
        rows[lock_row(lock)] = int(ticks) * 1_000_000_000 // frequency
        if lock not in ("vmid", "virtio"):
            rows |= {takes_row(lock, "guest"): int(by_guest), takes_row(lock, "interrupt"): int(by_interrupt)}
    return rows


def run_locks(work):
    """Locks that cores share, while the other core sleeps: what is counted is what the holder does, and no wait. The VM spans both cores, and its
    second vCPU stays off. The worst of the hostile guest, of Linux, which copies pages and prints, and of more VMs than there
    are VMIDs."""
    elf = need(ROOT / "build/aarch64/guest/apps/hostile/hostile.elf", images.BUILD)
    header = HEADER.replace("cores: 1", "cores: 2").replace("domains:", "options: {trace: 64 KiB}\ndomains:")
    both = "[{core: 0, policy: share}, {core: 1, policy: share}]"
    hostile = f'  hostile:\n    memory: 1 MiB\n    cpus: {both}\n    image: {{elf: "{elf}"}}\n'
    kernel = (f'  linux:\n    memory: {images.LINUX_MIB} MiB\n    cpus: {both}\n    image: {{kernel: "{images.kernel()}", '
              f'initrd: "{images.initrd()}", cmdline: "console=ttyAMA0 nokaslr maxcpus=1 tiffin.rounds=5"}}\n')
    hello = need(ROOT / "build/aarch64/guest/apps/hello/hello.elf", images.BUILD)
    crowd = "".join(f'  {name}:\n    memory: 64 KiB\n    {more}\n    image: {{elf: "{hello}"}}\n'
                    for name, more in (("many", "count: 300"), ("other", "cpu: {core: 1, policy: share}")))
    found = [lock_rows(tiffin(work, header + vms, [r"report machine", r"machine stopped"], cores=2)) for vms in (hostile, kernel, crowd)]
    return {row: max(rows.get(row, 0) for rows in found) for rows in found for row in rows}


def longest_of(lines):
    """The longest of the paths that the tests wrote down (tests/qemu/harness/paths.py)."""
    return max(map(json.loads, lines.splitlines()), key=lambda path: path["instructions"])


def run_linux(work):
    description = (HEADER + f"  linux:\n    memory: {images.LINUX_MIB} MiB\n    cpu: {SHARE}\n"
                   f'    image: {{kernel: "{images.kernel()}", initrd: "{images.initrd()}", cmdline: "{images.LINUX_ARGUMENTS}"}}\n')
    return guests.linux(tiffin(work, description, [guests.POWER_DOWN], 900))


def run_size(work):
    elf = need(ROOT / "build/aarch64/hypervisor/tiffin.elf", images.BUILD)
    text = subprocess.run(["aarch64-linux-gnu-size", "-A", str(elf)], check=True, capture_output=True, text=True).stdout
    sizes = {name: int(size) for name, size in re.findall(r"^(\.\S+)\s+(\d+)\s+\d+$", text, re.M)}
    loaded = {n: s for n, s in sizes.items() if not re.match(r"\.(debug|comment|note|symtab|strtab)", n)}
    constant = sum(s for n, s in loaded.items() if re.match(r"\.(text|rodata|image|head|vectors)", n))
    return {"hypervisor text + rodata": constant, "hypervisor data + bss": sum(loaded.values()) - constant,
            "hypervisor image file": elf.with_suffix(".bin").stat().st_size}


measures = [
    ("single operations", run_micro, False),
    ("first instruction, 512 MiB", run_big, False),
    ("switch between two VMs", run_switch, False),
    ("restart", run_restart, False),
    ("1 ms tick beside a spinner", run_tick, False),
    ("channels", run_channel, False),
    ("a virtio request", devices.run_request, False),
    ("Linux on a disk", devices.run_disk, True),
    ("Linux on a network", devices.run_net, True),
    ("Linux on a screen", handheld.run_screen, True),
    ("Linux's clock on a screen", handheld.run_clock, True),
    ("Linux on a sound card", handheld.run_sound, True),
    ("copies for a screen and a card", handheld.run_copies, True),
    ("1 ms tick beside the hostile guest", run_hostile, False),
    ("with a trace", run_traced, False),
    ("budgets", run_budget, False),
    ("timer-slack", run_slack, False),
    ("longest path", run_longest_path, False),
    ("locks", run_locks, False),
    ("RAM per VM", run_ram, False),
    ("size", run_size, False),
    ("Linux", run_linux, True),
]
