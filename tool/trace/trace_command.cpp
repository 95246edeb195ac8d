#include "tool/trace/trace_command.hpp"

#include <fmt/format.h>

#include "tool/files.hpp"
#include "tool/trace/page.hpp"
#include "tool/trace/perfetto.hpp"
#include "tool/trace/summary.hpp"

namespace tiffin {
namespace {

bool write(std::string const& path, std::string const& text) {
    auto const bytes = std::as_bytes(std::span{text});
    std::string why;
    if (write_file(path, {bytes.begin(), bytes.end()}, why)) return true;
    fmt::print(stderr, "tiffin: {}\n", why);
    return false;
}

}  // namespace

std::optional<TraceFile> open_trace(std::string const& path, bool is_console_log) {
    std::string why;
    auto bytes = read_file(path, why);
    if (bytes != nullptr && is_console_log) {
        auto found = bytes_from_console({reinterpret_cast<char const*>(bytes->data()), bytes->size()}, why);
        bytes = found ? std::make_shared<Bytes>(std::move(*found)) : nullptr;
    }
    if (bytes != nullptr)
        if (auto file = TraceFile::open(*bytes, why)) return file;
    fmt::print(stderr, "tiffin: {}: {}\n", path, why);
    return std::nullopt;
}

int trace_command(TraceOptions const& options) {
    bool const from_console = !options.console.empty();
    auto const file = open_trace(from_console ? options.console : options.file, from_console);
    if (!file) return 1;
    auto const timeline = tell(*file);
    fmt::print("{}", options.json ? summary_json(*file, timeline) : summary_text(*file, timeline));
    if (!options.perfetto.empty() && !write(options.perfetto, to_perfetto(*file, timeline))) return 1;
    return options.html.empty() || write(options.html, to_page(*file, timeline)) ? 0 : 1;
}

}  // namespace tiffin
