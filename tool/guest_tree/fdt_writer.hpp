// A thin layer over libfdt's sequential writing, which grows the buffer and writes cells.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tool/files.hpp"

namespace tiffin {

class FdtWriter {
public:
    FdtWriter();

    void begin(std::string const& name);
    void end();
    void flag(char const* name);
    void cells(char const* name, std::vector<std::uint32_t> const& values);
    void text(char const* name, std::string const& value);
    void texts(char const* name, std::vector<std::string> const& values);
    void raw(char const* name, std::span<std::byte const> value);

    /// The finished tree, without slack.
    Bytes finish();

private:
    /// Runs a libfdt call; if there is no room, doubles the buffer and runs it again.
    template <class Call>
    void grow(Call call);

    Bytes buffer_;
};

/// Appends a 64-bit value as two cells.
void add_cells(std::vector<std::uint32_t>& cells, std::uint64_t value);

}  // namespace tiffin
