#include "tool/files.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

namespace tiffin {
namespace fs = std::filesystem;
namespace {

std::string environment(char const* name, std::string fallback) {
    auto const* value = std::getenv(name);
    return value == nullptr || *value == '\0' ? std::move(fallback) : std::string{value};
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

}  // namespace

SharedBytes read_file(std::string const& path, std::string& why) {
    std::error_code error;
    if (fs::is_directory(path, error)) return why = "it is a folder", nullptr;
    std::ifstream in{path, std::ios::binary | std::ios::ate};
    if (!in) return why = std::strerror(errno), nullptr;
    auto const size = in.tellg();
    if (size < 0) return why = "it has no size", nullptr;
    auto bytes = std::make_shared<Bytes>(static_cast<std::size_t>(size));
    in.seekg(0);
    in.read(reinterpret_cast<char*>(bytes->data()), size);
    if (!in) return why = "reading stopped before its end", nullptr;
    return bytes;
}

bool write_file(std::string const& path, Bytes const& bytes, std::string& why) {
    auto const partial = path + ".partial";
    {
        std::ofstream out{partial, std::ios::binary | std::ios::trunc};
        out.write(reinterpret_cast<char const*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        out.flush();
        if (!out) return why = fmt::format("cannot write {}: {}", partial, std::strerror(errno)), false;
    }
    std::error_code error;
    fs::rename(partial, path, error);
    if (error) return why = fmt::format("cannot write {}: {}", path, error.message()), false;
    return true;
}

std::string Places::root() { return environment("TIFFIN_ROOT", TIFFIN_SOURCE_ROOT); }

Places::Places(std::string const& description)
    : folder_{fs::path{description}.parent_path().string()},
      cache_{environment("TIFFIN_CACHE", root() + "/.cache")},
      build_{environment("TIFFIN_BUILD", root() + "/build/aarch64")} {}

std::string Places::resolve(std::string const& path) const {
    return (fs::path{folder_} / expand(path)).lexically_normal().string();
}

std::string Places::expand(std::string text) const {
    replace_all(text, "${CACHE}", cache_);
    replace_all(text, "${BUILD}", build_);
    return text;
}

SharedBytes FileCache::read(std::string const& path, std::string& why) {
    auto const full = places_.resolve(path);
    if (auto const known = files_.find(full); known != files_.end()) return known->second;
    auto bytes = read_file(full, why);
    if (bytes == nullptr) return why = fmt::format("cannot read {}: {}", full, why), nullptr;
    return files_[full] = bytes;
}

}  // namespace tiffin
