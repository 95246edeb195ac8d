#include "tool/symbolize/symbolize.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cxxabi.h>
#include <fmt/format.h>

namespace tiffin {
namespace {

std::string demangle(std::string_view mangled) {
    int status = 0;
    auto* const text = abi::__cxa_demangle(std::string{mangled}.c_str(), nullptr, nullptr, &status);
    std::string name{status == 0 && text != nullptr ? std::string_view{text} : mangled};
    std::free(text);
    return name;
}

}  // namespace

std::optional<Symbols> Symbols::open(std::string const& path, std::string& why) {
    auto const file = read_file(path, why);
    if (file == nullptr) return std::nullopt;
    auto const elf = Elf::open(*file, why);
    if (!elf) return std::nullopt;
    Symbols symbols;
    for (auto const& f : elf->functions()) symbols.functions_.push_back({f.address, f.size, demangle(f.name)});
    return symbols;
}

std::string Symbols::name(std::uint64_t address) const {
    auto const after = std::ranges::upper_bound(functions_, address, {}, &Function::address);
    if (after == functions_.begin()) return {};
    auto const& f = *(after - 1);
    if (f.size != 0 && address - f.address > f.size) return {};  // equal: a return address behind a call that never returns
    return fmt::format("{}+{:#x}", f.name, address - f.address);
}

std::optional<std::uint64_t> frame_offset(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
    auto const hash = line.find('#'), plus = line.rfind(" +0x");
    if (!line.starts_with("tiffin:") || hash == line.npos || plus == line.npos || plus < hash) return std::nullopt;
    auto const digits = line.substr(plus + 4);
    std::uint64_t offset = 0;
    auto const [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), offset, 16);
    if (error != std::errc{} || at != digits.data() + digits.size()) return std::nullopt;
    return offset;
}

std::string Symbols::annotation(std::string_view line) const {
    auto const offset = frame_offset(line);
    return offset ? name(*offset) : "";
}

}  // namespace tiffin
