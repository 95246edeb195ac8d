#include "tool/demo/demo.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

#include "tool/board/qemu_board.hpp"
#include "tool/contract/bounds.hpp"
#include "tool/contract/words.hpp"
#include "tool/demo/hive.hpp"
#include "tool/demo/page.hpp"
#include "tool/demo/sheet.hpp"
#include "tool/run/director.hpp"
#include "tool/run/process.hpp"
#include "tool/trace/audit.hpp"
#include "tool/trace/trace_command.hpp"

namespace tiffin {
namespace {

namespace fs = std::filesystem;

std::string kib(std::uint64_t bytes) { return fmt::format("{} KiB", bytes >> 10); }

/// A section with those lines of a VM; nothing if it said none.
std::string told(std::string const& title, Watcher const& watcher, std::string const& vm, std::string_view words) {
    auto const lines = lines_with(watcher, vm, words);
    return lines.empty() ? lines : "\n" + title + ":\n" + lines;
}

std::vector<DemoPage::Size> sizes_of(BuildResult const& built) {
    auto const plan = built.packed->plan();
    std::vector<DemoPage::Size> out;
    for (auto const& vm : plan.vms()) {
        std::uint64_t image = 0;
        for (auto const& payload : plan.payloads_of(vm)) image += payload.size;
        out.push_back({std::string{plan.string(vm.name)}, vm.ram_size, image});
    }
    return out;
}

std::string size_table(BuildResult const& built) {
    auto const& packed = *built.packed;
    auto out = fmt::format("\nSizes:\n  {:<14} {:>12} {:>12}\n", "VM", "memory", "image");
    for (auto const& vm : sizes_of(built)) out += fmt::format("  {:<14} {:>12} {:>12}\n", vm.name, kib(vm.memory), kib(vm.image));
    return out + fmt::format(
                     "  {:<14} {:>12} {:>12}   memory: its state and tables; image: with its data and stacks\n"
                     "  {:<14} {:>12} {:>12}   all guests in it\n",
                     "(hypervisor)", kib(packed.plan().header().pool_bytes), kib(packed.plan_offset), "(boot image)", "",
                     kib(packed.image.size()));
}

}  // namespace

std::string demo_report(BuildResult const& built, Watcher const& watcher, std::optional<FinalReport> const& no_slack) {
    auto const report = FinalReport::of(watcher);
    auto out = fmt::format("\nOne core, {} VMs:\n", built.packed->plan().vms().size()) + share_table(report);
    out += told("The 1 ms job of the standalone app, latencies in ns of machine time (one instruction is 1 ns)", watcher,
                "metronome", "metronome: jobs=");
    out += told("cyclictest of the PREEMPT_RT kernel, in us", watcher, "control", "T:");
    out += told("What the sound server played, and for whom", watcher, "sound", "underruns");
    out += "\nThe contract, proved before the image was built (tiffin check --explain):\n" + contract::explain(built.cores);
    return out + "Battery:\n" + battery_table(report, no_slack) + size_table(built);
}

namespace {

constexpr std::string_view next_words =
    "\nNext: tiffin new my-device      a description of your own to start from\n"
    "      tiffin demo hive          256 VMs on the one core\n"
    "      tiffin run examples/two-vms/device.yaml --icount      (keys: Ctrl-] shows the console's, Ctrl-] q quits)\n"
    "      tiffin bench              what it costs, against no hypervisor and Xen\n";

/// One run of the machine, and what it leaves.
class Run {
public:
    Run(BuildResult const& built, BuildOptions const& build_options, DemoOptions const& options, Script const& script)
        : built_{built},
          build_options_{build_options},
          options_{options},
          image_{built.packed->image},
          director_{script.events, image_.monitor(), pictures_folder()} {}

    /// False, and a message, if it cannot be run. `sound`: the driver of the host's sound, if it is to be heard.
    bool go(Ears ears, std::string const& display, std::string const& sound, Watcher& watcher) {
        if (!image_.error().empty()) {
            fmt::print(stderr, "tiffin: {}\n", image_.error());
            return false;
        }
        auto machine = built_.description.machine;
        for (auto& audiodev : machine.audiodevs) audiodev = audiodev_for(audiodev, ears, options_.folder + "/demo.wav", sound);
        RunOptions run;
        run.icount = true, run.idle_for_real = options_.gui, run.timeout_s = options_.timeout_s;
        run.monitor = image_.monitor(), run.director = &director_, run.display = display;
        if (built_.description.options.trace != 0 && !options_.folder.empty()) run.trace = options_.folder + "/demo.trace";
        auto command = qemu_command(machine, image_.path(), run);
        auto const devices = qemu_devices(machine, Places{build_options_.description});
        command.insert(command.end(), devices.begin(), devices.end());
        result_ = run_machine(command, run, watcher);
        report_end(result_, run, watcher);
        return true;
    }
    [[nodiscard]] RunResult const& result() const { return result_; }
    [[nodiscard]] Director& director() { return director_; }

private:
    [[nodiscard]] std::string pictures_folder() const { return has_screen(built_.description.machine) ? options_.folder : ""; }

