#include "guest/linux/tiffinctl/find_page.hpp"

#include <cstdio>
#include <dirent.h>
#include <memory>
#include <string_view>

namespace tiffin::ctl {
namespace {

/// The first bytes of a property; none if there is no such file.
std::string property(std::string const& path) {
    char bytes[64];
    std::FILE* const file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) return {};
    auto const size = std::fread(bytes, 1, sizeof bytes, file);
    std::fclose(file);
    return {bytes, size};
}

/// Two cells, as the tree of every guest has them (tool/guest_tree).
std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (char const byte : bytes.substr(0, 8)) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
}

}  // namespace

std::optional<std::uint64_t> find_page(std::string const& tree) {
    constexpr std::string_view wanted{"tiffin,manager\0", 15};
    std::unique_ptr<DIR, int (*)(DIR*)> const folder{opendir(tree.c_str()), closedir};
    if (folder == nullptr) return std::nullopt;
    while (dirent const* const entry = readdir(folder.get())) {
        auto const node = tree + "/" + entry->d_name;
        if (property(node + "/compatible") != wanted) continue;
        auto const reg = property(node + "/reg");
        if (reg.size() == 16) return big_endian(reg);
    }
    return std::nullopt;
}

}  // namespace tiffin::ctl
