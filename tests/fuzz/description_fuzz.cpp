// Any text may be offered as a description. The parser must come back with problems or a description, and print both.
#include <cstddef>
#include <cstdint>
#include <string>

#include "tool/description/parse.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 16 << 10) return 0;  // the YAML library's own time grows with nesting: keep each run short
    tiffin::Problems problems{"device.yaml"};
    auto const description = tiffin::parse_description({reinterpret_cast<char const*>(data), size}, problems);
    auto const volatile said = problems.text().size() + problems.json().size() + description.domains.size();
    (void)said;
    return 0;
}
