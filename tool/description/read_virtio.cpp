#include "tool/description/read_virtio.hpp"

#include <fmt/format.h>

namespace tiffin {
namespace {

constexpr std::pair<char const*, abi::virtio::Type> types[] = {
    {"block", abi::virtio::Type::Block}, {"net", abi::virtio::Type::Net},     {"console", abi::virtio::Type::Console},
    {"rng", abi::virtio::Type::Rng},     {"vsock", abi::virtio::Type::Vsock}, {"sound", abi::virtio::Type::Sound},
    {"gpu", abi::virtio::Type::Gpu},     {"input", abi::virtio::Type::Input}};

constexpr unsigned max_screen = 4096;  // pixels each way

/// "52:54:00:12:34:56", of a single station.
std::optional<std::array<std::uint8_t, 6>> parse_mac(std::string const& text) {
    std::array<unsigned, 6> parts{};
    int end = 0;
    auto const found = std::sscanf(text.c_str(), "%2x:%2x:%2x:%2x:%2x:%2x%n", &parts[0], &parts[1], &parts[2], &parts[3],
                                   &parts[4], &parts[5], &end);
    if (found != 6 || static_cast<std::size_t>(end) != text.size() || text.size() != 17 || (parts[0] & 1) != 0)
        return std::nullopt;
    std::array<std::uint8_t, 6> mac{};
    for (std::size_t i = 0; i < 6; ++i) mac[i] = static_cast<std::uint8_t>(parts[i]);
    return mac;
}

/// "800x440+0+40".
std::optional<Window> parse_window(std::string const& text) {
    Window w{};
    int end = 0;
    auto const found = std::sscanf(text.c_str(), "%4ux%4u+%4u+%4u%n", &w.width, &w.height, &w.x, &w.y, &end);
    if (found != 4 || static_cast<std::size_t>(end) != text.size()) return std::nullopt;
    if (w.width == 0 || w.height == 0 || w.x + w.width > max_screen || w.y + w.height > max_screen) return std::nullopt;
    return w;
}

/// A field that only one type of device has.
void check_place(Problems& problems, Section const& section, char const* field, bool fits, char const* type) {
    if (fits || !section.has(field)) return;
    problems.add(section.key_mark(field), fmt::format("\"{}\" of {} has no meaning for its type", field, section.what()),
                 fmt::format("\"device: {}\" beside it", type));
}

}  // namespace

char const* name_of(abi::virtio::Type type) {
    for (auto const& [name, known] : types)
        if (known == type) return name;
    return "unknown";
}

void read_virtio(YAML::Node const& node, Problems& problems, Domain& domain) {
    Section section{problems, node, "virtio", fmt::format("a virtio device of domain \"{}\"", domain.name.value), mark_of(node)};
    VirtioUse use;
    use.at = section.at();
    auto const device = section.choice("device");
    if (auto const server = section.text("server")) use.server = *server;
    if (!device || use.server.value.empty()) return;
    for (auto const& [name, type] : types)
        if (device->value == name) use.type = type;
    using enum abi::virtio::Type;
    check_place(problems, section, "read-only", use.type == Block, "block");
    check_place(problems, section, "mac", use.type == Net, "net");
    check_place(problems, section, "cid", use.type == Vsock, "vsock");
    check_place(problems, section, "ports", use.type == Console, "console");
    check_place(problems, section, "volume", use.type == Sound, "sound");
    check_place(problems, section, "window", use.type == Gpu, "gpu");
    check_place(problems, section, "on-top", use.type == Gpu, "gpu");
    if (auto const read_only = section.flag("read-only")) use.read_only = read_only->value;
    if (auto const cid = section.count("cid")) use.cid = *cid;
    if (auto const ports = section.count("ports")) use.ports = ports->value;
    if (auto const volume = section.count("volume")) use.volume = volume->value;
    if (auto const on_top = section.flag("on-top")) use.on_top = on_top->value;
    if (auto const window = section.text("window")) {
        use.window = parse_window(window->value);
        if (!use.window)
            problems.add(window->at, fmt::format("\"window\" of {} is \"{}\"", section.what(), window->value),
                         "WIDTHxHEIGHT+X+Y, such as 800x440+0+40", "its right and lower edge are at most at 4096");
    }
    if (auto const mac = section.text("mac")) {
        use.mac = parse_mac(mac->value);
        if (!use.mac)
            problems.add(mac->at, fmt::format("\"mac\" of {} is \"{}\"", section.what(), mac->value),
                         "six bytes, as 52:54:00:12:34:56", "the lowest bit of the first is 0, for it names one station");
    }
    domain.virtio.push_back(use);
}

}  // namespace tiffin
