// Files, read once and shared: thirty VMs of one kernel hold one copy of it.
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tiffin {

using Bytes = std::vector<std::byte>;
using SharedBytes = std::shared_ptr<Bytes const>;

/// The content of a file; null, and a reason in `why`, if it can't be read.
SharedBytes read_file(std::string const& path, std::string& why);

/// Writes a file whole, or not at all; false and a reason if it can't be written.
bool write_file(std::string const& path, Bytes const& bytes, std::string& why);

/// Where a description's paths lead.
class Places {
public:
    /// `description` is the path of the description file; relative paths start at its folder.
    explicit Places(std::string const& description);

    /// Expands ${CACHE} and ${BUILD}, and makes the path relative to the description's folder absolute.
    [[nodiscard]] std::string resolve(std::string const& path) const;
    /// Expands those two alone.
    [[nodiscard]] std::string expand(std::string text) const;
    [[nodiscard]] std::string const& cache() const { return cache_; }
    [[nodiscard]] std::string const& build() const { return build_; }

    /// The folder of the source tree: TIFFIN_ROOT, or where the tool was built from.
    static std::string root();

private:
    std::string folder_, cache_, build_;
};

/// Reads files through Places, each once.
class FileCache {
public:
    explicit FileCache(Places places) : places_{std::move(places)} {}
    SharedBytes read(std::string const& path, std::string& why);
    [[nodiscard]] Places const& places() const { return places_; }

private:
    Places places_;
    std::map<std::string, SharedBytes> files_;
};

}  // namespace tiffin