    BuildResult const& built_;
    BuildOptions const& build_options_;
    DemoOptions const& options_;
    TemporaryImage image_;
    Director director_;
    RunResult result_;
};

Watcher::Options silent() {
    return {.colour = false, .symbols = nullptr, .expectations = {}, .digest = [](auto, auto) { return std::string{}; }};
}

/// The same machine without any `timer-slack`, unseen: what it would have woken for. Nothing, if nobody has slack.
std::optional<FinalReport> run_without_slack(BuildResult const& built, BuildOptions build_options, DemoOptions options,
                                             Script const& script) {
    if (options.gui || !options.compare) return std::nullopt;
    if (std::ranges::none_of(built.description.domains, [](Domain const& d) { return d.timer_slack != 0; })) return std::nullopt;
    fmt::print("\nThe same machine once more, without timer-slack, to count how often its core wakes ...\n");
    std::fflush(stdout);
    build_options.no_slack = true;
    auto const other = build(build_options);
    if (!other.packed) return FinalReport{};
    options.folder.clear();
    Run run{other, build_options, options, script};
    auto watch = silent();
    watch.heard = [&](auto vm, auto text) { run.director().said(vm, text); };
    Watcher watcher{std::move(watch)};
    run.go(Ears::Nobody, "none", "", watcher);
    return FinalReport::of(watcher);
}

int verdict(RunResult const& result, bool met) {
    fmt::print("\n{}\n", result.status == 0 && met ? "Every VM did its job." : "NOT every VM did its job.");
    return result.status == 0 && !met ? 1 : result.status;
}

/// What the trace tells, if one was kept: load over time, and the run against its contract.
void read_trace(BuildResult const& built, std::string const& file, DemoPage& page) {
    if (built.description.options.trace == 0) return;
    auto const trace = open_trace(file, false);
    if (!trace) return;
    auto const timeline = tell(*trace);
    page.load = load_over_time(*trace, timeline, page.report, 240);
    auto const found = audit(*trace, timeline, contract::bounds(built.cores));
    page.kept = found.seen;
    for (auto const& line : found.passed) page.kept.push_back("PASSED " + line);
}

bool write(std::string const& file, std::string const& text) {
    auto const bytes = std::as_bytes(std::span{text});
    std::string why;
    if (write_file(file, {bytes.begin(), bytes.end()}, why)) return true;
    fmt::print(stderr, "tiffin: {}\n", why);
    return false;
}

/// The files that a demo leaves; says where they are.
void leave_behind(DemoPage& page, std::string const& folder) {
    std::string files = "demo.html";
    if (fs::exists(folder + "/demo.wav")) page.sound = "demo.wav", files += ", demo.wav";
    std::vector<std::string> pictures;
    for (auto const& picture : page.pictures) pictures.push_back(picture.file);
    if (!pictures.empty()) {
        auto const why = join_pictures(pictures, folder + "/demo.png");
        if (why.empty())
            files += ", demo.png";
        else
            fmt::print(stderr, "tiffin: no demo.png: {}\n", why);
    }
    if (write(folder + "/demo.html", to_page(page))) fmt::print("\nIn {}: {}\n", folder, files);
}

/// An empty folder for what the demo leaves.
bool make_folder(DemoOptions& options) {
    if (options.folder.empty()) options.folder = Places::root() + "/build/demo";
    options.folder = fs::absolute(options.folder).string();
    std::error_code error;
    fs::create_directories(options.folder, error);
    for (auto const* file : {"demo.html", "demo.wav", "demo.png", "demo.trace"}) fs::remove(options.folder + "/" + file, error);
    for (unsigned n = 1; fs::remove(fmt::format("{}/demo-{}.png", options.folder, n), error); ++n) {
    }
    if (fs::is_directory(options.folder)) return true;
    fmt::print(stderr, "tiffin: cannot make the folder {}\n", options.folder);
    return false;
}

/// What the sound server said of its clients.
std::vector<std::string> players(Watcher const& watcher) {
    std::vector<std::string> out;
    for (auto const& line : watcher.lines("sound"))
        if (line.find("underruns") != line.npos) out.push_back(line);
    return out;
}

struct HostWindow {
    std::string display{"none"}, sound{};
    Ears ears{Ears::File};
};

/// QEMU's driver that can open the host's speakers; empty if none can. QEMU ends at once if its driver can't.
std::string speakers() {
    for (auto const* const driver : {"pa", "alsa"}) {
        if (std::string_view{driver} == "alsa" && !std::filesystem::exists("/dev/snd")) continue;
        auto const trial = fmt::format(
            "echo quit | qemu-system-aarch64 -M none -nodefaults -display none -monitor stdio -audiodev {},id=a > /dev/null 2>&1 "
            "&& "
            "echo opens",
            driver);
        if (output_of({"sh", "-c", trial}).starts_with("opens")) return driver;
    }
    return {};
}

/// The window and speakers of the host; nothing, and a message, if it can't show any.
std::optional<HostWindow> host_window() {
    auto const displays = output_of({"qemu-system-aarch64", "-display", "help"});
    auto const why = why_no_window(displays, std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr);
    if (!why.empty()) return fmt::print(stderr, "tiffin: --gui: {}\n", why), std::nullopt;
    HostWindow window{.display = first_of({"gtk", "sdl"}, displays), .sound = speakers()};
    window.ears = window.sound.empty() ? Ears::File : Ears::Host;
    if (window.sound.empty())
        fmt::print("tiffin: --gui: QEMU finds no speakers here (PulseAudio, ALSA): the sound goes to demo.wav\n");
    return window;
}

}  // namespace

int demo(BuildResult const& built, BuildOptions const& build_options, DemoOptions options) {
    auto const script = script_beside(build_options.description);
    if (!script) return 2;
    auto const window = options.gui ? host_window() : std::optional{HostWindow{}};
    if (!window) return 1;
    if (!make_folder(options)) return 1;
    std::string why;
    auto const symbols = Symbols::open(hypervisor_elf(default_hypervisor(Places{build_options.description})), why);
    Run run{built, build_options, options, *script};
    Watcher watcher{{.colour = isatty(STDOUT_FILENO) != 0,
                     .symbols = symbols ? &*symbols : nullptr,
                     .expectations = script->expectations,
                     .digest = {},
                     .debugger = {},
                     .heard = [&](auto vm, auto text) { run.director().said(vm, text); }}};
    if (!run.go(window->ears, window->display, window->sound, watcher)) return 1;
    DemoPage page{.title = "One core does the work of many chips"};
    page.report = FinalReport::of(watcher);
    page.no_slack = run_without_slack(built, build_options, options, *script);
    page.text = demo_report(built, watcher, page.no_slack);
    fmt::print("{}{}", page.text, next_words);
    std::fflush(stdout);
    auto const problems = run.director().problems();
    for (auto const& problem : problems) fmt::print(stderr, "tiffin: {}\n", problem);
    bool const met = report_expectations(watcher) && problems.empty();
    page.well = met && run.result().status == 0;
    if (options.gui && !page.well)
        fmt::print(stderr,
                   "tiffin: with --gui the machine wakes when the host gets to it, so a deadline may be missed that is kept "
                   "without\n");
    page.pictures = run.director().pictures();
    page.sizes = sizes_of(built);
    page.sizes.push_back({"the hypervisor", built.packed->plan().header().pool_bytes, built.packed->plan_offset});
    page.players = players(watcher);
    read_trace(built, options.folder + "/demo.trace", page);
    leave_behind(page, options.folder);
    return verdict(run.result(), met);
}

int hive_demo(BuildResult const& built, BuildOptions const& build_options, unsigned timeout_s) {
    auto const plan = built.packed->plan();
    std::string why;
    auto const symbols = Symbols::open(hypervisor_elf(default_hypervisor(Places{build_options.description})), why);
    DemoOptions options;
    options.timeout_s = timeout_s;
    Run run{built, build_options, options, {}};
    Watcher watcher{{.colour = isatty(STDOUT_FILENO) != 0,
                     .symbols = symbols ? &*symbols : nullptr,
                     .expectations = {},
                     .digest = HiveDigest{plan}}};
    if (!run.go(Ears::Nobody, "none", "", watcher)) return 1;
    fmt::print("{}", hive_report(plan, watcher));
    std::fflush(stdout);
    auto const failures = hive_failures(plan, watcher);
    for (auto const& failure : failures) fmt::print(stderr, "tiffin: {}\n", failure);
    return verdict(run.result(), failures.empty());
}

}  // namespace tiffin
