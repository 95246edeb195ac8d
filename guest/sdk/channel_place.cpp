#include "guest/sdk/channel.hpp"

namespace tiffin::sdk {

namespace {

constexpr std::string_view compatible = "tiffin,channel";
constexpr std::uint32_t first_spi = 32, page = 4096;

bool is_text(std::span<std::byte const> value, std::string_view text) {
    if (value.size() != text.size() + 1 || value.back() != std::byte{0}) return false;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (value[i] != static_cast<std::byte>(text[i])) return false;
    return true;
}

}  // namespace

std::optional<ChannelPlace> find_channel(DeviceTree const& tree, std::string_view name) {
    for (unsigned n = 0;; ++n) {
        auto const reg = tree.find_property(compatible, n, "reg");
        if (reg.empty()) return std::nullopt;
        if (!is_text(tree.find_property(compatible, n, "tiffin,name"), name)) continue;
        auto const interrupts = tree.find_property(compatible, n, "interrupts"),
                   side = tree.find_property(compatible, n, "tiffin,side");
        if (reg.size() != 32 || interrupts.size() != 12 || side.size() != 4) return std::nullopt;
        ChannelPlace const place{.memory = {DeviceTree::cells(reg, 0, 2), DeviceTree::cells(reg, 8, 2)},
                                 .doorbell = {DeviceTree::cells(reg, 16, 2), DeviceTree::cells(reg, 24, 2)},
                                 .intid = first_spi + static_cast<std::uint32_t>(DeviceTree::cells(interrupts, 4, 1)),
                                 .side = static_cast<std::uint32_t>(DeviceTree::cells(side, 0, 1))};
        auto const size = place.memory.size;
        bool const sound = place.side <= 1 && size != 0 && size % (2 * page) == 0 && size / 2 <= ~0u;
        return sound ? std::optional{place} : std::nullopt;
    }
}

}  // namespace tiffin::sdk
