// The `tiffin` command.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>

#include "tool/build.hpp"
#include "tool/description/fields.hpp"
#include "tool/explain/explain.hpp"

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
    std::string output;
    bool json{false}, explain{false}, schema{false};
};

int check(Arguments& a) {
    a.build.check_only = true;
    auto const result = build(a.build);
    auto const status = report(result.problems, a.json);
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

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"tiffin: describe a device's virtual machines, check them, pack them into one boot image, run it"};
    app.require_subcommand(1);
    Arguments a;
    int status = 0;

    auto* const check_command = app.add_subcommand("check", "List all that is wrong with a description");
    add_build_options(*check_command, a.build);
    check_command->add_flag("--json", a.json, "Problems as JSON, for editors");
    check_command->callback([&] { status = check(a); });

    auto* const build_command = app.add_subcommand("build", "Check a description and write the boot image");
    add_build_options(*build_command, a.build);
    build_command->add_option("-o,--output", a.output, "The image to write")->required();
    build_command->add_flag("--explain", a.explain, "Print the memory map");
    build_command->add_flag("--json", a.json, "Problems as JSON, for editors");
    build_command->callback([&] { status = build_image(a); });

    auto* const fields_command = app.add_subcommand("fields", "Print the table of fields of a description");
    fields_command->add_flag("--schema", a.schema, "As a JSON Schema (tool/schema/device.schema.json)");
    fields_command->callback([&] { fmt::print("{}", a.schema ? fields_schema() : fields_markdown()); });

    CLI11_PARSE(app, argc, argv);
    return status;
}
