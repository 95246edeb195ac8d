#include "tool/description/parse.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "tool/description/read_life.hpp"
#include "tool/description/read_machine.hpp"
#include "tool/description/read_virtio.hpp"
#include "tool/description/section.hpp"
#include "tool/description/units.hpp"

namespace tiffin {
namespace {

constexpr std::size_t max_cmdline = 2047;  // arm64 Linux: COMMAND_LINE_SIZE is 2048 with the terminating zero

class Parser {
public:
    explicit Parser(Problems& problems) : problems_{problems} {}

    void run(YAML::Node const& root, Description& out) {
        Section top{problems_, root, "", "the description", {1, 1}};
        if (!root.IsMap()) return;
        read_board(top, out.board);
        read_machine(top, problems_, out);
        read_options(top, out.options);
        read_speed(top, out.speed);
        for (auto const& item : top.list("schedule")) read_schedule(item, out);
        if (auto const domains = top.find("domains")) read_domains(*domains, top.key_mark("domains"), out);
    }

private:
    void read_board(Section& top, BoardChoice& board) {
        auto const node = top.find("board");
        board.at = top.key_mark("board");
        if (!node) return;
        if (node->IsMap()) {
            Section section{problems_, *node, "board", "\"board\"", board.at};
            if (auto const dtb = section.text("dtb")) board = {dtb->at, dtb->value};
        } else if (!node->IsScalar() || node->Scalar() != "qemu-virt") {
            problems_.add(node->IsNull() ? board.at : mark_of(*node), fmt::format("\"board\" is {}", node_words(*node)),
                          "qemu-virt or {dtb: FILE}",
                          "for any other board name its device tree blob: board: {dtb: my-board.dtb}");
        }
    }

    void read_options(Section& top, Options& options) {
        auto const node = top.find("options");
        if (!node) return;
        Section section{problems_, *node, "options", "\"options\"", top.key_mark("options")};
        if (auto const verify = section.flag("verify-payloads")) options.verify_payloads = verify->value;
        if (auto const when = section.choice("when-all-stopped")) options.stay_on = when->value == "stay";
        if (auto const messages = section.flag("pci-messages")) options.pci_messages = messages->value;
        if (auto const trace = section.size("trace")) read_trace(*trace, options);
    }

    void read_trace(Located<std::uint64_t> size, Options& options) {
        auto const bytes = size.value;
        if (!std::has_single_bit(bytes) || bytes < abi::min_trace_bytes || bytes > abi::max_trace_bytes)
            problems_.add(size.at, fmt::format("\"trace\" of \"options\" is {}", size_text(bytes)),
                          "a power of two, 4 KiB to 64 MiB");
        options.trace = bytes;
    }

    void read_speed(Section& top, Speed& speed) {
        auto const node = top.find("speed");
        if (!node) return;
        Section section{problems_, *node, "speed", "\"speed\"", top.key_mark("speed")};
        if (auto const rate = section.count("instructions-per-second")) speed.instructions_per_second = rate->value;
        if (auto const margin = section.count("margin")) speed.margin = margin->value;
    }

    void read_schedule(YAML::Node const& node, Description& out) {
        Section section{problems_, node, "schedule", "a schedule", mark_of(node)};
        Schedule schedule{.core = {0, section.at()}, .windows = {}};
        if (auto const core = section.count("core")) schedule.core = *core;
        if (auto const frame = section.time("major-frame")) schedule.major_frame = frame->value;
        for (auto const& item : section.list("windows")) read_window(item, schedule);
        if (section.has("windows") && schedule.windows.empty())
            problems_.add(section.key_mark("windows"), fmt::format("the schedule of core {} has no window", schedule.core.value),
                          "at least one", "windows: [{domain: NAME, offset: 0 ms, length: 2 ms}]");
        out.schedules.push_back(std::move(schedule));
    }

    void read_window(YAML::Node const& node, Schedule& schedule) {
        Section section{problems_, node, "window", fmt::format("a window of core {}", schedule.core.value), mark_of(node)};
        TimeWindow window{.domain = {}, .at = section.at()};
        if (auto const domain = section.text("domain")) window.domain = *domain;
        if (auto const offset = section.time("offset")) window.offset = offset->value;
        if (auto const length = section.time("length")) window.length = length->value;
        schedule.windows.push_back(std::move(window));
    }

