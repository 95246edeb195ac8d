#include "tool/run/run_command.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include "tool/board/qemu_board.hpp"
#include "tool/debug/port.hpp"

namespace tiffin {

TemporaryImage::TemporaryImage(Bytes const& image) {
    char name[] = "/tmp/tiffin-run-XXXXXX";
    if (mkdtemp(name) == nullptr) {
        error_ = "cannot make a folder under /tmp";
        return;
    }
    folder_ = name;
    path_ = folder_ + "/boot.img";
    write_file(path_, image, error_);
}

TemporaryImage::~TemporaryImage() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

bool report_expectations(Watcher const& watcher) {
    bool all = true;
    for (auto const& e : watcher.expectations()) {
        if (e.met) continue;
        all = false;
        auto const& said = watcher.lines(e.vm);
        auto const last = said.empty() ? std::string{"it said nothing"} : fmt::format("its last line was \"{}\"", said.back());
        fmt::print(stderr, "tiffin: {} did not say /{}/; {}\n", e.vm, e.pattern.text(), last);
    }
    return all;
}

void report_end(RunResult const& result, RunOptions const& options, Watcher const& watcher) {
    if (result.timed_out)
        fmt::print(stderr, "tiffin: the machine was still running after {} s\n", options.timeout_s);
    else if (result.quit)
        fmt::print(stderr, "tiffin: ended by the user\n");
    else if (!watcher.status())
        fmt::print(stderr, "tiffin: QEMU ended, and the hypervisor had not said that the machine stopped\n");
}

int run_built(BuildResult const& built, BuildOptions const& build_options, RunOptions options) {
    if (!built.description.board.dtb.empty() || !build_options.board.empty()) {
        fmt::print(stderr, "tiffin: run starts QEMU's virt machine only; `tiffin build` makes the image for any other board\n");
        return 1;
    }
    if (!options.trace.empty() && built.description.options.trace == 0) {
        fmt::print(stderr, "tiffin: --trace: the description asks for no trace; add `options: {{trace: 1 MiB}}`\n");
        return 1;
    }
    std::string why;
    auto const binary =
        build_options.hypervisor.empty() ? default_hypervisor(Places{build_options.description}) : build_options.hypervisor;
    auto const symbols = Symbols::open(hypervisor_elf(binary), why);
    Watcher::Options watch{
        .colour = isatty(STDOUT_FILENO) != 0, .symbols = symbols ? &*symbols : nullptr, .expectations = {}, .digest = {}};
    if (options.debugger != nullptr) watch.debugger = [&](std::string_view line) { return options.debugger->take_line(line); };
    for (auto const& text : options.expect) {
        auto expectation = parse_expectation(text, why);
        if (!expectation) {
            fmt::print(stderr, "tiffin: {}\n", why);
            return 1;
        }
        watch.expectations.push_back(std::move(*expectation));
    }
    TemporaryImage const image{built.packed->image};
    if (!image.error().empty()) {
        fmt::print(stderr, "tiffin: {}\n", image.error());
        return 1;
    }
    Watcher watcher{std::move(watch)};
    if (!options.trace.empty()) options.monitor = image.monitor();
    auto command = qemu_command(built.description.machine, image.path(), options);
    auto const devices = qemu_devices(built.description.machine, Places{build_options.description});
    command.insert(command.end(), devices.begin(), devices.end());
    auto const result = run_machine(command, options, watcher);
    report_end(result, options, watcher);
    if (!result.trace_problem.empty()) {
        fmt::print(stderr, "tiffin: no trace was written: {}\n", result.trace_problem);
        return 1;
    }
    auto const met = report_expectations(watcher);
    return result.status == 0 && !met ? 1 : result.status;
}

}  // namespace tiffin
