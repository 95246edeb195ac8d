// A trace file is a dump of memory: any bytes. Whatever is found in it can be told and written.
#include "tool/trace/page.hpp"
#include "tool/trace/perfetto.hpp"
#include "tool/trace/summary.hpp"
#include "tool/trace/trace_file.hpp"

namespace {

void write_all_forms(std::span<std::byte const> bytes) {
    std::string why;
    auto const file = tiffin::TraceFile::open(bytes, why);
    if (!file) return;
    auto const timeline = tiffin::tell(*file);
    (void)tiffin::to_perfetto(*file, timeline);
    (void)tiffin::to_page(*file, timeline);
    (void)tiffin::summary_json(*file, timeline);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    write_all_forms({reinterpret_cast<std::byte const*>(data), size});
    std::string why;
    auto const printed = tiffin::bytes_from_console({reinterpret_cast<char const*>(data), size}, why);
    if (printed) write_all_forms(*printed);
    return 0;
}