    void read_domains(YAML::Node const& node, Mark at, Description& out) {
        if (!node.IsMap() || node.size() == 0) {
            problems_.add(at, fmt::format("\"domains\" is {}", node.IsMap() ? "empty" : node_words(node)),
                          "a map of VMs by name: domains: {linux: {...}}");
            return;
        }
        for (auto const& pair : node) read_domain(pair.first, pair.second, out);
        if (out.domains.size() > abi::max_vms) {
            problems_.add(at, fmt::format("\"domains\" has more than {} VMs", abi::max_vms), "fewer");
        }
    }

    void read_domain(YAML::Node const& key, YAML::Node const& node, Description& out) {
        auto const at = mark_of(key);
        if (!key.IsScalar()) {
            problems_.add(at, fmt::format("a domain's name is {}", node_words(key)), "1..31 of [a-z0-9-], first a letter");
            return;
        }
        Domain domain;
        domain.name = {key.Scalar(), at};
        Section section{problems_, node, "domain", fmt::format("domain \"{}\"", key.Scalar()), at};
        if (auto const memory = section.size("memory")) read_memory(*memory, domain);
        read_cpus(section, domain);
        if (auto const image = section.find("image")) read_image(*image, section.key_mark("image"), domain);
        for (auto const& item : section.list("access")) read_access(item, domain);
        for (auto const& item : section.list("channels")) read_channel(item, domain);
        read_life(section, problems_, domain);
        for (auto const& item : section.list("virtio")) read_virtio(item, problems_, domain);
        if (auto const console = section.flag("console")) domain.console = console->value;
        if (auto const rtc = section.flag("rtc")) domain.rtc = rtc->value;
        if (auto const debug = section.flag("debug")) domain.debug = debug->value;
        if (auto const slack = section.time("timer-slack")) domain.timer_slack = slack->value;
        add_domain(section, std::move(domain), out);
    }

    /// The VM; or as many as `count` says.
    void add_domain(Section& section, Domain domain, Description& out) {
        auto const count = section.count("count");
        if (!count) {
            (void)check_name(domain.name, out);
            out.domains.push_back(std::move(domain));
            return;
        }
        if (!domain.access.empty()) {
            problems_.add(section.key_mark("access"), fmt::format("\"access\" stands beside \"count\" in {}", section.what()),
                          "one of the two", "a device can be given to one VM only");
            domain.access.clear();
        }
        if (!domain.channels.empty()) {
            problems_.add(section.key_mark("channels"), fmt::format("\"channels\" stands beside \"count\" in {}", section.what()),
                          "one of the two", "a channel has two ends, and a name says which VM has the other");
            domain.channels.clear();
        }
        auto const name = domain.name.value;
        for (std::uint64_t n = 1; n <= count->value && out.domains.size() <= abi::max_vms; ++n) {
            domain.name.value = fmt::format("{}-{}", name, n);
            if (!check_name(domain.name, out)) return;
            out.domains.push_back(domain);
            domain.copy = true;
        }
    }

    static bool is_name(std::string const& text) {
        auto const ok = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
        return !text.empty() && text.size() <= abi::max_name && text[0] >= 'a' && text[0] <= 'z' && std::ranges::all_of(text, ok);
    }

    bool check_name(Located<std::string> const& name, Description const& out) {
        auto const& text = name.value;
        if (!is_name(text)) {
            problems_.add(name.at, fmt::format("domain name \"{}\" is not well-formed", text),
                          "1..31 of [a-z0-9-], first a letter");
            return false;
        }
        auto const other =
            std::ranges::find(out.domains, text, [](Domain const& domain) -> auto const& { return domain.name.value; });
        if (other == out.domains.end()) return true;
        problems_.add(name.at, fmt::format("domain \"{}\" is written twice", text), "a name of its own",
                      fmt::format("the first is in line {}", other->name.at.line));
        return false;
    }

    void read_memory(Located<std::uint64_t> memory, Domain& domain) {
        auto const where = fmt::format("\"memory\" of domain \"{}\" is {}", domain.name.value, size_text(memory.value));
        if (memory.value < (64 << 10) || memory.value > (511ull << 30)) {
            problems_.add(memory.at, where, "64 KiB to 511 GiB");
        } else if (memory.value % 4096 != 0) {
            problems_.add(memory.at, where, "a multiple of 4 KiB");
        }
        domain.memory = memory;
    }

