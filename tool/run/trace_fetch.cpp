#include "tool/run/trace_fetch.hpp"

#include <cinttypes>
#include <cstdio>
#include <filesystem>

#include "tool/files.hpp"
#include "tool/run/qmp.hpp"

namespace tiffin {

std::vector<TracePart> trace_parts(std::vector<std::string> const& lines) {
    std::vector<TracePart> parts;
    for (auto const& line : lines) {
        auto const at = line.find(" at 0x");
        TracePart part{};
        if (!line.starts_with("trace: ") || at == line.npos) continue;
        if (std::sscanf(line.c_str() + at, " at 0x%" SCNx64 ", %" SCNu64 " bytes", &part.at, &part.bytes) == 2)
            parts.push_back(part);
    }
    return parts;
}

std::string fetch_trace(std::string const& socket, std::vector<TracePart> const& parts, std::string const& file) {
    if (parts.empty()) return "the hypervisor said of no trace; the description asks for one with `options: {trace: 1 MiB}`";
    Qmp qmp{socket};
    qmp.execute(R"({"execute":"stop"})");
    Bytes all;
    std::string why;
    auto const piece = std::filesystem::absolute(file + ".part").string();
    for (auto const& part : parts) {
        if (!qmp.save_memory(part.at, part.bytes, piece)) break;
        auto const bytes = read_file(piece, why);
        if (bytes == nullptr) break;
        all.resize((all.size() + 15) / 16 * 16);  // abi/trace.hpp: every part begins at a multiple of 16
        all.insert(all.end(), bytes->begin(), bytes->end());
    }
    std::error_code ignored;
    std::filesystem::remove(piece, ignored);
    if (!qmp.why().empty()) return "cannot read the machine's memory: " + qmp.why();
    qmp.execute(R"({"execute":"cont"})");
    if (why.empty()) write_file(file, all, why);
    return why;
}

}  // namespace tiffin
