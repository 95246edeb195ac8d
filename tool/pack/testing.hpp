// Descriptions packed in a test, with the files of tests/golden. Host only.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tool/build.hpp"

namespace tiffin::testing {

/// A folder for a test's files, which goes with it.
class Folder {
public:
    Folder() {
        char name[] = "/tmp/tiffin-test-XXXXXX";
        path_ = mkdtemp(name);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(Folder const&) = delete;
    Folder& operator=(Folder const&) = delete;

    std::string put(char const* name, std::string const& content) const {
        auto path = path_ + "/" + name;
        std::ofstream{path, std::ios::binary} << content;
        return path;
    }
    [[nodiscard]] std::string const& path() const { return path_; }

private:
    std::string path_;
};

/// Builds a description whose files are in tests/golden/files (${CACHE}), with a stand-in hypervisor.
inline BuildResult built(Folder const& folder, std::string const& text, char const* board = "virt-gicv3.dtb") {
    auto const files = std::filesystem::absolute("tests/golden/files").string();
    setenv("TIFFIN_CACHE", files.c_str(), 1);
    setenv("TIFFIN_BUILD", "/nonexistent", 1);
    return build(
        {.description = folder.put("device.yaml", text), .board = files + "/" + board, .hypervisor = "", .check_only = true});
}

}  // namespace tiffin::testing