    void read_cpus(Section& section, Domain& domain) {
        auto const many = section.find("cpus"), one = section.find("cpu");
        if (many && one) {
            problems_.add(section.key_mark("cpu"), fmt::format("domain \"{}\" has both \"cpu\" and \"cpus\"", domain.name.value),
                          "one of the two", "\"cpu\" is short for \"cpus\" with one entry");
        } else if (one) {
            read_cpu(*one, section.key_mark("cpu"), domain);
        } else if (!many) {
            domain.cpus.push_back({.at = domain.name.at, .core = {0, domain.name.at}});
        }
        if (!many) return;
        auto const items = section.list("cpus");
        if (many->IsSequence() && (items.empty() || items.size() > abi::max_vcpus_per_vm)) {
            problems_.add(section.key_mark("cpus"),
                          fmt::format("\"cpus\" of domain \"{}\" has {} entries", domain.name.value, items.size()),
                          fmt::format("1..{}", abi::max_vcpus_per_vm));
        }
        for (auto const& item : items) read_cpu(item, mark_of(item), domain);
    }

    void read_cpu(YAML::Node const& node, Mark at, Domain& domain) {
        Section section{problems_, node, "cpu", fmt::format("a cpu of domain \"{}\"", domain.name.value), at};
        CpuUse cpu{.at = at, .core = {0, at}};
        if (auto const core = section.count("core")) cpu.core = *core;
        auto const policy = section.choice("policy");
        auto const fixed = policy && policy->value == "fixed";
        auto const windows = policy && policy->value == "windows";
        cpu.policy = fixed ? abi::Policy::Fixed : windows ? abi::Policy::Window : abi::Policy::Share;
        cpu.policy_written = policy.has_value();
        if (auto const priority = section.count("priority")) cpu.priority = priority->value;
        if (auto const weight = section.count("weight")) cpu.weight = weight->value;
        if (fixed && !section.has("priority")) {
            problems_.add(at, section.what() + " is fixed and has no \"priority\"", "\"priority: 40\"",
                          "1..63; higher runs first");
        }
        if ((fixed || windows) && section.has("weight")) misplaced(section, "weight", "share");
        if (!fixed) {
            for (auto const* field : {"priority", "budget", "period", "deadline", "when-exhausted"})
                if (section.has(field)) misplaced(section, field, "fixed");
        } else {
            read_contract(section, cpu);
        }
        domain.cpus.push_back(cpu);
    }

    void read_contract(Section& section, CpuUse& cpu) {
        if (auto const budget = section.time("budget")) cpu.budget = *budget;
        if (auto const period = section.time("period")) cpu.period = *period;
        cpu.deadline = cpu.period;
        if (auto const deadline = section.time("deadline")) cpu.deadline = *deadline;
        if (auto const when = section.choice("when-exhausted")) cpu.background = when->value == "background";
        if (section.has("budget") && !section.has("period"))
            problems_.add(cpu.budget.at, section.what() + " has a \"budget\" and no \"period\"", "\"period: 1 ms\" beside it",
                          "the budget is for each period");
        for (auto const* field : {"period", "deadline", "when-exhausted"}) {
            if (section.has(field) && !section.has("budget"))
                problems_.add(section.key_mark(field),
                              fmt::format("\"{}\" of {} has no meaning without a budget", field, section.what()),
                              "\"budget: 200 us\" beside it");
        }
        if (cpu.budget.value == 0 || cpu.period.value == 0) return;
        auto const longer_than = [&](Located<std::uint64_t> const& limit, char const* what) {
            if (cpu.budget.value <= limit.value) return;
            problems_.add(cpu.budget.at,
                          fmt::format("\"budget\" of {} ({}) is longer than its {} ({})", section.what(),
                                      time_text(cpu.budget.value), what, time_text(limit.value)),
                          fmt::format("at most {}", time_text(limit.value)));
        };
        longer_than(cpu.period, "period");
        if (section.has("deadline")) longer_than(cpu.deadline, "deadline");
    }

    void misplaced(Section const& section, std::string_view field, std::string_view policy) {
        problems_.add(section.key_mark(field), fmt::format("\"{}\" of {} has no meaning for its policy", field, section.what()),
                      fmt::format("\"policy: {}\" beside it", policy));
    }

    void read_access(YAML::Node const& node, Domain& domain) {
        Section section{problems_, node, "access", fmt::format("an access of domain \"{}\"", domain.name.value), mark_of(node)};
        DeviceUse use;
        auto const function = section.text("pci");
        if (auto const device = section.text("device")) use.device = *device;
        if (section.has("device") == section.has("pci"))
            problems_.add(section.at(),
                          fmt::format("{} has {}", section.what(),
                                      function ? "both \"device\" and \"pci\"" : "neither \"device\" nor \"pci\""),
                          "one of the two: device: /pl061@9030000, or pci: \"00:02.0\"");
        if (function && use.device.value.empty()) use.device = *function, use.pci = true;
        use.dma_accepted = section.choice("dma").has_value();
        if (auto const limits = section.find("limits")) {
            Section inner{problems_, *limits, "limits", "\"limits\" of " + section.what(), section.key_mark("limits")};
            if (auto const rate = inner.count("interrupts-per-second")) use.interrupts_per_second = rate->value;
        }
        if (!use.device.value.empty()) domain.access.push_back(use);
    }

