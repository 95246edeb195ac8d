#include "tool/description/fields.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace tiffin {
namespace {

using enum FieldType;

// clang-format off
constexpr Field table[] = {
    {"", "board", Map, "", "`qemu-virt`, or a map with `dtb`", "qemu-virt", "board: qemu-virt",
     "The board. For `qemu-virt` the device tree is generated from `machine`; `--board FILE` overrides both."},
    {"", "machine", Map, "", "", "all defaults", "machine: {cores: 2, memory: 2 GiB}",
     "The QEMU `virt` machine to generate a device tree for, and to start by `tiffin run`. Not allowed with `board: {dtb: ...}`."},
    {"", "options", Map, "", "", "all defaults", "options: {when-all-stopped: stay}", "What concerns the machine as a whole."},
    {"", "speed", Map, "", "", "qemu-virt under -icount: 1 000 000 000 instructions a second, margin 20 %", "speed: {instructions-per-second: 800_000_000}",
     "How fast the board's cores execute the hypervisor, from which the contract computes what its paths cost."},
    {"", "schedule", List, "", "at most one entry for each core", "none", "schedule: [{core: 0, major-frame: 10 ms, windows: [...]}]",
     "Static schedules (ARINC 653): on such a core each VM runs in its time windows, and never outside them."},
    {"", "domains", Map, "", "1..1024 entries; names 1..31 of [a-z0-9-], first a letter", "required", "domains: {linux: {...}}",
     "The virtual machines, by name. The name is the prefix of each console line."},

    {"board", "dtb", Path, "", "a flattened device tree", "required", "board: {dtb: my-board.dtb}",
     "The board's device tree blob: the one that Linux uses on it."},

    {"machine", "cpu", Choice, "", "cortex-a53 | cortex-a72 | max", "cortex-a72", "cpu: max", "QEMU's `-cpu`."},
    {"machine", "cores", Count, "cores", "1..8", "1", "cores: 2", "QEMU's `-smp`.", 1, 8},
    {"machine", "gic", Count, "version", "2..3", "3", "gic: 2", "QEMU's `gic-version`.", 2, 3},
    {"machine", "memory", Size, "B, KiB, MiB, GiB", "128 MiB..8 GiB, whole MiB", "1 GiB", "memory: 512 MiB", "QEMU's `-m`."},

    {"machine", "iommu", Choice, "", "smmuv3", "none", "iommu: smmuv3", "QEMU's `iommu`: what PCI functions given to VMs need."},
    {"machine", "devices", List, "", "texts", "none", "devices: [edu]",
     "PCI devices of QEMU, as behind its `-device`. They stand at 00:01.0 and on, in this order; codecs (`hda-output`) stand on the sound card before them."},
    {"machine", "drives", List, "", "texts; paths from where `tiffin run` is started, ${CACHE} and ${BUILD} expanded", "none",
     "drives: [\"file=disk.img,format=raw,id=disk\"]", "What such devices keep their bytes in, as behind QEMU's `-drive`, with `if=none` unless it says another."},
    {"machine", "netdevs", List, "", "texts", "none", "netdevs: [\"user,id=net\"]", "What such devices are connected to, as behind QEMU's `-netdev`."},
    {"machine", "audiodevs", List, "", "texts; paths as of `drives`", "none", "audiodevs: [\"wav,id=audio,path=heard.wav\"]",
     "Where such devices' sound goes, as behind QEMU's `-audiodev`."},

    {"options", "verify-payloads", Flag, "", "true | false", "false", "verify-payloads: true",
     "Check the CRC-32 of every guest image at boot. It reads all of the image, so that boot takes longer."},
    {"options", "when-all-stopped", Choice, "", "power-off | stay", "power-off", "when-all-stopped: stay",
     "What to do when the last VM has stopped: power the board off, or stay in the shell."},

    {"options", "pci-messages", Flag, "", "true | false", "true", "pci-messages: false",
     "Whether PCI functions interrupt by messages (MSI, MSI-X) where the board takes them, or by INTA alone. The contract counts 25 interrupts for a "
     "function that may send messages, and one for an INTA (docs/pci.md)."},
    {"options", "trace", Size, "B, KiB, MiB, GiB", "4 KiB..64 MiB, a power of two", "none", "trace: 1 MiB",
     "Record what each core does in a ring of this size (docs/trace.md)."},

    {"speed", "instructions-per-second", Count, "1/s", "1000000..100000000000", "required", "instructions-per-second: 800_000_000",
     "Instructions a second that a core executes of the hypervisor's code, caches cold.", 1'000'000, 100'000'000'000},
    {"speed", "margin", Count, "%", "0..1000", "20", "margin: 50", "What is added to every path of the hypervisor.", 0, 1000},

    {"schedule", "core", Count, "core", "0..7", "required", "core: 0", "The core that is scheduled so. All vCPUs on it have the policy `windows`.", 0, 7},
    {"schedule", "major-frame", Time, "ns, us, ms, s", "50 us..10 s", "required", "major-frame: 10 ms", "The period of the schedule.", 50'000, 10'000'000'000},
    {"schedule", "windows", List, "", "at least one; ascending, disjoint, inside the frame", "required",
     "windows: [{domain: a, offset: 0 ms, length: 2 ms}]", "Who has the core when. What is in no window is idle."},

    {"window", "domain", Text, "", "a VM with a vCPU on that core", "required", "domain: control", "The VM that has the core in this window."},
    {"window", "offset", Time, "ns, us, ms, s", "0 ns..10 s", "required", "offset: 2 ms", "Its start, from the start of the major frame.", 0, 10'000'000'000},
    {"window", "length", Time, "ns, us, ms, s", "50 us..10 s", "required", "length: 500 us", "How long it lasts.", 50'000, 10'000'000'000},

    {"domain", "memory", Size, "B, KiB, MiB, GiB", "64 KiB..511 GiB, whole pages of 4 KiB", "required", "memory: 64 MiB",
     "The VM's RAM, private to it. The guest finds it at 0x40000000."},
    {"domain", "cpus", List, "", "1..8 entries; not beside `cpu`", "one vCPU on core 0, share, weight 100", "cpus: [{core: 0}, {core: 0}]",
     "The VM's virtual processors, each pinned to a core."},
    {"domain", "cpu", Map, "", "not beside `cpus`", "see `cpus`", "cpu: {policy: fixed, priority: 40}", "Short for `cpus` with one entry."},
    {"domain", "image", Map, "", "exactly one of `kernel`, `elf`, `raw`", "required", "image: {elf: app.elf}", "What the VM runs."},
    {"domain", "count", Count, "VMs", "1..1024; not beside `access` or `channels`", "one VM, NAME itself", "count: 250",
     "So many VMs, alike but for their names: NAME-1, NAME-2 and so on. VMs of one image share the pages of it that they do not write.", 1, 1024},
    {"domain", "access", List, "", "", "none", "access: [{device: /pl061@9030000}]",
     "Devices of the board given to this VM alone: their registers and interrupts."},
    {"domain", "channels", List, "", "at most 32; not beside `count`", "none", "channels: [{name: telemetry, peer: control, size: 64 KiB}]",
     "Memory and doorbells shared with other VMs (docs/channels.md). Each channel is declared on both sides."},
    {"domain", "virtio", List, "", "at most 32 entries", "none", "virtio: [{device: block, server: disk}]",
     "Virtio devices that other domains serve, in the virtio-mmio slots from 0x0a000000 on."},
    {"domain", "autostart", Flag, "", "true | false", "true", "autostart: false", "Whether the VM starts with the board, or when somebody starts it."},
    {"domain", "on-crash", Choice, "", "stop | restart | reboot-board", "stop; restart with a watchdog", "on-crash: restart",
     "What happens when the VM ends badly: an exit status other than 0, exception vectors that are not in memory, a watchdog that was not refreshed."},
    {"domain", "restart-limit", Map, "", "beside `on-crash: restart`", "5 within 10 s", "restart-limit: {count: 3, within: 1 s, back-off: 10 ms}",
     "How often it is started anew before it stays as it is."},
    {"domain", "watchdog", Flag, "", "true | false", "false", "watchdog: true",
     "Whether the VM has an SBSA generic watchdog at 0x09040000, interrupt 141, as Linux's sbsa_gwdt drives it."},
    {"domain", "manages", List, "", "names of other domains", "nobody", "manages: [linux, disk]",
     "The VMs that this one may start, stop, restart, pause, resume and watch (docs/life.md)."},
    {"domain", "console", Flag, "", "true | false", "true", "console: false", "Whether the VM has a PL011 UART at 0x09000000, interrupt 33."},
    {"domain", "rtc", Flag, "", "true | false", "true", "rtc: false", "Whether the VM has a PL031 clock at 0x09010000, interrupt 34."},
    {"domain", "debug", Flag, "", "true | false", "false", "debug: true",
     "Whether `tiffin debug` may stop the VM, read it and change it (docs/debugging.md). Not for a product."},
    {"domain", "timer-slack", Time, "ns, us, ms, s", "0 ns..1 s", "0 ns", "timer-slack: 4 ms",
     "How much later than asked the VM's timers may wake it, so that wake-ups of several VMs become one.", 0, 1'000'000'000},

    {"cpu", "core", Count, "core", "a core of the board", "0", "core: 0", "The core that runs it, in device-tree order.", 0, 7},
    {"cpu", "policy", Choice, "", "share | fixed | windows", "share; `windows` on a core with a schedule", "policy: fixed",
     "`fixed`: runs whenever it is ready and nothing of higher priority is. `share`: divides what the fixed ones leave, by weight. "
     "`windows`: runs in its VM's windows of the core's `schedule`."},
    {"cpu", "priority", Count, "", "1..63, higher runs first", "required for fixed", "priority: 40", "Of a `fixed` vCPU.", 1, 63},
    {"cpu", "weight", Count, "", "1..10000", "100", "weight: 200", "Of a `share` vCPU: one of weight 200 gets twice the time of one of 100.", 1, 10000},

    {"cpu", "budget", Time, "ns, us, ms, s", "10 us..10 s, at most period and deadline; `fixed` only", "none: no limit", "budget: 200 us",
     "How long the vCPU may run in any `period`. Enforced.", 10'000, 10'000'000'000},
    {"cpu", "period", Time, "ns, us, ms, s", "10 us..10 s", "required beside `budget`", "period: 1 ms",
     "What is used of the budget comes back one period after the time at which it was both there and wanted.", 10'000, 10'000'000'000},
    {"cpu", "deadline", Time, "ns, us, ms, s", "10 us..10 s", "`period`", "deadline: 800 us",
     "From waking to sleeping again, if the vCPU needs no more than its budget for it. `tiffin check` proves it or refuses.", 10'000, 10'000'000'000},
    {"cpu", "when-exhausted", Choice, "", "wait | background", "wait", "when-exhausted: background",
     "With its budget used up the vCPU waits for more, or runs in the background, when nobody else wants to; those there share it alike."},

    {"image", "kernel", Path, "", "an arm64 `Image`, not compressed", "one of three", "kernel: ${CACHE}/linux/Image",
     "A Linux kernel, or anything else with the arm64 Image header. It starts with a device tree in x0."},
    {"image", "elf", Path, "", "ELF64, AArch64, ET_EXEC or ET_DYN", "one of three", "elf: ${BUILD}/guest/apps/idler/idler.elf",
     "Loaded at its physical addresses, started at its entry, with a device tree in x0."},
    {"image", "raw", Path, "", "any file", "one of three", "raw: firmware.bin", "Loaded as it is at `load`, started at `entry`, with a device tree in x0."},
    {"image", "initrd", Path, "", "any file; beside `kernel` only", "none", "initrd: ${CACHE}/initrd-linux.cpio.gz", "The initial RAM disk."},
    {"image", "cmdline", Text, "bytes", "at most 2047", "empty", "cmdline: \"console=ttyAMA0\"", "The `bootargs` of the guest's device tree."},
    {"image", "load", Address, "guest address", "in RAM, multiple of 4096; beside `raw` only", "0x40000000", "load: 0x4008_0000",
     "Where the raw file goes."},
    {"image", "entry", Address, "guest address", "in RAM, multiple of 4; beside `raw` only", "`load`", "entry: 0x4008_0000",
     "Where the first vCPU starts."},

    {"access", "device", Text, "", "path, alias or label of a node with registers", "this or `pci`", "device: /pl061@9030000",
     "The device in the board's device tree."},
    {"access", "pci", Text, "", "a function of bus 0, as lspci writes it", "this or `device`", "pci: \"00:02.0\"",
     "The PCI function: its BARs, its INTA, and its configuration space, filtered. Its DMA is confined to the VM by the board's SMMUv3 (docs/pci.md)."},
    {"access", "dma", Choice, "", "unfenced-this-vm-can-read-and-write-all-memory", "refused", "dma: unfenced-this-vm-can-read-and-write-all-memory",
     "A device that may do DMA is refused, because nothing confines it to its VM, unless these words accept the risk."},
    {"access", "limits", Map, "", "", "none", "limits: {interrupts-per-second: 2000}", "What the device may ask of the core."},

    {"channel", "name", Text, "", "1..31 of [a-z0-9-], first a letter", "required", "name: telemetry", "The same on both sides; the VMs find the channel by it."},
    {"channel", "peer", Text, "", "another domain", "required", "peer: control", "The VM at the other end."},
    {"channel", "size", Size, "B, KiB, MiB, GiB", "8 KiB..16 MiB, a multiple of 8 KiB; 16 MiB for all of a VM", "required", "size: 64 KiB",
     "Of the shared memory. Each side writes one half of it, and reads all."},

    {"restart-limit", "count", Count, "restarts", "1..16", "5", "count: 3", "So often within the time below.", 1, 16},
    {"restart-limit", "within", Time, "ns, us, ms, s", "1 ms..3600 s", "10 s", "within: 1 s", "From the first crash on.", 1'000'000, 3'600'000'000'000},
    {"restart-limit", "back-off", Time, "ns, us, ms, s", "0 ns..60 s", "100 ms", "back-off: 10 ms",
     "How long it waits before the first restart; the wait doubles with each further one.", 0, 60'000'000'000},

    {"virtio", "device", Choice, "", "block | net | console | rng | vsock | sound | gpu | input", "required", "device: block", "What the guest's driver finds."},
    {"virtio", "server", Text, "", "another domain", "required", "server: disk",
     "Who serves it. Requests wait until it runs, and come again after it has been restarted. It never sees the client's memory but what "
     "the client posts."},
    {"virtio", "read-only", Flag, "", "true | false; `block` only", "false", "read-only: true", "The driver may not write."},
    {"virtio", "mac", Text, "", "six bytes; `net` only", "52:54:74 and numbers of VM and slot", "mac: \"52:54:00:12:34:56\"",
     "The card's address."},
    {"virtio", "cid", Count, "", "3..4294967294; `vsock` only", "the next free one from 3", "cid: 3", "The VM's address among those of its server.",
     3, 4294967294},
    {"virtio", "ports", Count, "", "1..4; `console` only", "1", "ports: 2", "How many ports the console has.", 1, 4},
    {"virtio", "volume", Count, "percent", "0..100; `sound` only", "100", "volume: 60", "How loud the server plays it, whatever the client does.", 0, 100},
    {"virtio", "window", Text, "", "WIDTHxHEIGHT+X+Y, 1..4096 pixels each way; `gpu` only", "all of the screen", "window: 800x440+0+40",
     "Where on the board's screen the client's is, and how large the client finds it."},
    {"virtio", "on-top", Flag, "", "true | false; `gpu` only", "false", "on-top: true", "Nothing of another client's covers it. Two such windows may not overlap."},

    {"limits", "interrupts-per-second", Count, "1/s", "1..1000000", "required", "interrupts-per-second: 2000",
     "At most so many of each of its interrupts reach the VM, at least 1 s / N apart; the rest is delayed.", 1, 1'000'000},
};
// clang-format on

std::string_view type_name(FieldType type) {
    switch (type) {
        case Text: return "text";
        case Path: return "path";
        case Flag: return "yes or no";
        case Count: return "number";
        case Size: return "size";
        case Time: return "time";
        case Address: return "address";
        case Choice: return "word";
        case Map: return "map";
        case List: return "list";
    }
    return "";
}

/// A cell of a Markdown table: `|` would end it.
std::string cell(std::string_view text) {
    std::string out;
    for (char const c : text) out += c == '|' ? "\\|" : std::string(1, c);
    return out.empty() ? "-" : out;
}

std::string_view scope_title(std::string_view scope) {
    if (scope.empty()) return "top level";
    if (scope == "domain") return "domains.NAME";
    if (scope == "cpu") return "domains.NAME.cpus[] (and .cpu)";
    if (scope == "image") return "domains.NAME.image";
    if (scope == "schedule") return "schedule[]";
    if (scope == "window") return "schedule[].windows[]";
    if (scope == "channel") return "domains.NAME.channels[]";
    if (scope == "limits") return "domains.NAME.access[].limits";
    if (scope == "restart-limit") return "domains.NAME.restart-limit";
    if (scope == "virtio") return "domains.NAME.virtio[]";
    if (scope == "access") return "domains.NAME.access[]";
    return scope;
}

}  // namespace

std::span<Field const> fields() { return table; }

Field const* find_field(std::string_view scope, std::string_view name) {
    auto const* const found = std::ranges::find_if(table, [&](Field const& f) { return f.scope == scope && f.name == name; });
    return found == std::end(table) ? nullptr : found;
}

std::vector<std::string> field_names(std::string_view scope) {
    std::vector<std::string> names;
    for (auto const& f : table) {
        if (f.scope == scope) names.emplace_back(f.name);
    }
    return names;
}

std::string fields_markdown() {
    std::string out;
    std::string_view scope = "-";
    for (auto const& f : table) {
        if (f.scope != scope) {
            scope = f.scope;
            out += fmt::format("\n### {}\n\n| field | type | unit | range | default | example | meaning |\n", scope_title(scope));
            out += "| --- | --- | --- | --- | --- | --- | --- |\n";
        }
        out += fmt::format("| `{}` | {} | {} | {} | {} | `{}` | {} |\n", f.name, type_name(f.type), cell(f.unit), cell(f.range),
                           cell(f.fallback), cell(f.example), cell(f.text));
    }
    return out.substr(1);
}

}  // namespace tiffin
