// The `tiffin` command.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <fmt/format.h>
#include <iostream>
#include <optional>

#include "tool/build.hpp"
#include "tool/contract/plot.hpp"
#include "tool/contract/words.hpp"
#include "tool/debug/debug_command.hpp"
#include "tool/demo/demo.hpp"
#include "tool/description/fields.hpp"
#include "tool/explain/explain.hpp"
#include "tool/new/new.hpp"
#include "tool/run/process.hpp"
#include "tool/run/run_command.hpp"
#include "tool/trace/audit_command.hpp"
#include "tool/trace/trace_command.hpp"

namespace {

using namespace tiffin;

constexpr int refused = 2;  // the exit status for a description with problems

int report(Problems const& problems, bool json) {
    if (json)
        fmt::print("{}", problems.json());
    else
        fmt::print(stderr, "{}", problems.text());
    if (problems.empty()) return 0;
    if (!json) fmt::print(stderr, "{}: {} problem{}\n", problems.file(), problems.count(), problems.count() == 1 ? "" : "s");
    return refused;
}

void add_build_options(CLI::App& command, BuildOptions& options) {
    command.add_option("description", options.description, "The description, device.yaml")->required();
    command.add_option("--board", options.board, "A device tree blob instead of the description's board");
    command.add_option("--hypervisor", options.hypervisor,
                       "The hypervisor's binary (default: build/aarch64/hypervisor/tiffin.bin)");
}

struct Arguments {
    BuildOptions build;
    RunOptions run;
    TraceOptions trace;
    std::string output, plot, folder, socket, elf, debug_vm;
    std::uint16_t debug_port{0};
    bool debug_wait{false};
    std::string demo{"handheld"};
    DemoOptions demo_options;
    std::optional<unsigned> audit_core;
    bool json{false}, explain{false}, schema{false};
};

bool write_plot(std::string const& path, std::vector<contract::Core> const& cores) {
    auto const picture = contract::plot(cores);
    auto const* const bytes = reinterpret_cast<std::byte const*>(picture.data());
    std::string why;
    if (write_file(path, {bytes, bytes + picture.size()}, why)) return true;
    fmt::print(stderr, "tiffin: {}\n", why);
    return false;
}

int check(Arguments& a) {
    a.build.check_only = true;
    auto const result = build(a.build);
    auto const status = report(result.problems, a.json);
    if (a.explain) fmt::print("{}", contract::explain(result.cores));
    if (!a.plot.empty() && !write_plot(a.plot, result.cores)) return 1;
    if (status == 0 && !a.json) fmt::print("{}: no problems, {} VMs\n", a.build.description, result.description.domains.size());
    return status;
}

int build_image(Arguments& a) {
    auto const result = build(a.build);
    if (!result.packed) return report(result.problems, a.json);
    std::string why;
    if (!write_file(a.output, result.packed->image, why)) {
        fmt::print(stderr, "tiffin: {}\n", why);
        return 1;
    }
    if (a.explain) fmt::print("{}", explain(*result.packed));
    fmt::print("{}: {} KiB, {} VMs\n", a.output, result.packed->image.size() >> 10, result.packed->plan().vms().size());
    return 0;
}

int run(Arguments& a) {
    auto const result = build(a.build);
    return result.packed ? run_built(result, a.build, a.run) : report(result.problems, false);
}

int run_demo(Arguments& a) {
    bool const is_path = a.demo.ends_with(".yaml");
    a.build.description = is_path ? a.demo : Places::root() + "/examples/" + a.demo + "/device.yaml";
    auto const result = build(a.build);
    if (!result.packed) return report(result.problems, false);
    if (a.demo == "hive") return hive_demo(result, a.build, a.demo_options.timeout_s);
    if (is_path || a.demo == "handheld") return demo(result, a.build, a.demo_options);
    a.run.icount = true;
    a.run.timeout_s = a.demo_options.timeout_s;
    return run_built(result, a.build, a.run);
}

/// Is it a demo that there is, or a description?
std::string check_demo(std::string const& which) {
    constexpr std::array<std::string_view, 4> known{"handheld", "hive", "duo", "quad"};
    if (which.ends_with(".yaml") || std::ranges::find(known, which) != known.end()) return {};
    return which + " is none of handheld, hive, duo, quad, and no description (.yaml)";
}

/// Copies stdin to stdout, with a name behind each frame of a backtrace.
int symbolize(std::string const& elf) {
    std::string why;
    auto const symbols = Symbols::open(elf.empty() ? hypervisor_elf(default_hypervisor(Places{"."})) : elf, why);
    if (!symbols) {
        fmt::print(stderr, "tiffin: no symbols: {}\n", why);
        return 1;
    }
    for (std::string line; std::getline(std::cin, line);) {
        auto const name = symbols->annotation(line);
        fmt::print("{}{}{}\n", line, name.empty() ? "" : "  ", name);
    }
    return 0;
}

/// Hands over to a script of the source tree, with the arguments that follow the command.
int hand_over(std::vector<std::string> command, CLI::App const& from) {
    auto const& rest = from.remaining();
    command.insert(command.end(), rest.begin(), rest.end());
    std::fflush(stdout);
    auto const status = become(command);
    fmt::print(stderr, "tiffin: cannot start {}\n", command[0]);
    return status;
}

void add_check_and_build(CLI::App& app, Arguments& a, int& status) {
    auto* const check_command = app.add_subcommand("check", "List all that is wrong with a description");
    add_build_options(*check_command, a.build);
    check_command->add_flag("--json", a.json, "Problems as JSON, for editors");
    check_command->add_flag("--explain", a.explain, "Print the contract: for each core who gets what, and what it is made of");
    check_command->add_option("--plot", a.plot, "A file for a picture (SVG) of each core's worst moment");
    check_command->callback([&] { status = check(a); });

    auto* const build_command = app.add_subcommand("build", "Check a description and write the boot image");
    add_build_options(*build_command, a.build);
    build_command->add_option("-o,--output", a.output, "The image to write")->required();
    build_command->add_flag("--explain", a.explain, "Print the memory map");
    build_command->add_flag("--json", a.json, "Problems as JSON, for editors");
    build_command->callback([&] { status = build_image(a); });

    auto* const new_command = app.add_subcommand("new", "Write a description to start from");
    new_command->add_option("folder", a.folder, "The folder to write device.yaml into")->required();
    new_command->callback([&] { status = write_new(a.folder); });

    auto* const fields_command = app.add_subcommand("fields", "Print the table of fields of a description");
    fields_command->add_flag("--schema", a.schema, "As a JSON Schema (tool/schema/device.schema.json)");
    fields_command->callback([&] { fmt::print("{}", a.schema ? fields_schema() : fields_markdown()); });
}

void add_run_and_demo(CLI::App& app, Arguments& a, int& status) {
    auto* const run_command = app.add_subcommand("run", "Build a description and start it in QEMU");
    add_build_options(*run_command, a.build);
    run_command->add_flag("--icount", a.run.icount, "Count instructions: exact and repeatable, and slower");
    run_command->add_option("--timeout", a.run.timeout_s, "Seconds after which to give up, with status 124 (default: never)");
    run_command->add_option("--expect", a.run.expect, "VM=REGEX: that VM must say this; may be repeated")
        ->allow_extra_args(false);
    run_command->add_option("--log", a.run.log, "A file for a copy of all that the machine says");
    run_command->add_option("--trace", a.run.trace, "A file for the trace (the description needs `options: {trace: SIZE}`)");
    run_command->add_option("--serial", a.run.serial, "unix:PATH, where `tiffin console PATH` can attach");
    run_command->callback([&] { status = run(a); });

    auto* const debug_command = app.add_subcommand("debug", "Start a description in QEMU, and let gdb debug one of its VMs");
    add_build_options(*debug_command, a.build);
    debug_command->add_option("vm", a.debug_vm, "The VM, whose description says `debug: true`")->required();
    debug_command->add_option("--port", a.debug_port, "Where gdb connects, on this host (default: any free port)");
    debug_command->add_flag("--wait", a.debug_wait, "The VM waits before its first instruction");
    debug_command->add_flag("--icount", a.run.icount, "Count instructions: exact and repeatable, and slower");
    debug_command->add_option("--timeout", a.run.timeout_s, "Seconds after which to give up, with status 124 (default: never)");
    debug_command->add_option("--log", a.run.log, "A file for a copy of all that the machine says");
    debug_command->callback([&] {
        if (a.debug_wait) a.build.wait_for = a.debug_vm;
        auto const result = build(a.build);
        status =
            result.packed ? gdb::run_debugged(result, a.build, a.run, a.debug_vm, a.debug_port) : report(result.problems, false);
    });

    auto* const demo_command =
        app.add_subcommand("demo", "Four VMs on one core: Linux, a real-time Linux, two standalone apps; or another example");
    demo_command
        ->add_option(
            "which", a.demo,
            "handheld; hive: 256 VMs on one core; duo: two cores; quad: four; or a description, with demo.yaml beside it")
        ->check(CLI::Validator{check_demo, "DEMO"})
        ->capture_default_str();
    auto& options = a.demo_options;
    demo_command->add_option("--timeout", options.timeout_s, "Seconds of host time after which to give up")
        ->capture_default_str();
    demo_command->add_flag("--gui", options.gui, "Show the machine's window, and let its sound be heard");
    demo_command->add_option("-o,--output", options.folder,
                             "The folder for demo.html, demo.png and demo.wav (default: build/demo)");
    demo_command->add_flag("!--once", options.compare, "Don't run it again without timer-slack, to compare");
    demo_command->callback([&] { status = run_demo(a); });

    auto* const console_command = app.add_subcommand("console", "Attach to a machine that runs with --serial");
    console_command->add_option("socket", a.socket, "The socket's path")->required();
    console_command->callback([&] { status = attach_console(a.socket); });
}

void add_trace_file(CLI::App& command, TraceOptions& options) {
    auto* const file =
        command.add_option("trace", options.file, "What `tiffin run --trace` wrote, or a dump of the board's memory");
    auto* const console =
        command.add_option("--from-console", options.console, "Instead: a log in which the shell's `trace` was printed");
    file->excludes(console);
    command.parse_complete_callback([&options] {
        if (options.file.empty() && options.console.empty()) throw CLI::RequiredError{"trace or --from-console"};
    });
}

int run_audit(Arguments& a) {
    a.build.check_only = true;
    auto const result = build(a.build);
    if (!result.problems.empty()) return report(result.problems, false);
    bool const from_console = !a.trace.console.empty();
    return audit_command(result.cores, from_console ? a.trace.console : a.trace.file, from_console, a.audit_core);
}

void add_audit(CLI::App& app, Arguments& a, int& status) {
    auto* const command = app.add_subcommand("audit", "Compare the trace of a run with what the description promises");
    add_build_options(*command, a.build);
    add_trace_file(*command, a.trace);
    command->add_option("--core", a.audit_core,
                        "Only what this core did: QEMU with -icount stops the others in the middle of it");
    command->callback([&] { status = run_audit(a); });
}

void add_trace(CLI::App& app, Arguments& a, int& status) {
    auto* const command = app.add_subcommand("trace", "Say what is in a trace, and write it for Perfetto or as a page");
    add_trace_file(*command, a.trace);
    command->add_option("-o,--output", a.trace.perfetto, "A file for ui.perfetto.dev (.pftrace)");
    command->add_option("--html", a.trace.html, "A file for a page with timeline, shares, histograms and worst cases");
    command->add_flag("--json", a.trace.json, "The summary as JSON");
    command->callback([&] { status = trace_command(a.trace); });
}

void add_the_rest(CLI::App& app, Arguments& a, int& status) {
    auto* const symbolize_command =
        app.add_subcommand("symbolize", "Name the frames of a panic's backtrace, from stdin to stdout");
    symbolize_command->add_option("elf", a.elf, "The hypervisor's ELF (default: build/aarch64/hypervisor/tiffin.elf)");
    symbolize_command->callback([&] { status = symbolize(a.elf); });

    auto* const test_command = app.add_subcommand("test", "Run the tests (scripts/test.sh)")->prefix_command();
    test_command->set_help_flag();  // the script's own
    test_command->callback(
        [&, test_command] { status = hand_over({"/bin/sh", Places::root() + "/scripts/test.sh"}, *test_command); });

    auto* const bench_command = app.add_subcommand("bench", "Measure what it costs (bench/run.py)")->prefix_command();
    bench_command->set_help_flag();
    bench_command->callback(
        [&, bench_command] { status = hand_over({"/usr/bin/python3", Places::root() + "/bench/run.py"}, *bench_command); });
}

}  // namespace

int main(int argc, char** argv) try {
    CLI::App app{"tiffin: describe a device's virtual machines, check them, pack them into one boot image, run it"};
    app.require_subcommand(1);
    Arguments a;
    int status = 0;
    add_check_and_build(app, a, status);
    add_run_and_demo(app, a, status);
    add_trace(app, a, status);
    add_audit(app, a, status);
    add_the_rest(app, a, status);
    CLI11_PARSE(app, argc, argv);
    return status;
} catch (std::exception const& e) {
    fmt::print(stderr, "tiffin: internal error: {}\nThis is a bug of the tool: please report it with the description.\n",
               e.what());
    return 70;  // EX_SOFTWARE
}
