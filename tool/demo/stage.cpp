#include "tool/demo/stage.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>

#include "tool/files.hpp"

namespace tiffin {
namespace {

/// "a,b,c" in parts. QEMU writes a comma inside a value twice.
std::vector<std::string> parts_of(std::string const& text) {
    std::vector<std::string> parts(1);
    for (std::size_t at = 0; at < text.size(); ++at) {
        bool const comma = text[at] == ',', twice = comma && at + 1 < text.size() && text[at + 1] == ',';
        if (comma && !twice) {
            parts.emplace_back();
            continue;
        }
        parts.back() += twice ? ",," : text.substr(at, 1);
        at += twice ? 1 : 0;
    }
    return parts;
}

std::string doubled_commas(std::string const& text) {
    std::string out;
    for (char const c : text) out += c == ',' ? std::string{",,"} : std::string{c};
    return out;
}

}  // namespace

std::string audiodev_for(std::string const& audiodev, Ears ears, std::string const& file, std::string const& driver) {
    auto parts = parts_of(audiodev);
    if (parts[0].starts_with("driver=")) parts[0].erase(0, 7);
    std::erase_if(parts, [](std::string const& part) { return part.starts_with("path="); });
    parts[0] = ears == Ears::File ? "wav" : ears == Ears::Host ? driver : "none";
    if (ears == Ears::File) parts.push_back("path=" + doubled_commas(file));
    std::string out;
    for (auto const& part : parts) out += (out.empty() ? "" : ",") + part;
    return out;
}

bool has_screen(Machine const& machine) {
    constexpr std::array<std::string_view, 4> cards{"bochs-display", "virtio-gpu", "ramfb", "VGA"};
    return std::ranges::any_of(machine.devices, [&](std::string const& device) {
        return std::ranges::any_of(cards, [&](std::string_view card) { return device.starts_with(card); });
    });
}

std::string first_of(std::vector<std::string> const& wanted, std::string const& help) {
    for (auto const& word : wanted)
        if (("\n" + help + "\n").find("\n" + word + "\n") != std::string::npos) return word;
    return {};
}

std::string why_no_window(std::string const& displays, bool session) {
    if (first_of({"gtk", "sdl"}, displays).empty()) return "QEMU can open no window: install the Debian package qemu-system-gui";
    if (!session) return "there is no display here: neither DISPLAY nor WAYLAND_DISPLAY is set";
    return {};
}

std::optional<Script> script_beside(std::string const& description) {
    auto const file = (std::filesystem::path{description}.parent_path() / "demo.yaml").string();
    if (!std::filesystem::exists(file)) return Script{};
    std::string why;
    auto const bytes = read_file(file, why);
    Problems problems{file};
    if (bytes == nullptr) problems.add({}, "it cannot be read: " + why);
    auto script =
        bytes == nullptr ? Script{} : parse_script({reinterpret_cast<char const*>(bytes->data()), bytes->size()}, problems);
    if (problems.empty()) return script;
    fmt::print(stderr, "{}", problems.text());
    return std::nullopt;
}

}  // namespace tiffin