    void read_channel(YAML::Node const& node, Domain& domain) {
        ChannelUse use;
        use.at = mark_of(node);
        Section section{problems_, node, "channel", fmt::format("a channel of domain \"{}\"", domain.name.value), use.at};
        if (auto const name = section.text("name")) use.name = *name;
        if (auto const peer = section.text("peer")) use.peer = *peer;
        auto const size = section.size("size");
        if (use.name.value.empty() || use.peer.value.empty() || !size) return;
        use.size = *size;
        if (!is_name(use.name.value))
            problems_.add(use.name.at, fmt::format("channel name \"{}\" is not well-formed", use.name.value),
                          "1..31 of [a-z0-9-], first a letter");
        if (use.size.value == 0 || use.size.value % (8 << 10) != 0 || use.size.value > (16 << 20))
            problems_.add(use.size.at, fmt::format("\"size\" of {} is {}", section.what(), size_text(use.size.value)),
                          "a multiple of 8 KiB, at most 16 MiB", "each side writes one half of it, in whole pages");
        domain.channels.push_back(use);
    }

    void read_image(YAML::Node const& node, Mark at, Domain& domain) {
        Section section{problems_, node, "image", fmt::format("\"image\" of domain \"{}\"", domain.name.value), at};
        auto& image = domain.image;
        image.at = at;
        if (!node.IsMap()) {
            if (node.IsNull()) problems_.add(at, section.what() + " is empty", "one of kernel, elf, raw");
            return;
        }
        read_image_path(section, image);
        if (auto const initrd = section.text("initrd")) image.initrd = *initrd;
        if (auto const cmdline = section.text("cmdline")) read_cmdline(*cmdline, image);
        image.load = section.address("load");
        image.entry = section.address("entry");
        check_companions(section, image);
    }

    void read_image_path(Section& section, ImageSource& image) {
        constexpr std::pair<char const*, ImageKind> kinds[] = {
            {"kernel", ImageKind::Kernel}, {"elf", ImageKind::Elf}, {"raw", ImageKind::Raw}};
        unsigned found = 0;
        for (auto const& [name, kind] : kinds) {
            if (!section.has(name)) continue;
            if (found++ != 0)
                problems_.add(section.key_mark(name), section.what() + " has more than one of kernel, elf, raw", "one of them");
            image.kind = kind;
            if (auto const path = section.text(name)) image.path = *path;
        }
        if (found == 0) problems_.add(section.at(), section.what() + " names no file", "one of kernel, elf, raw");
    }

    void read_cmdline(Located<std::string> const& cmdline, ImageSource& image) {
        image.cmdline = cmdline;
        if (cmdline.value.size() <= max_cmdline) return;
        problems_.add(cmdline.at, fmt::format("\"cmdline\" has {} bytes", cmdline.value.size()),
                      fmt::format("at most {}", max_cmdline));
    }

    void check_companions(Section const& section, ImageSource const& image) {
        auto const only = [&](char const* field, char const* beside) {
            if (!section.has(field)) return;
            problems_.add(section.key_mark(field),
                          fmt::format("\"{}\" in {} has no meaning for what it runs", field, section.what()),
                          fmt::format("\"{}\" beside \"{}\" only", field, beside));
        };
        if (image.kind != ImageKind::Kernel) only("initrd", "kernel");
        if (image.kind != ImageKind::Raw) only("load", "raw"), only("entry", "raw");
    }

    Problems& problems_;
};

}  // namespace

Description parse_description(std::string text, Problems& problems) {
    Description out;
    out.file = problems.file();
    out.text = std::move(text);
    try {
        Parser{problems}.run(YAML::Load(out.text), out);
    } catch (YAML::Exception const& e) {  // malformed YAML; or a conversion that the parser did not foresee
        problems.add({static_cast<unsigned>(e.mark.line + 1), static_cast<unsigned>(e.mark.column + 1)},
                     "this is not YAML: " + e.msg, "well-formed YAML",
                     "look at the indentation and the quotes in this line and the one before");
    }
    return out;
}

}  // namespace tiffin
