#include "vdev/virtio/input_config.hpp"

#include <string_view>

#include "abi/virtio.hpp"

namespace tiffin::vdev::input_config {
namespace {

namespace input = abi::virtio::input;
using namespace std::string_view_literals;

constexpr auto name = "Tiffin keyboard"sv;
/// `struct virtio_input_devids`: BUS_VIRTUAL (linux/input.h), vendor "TI", product, version.
constexpr auto ids = "\x06\0TI\x01\0\x01\0"sv;
static_assert(ids.size() == 8);
/// A byte that is not 0 says that the device repeats keys: which ones of REP_DELAY and REP_PERIOD is the driver's business.
constexpr auto repeats = "\x03"sv;

struct KeyBits {
    char bytes[input::last_key / 8 + 1]{};
    constexpr KeyBits() {
        for (unsigned key = input::first_key; key <= input::last_key; ++key)
            bytes[key / 8] = static_cast<char>(bytes[key / 8] | 1u << key % 8);
    }
};
constexpr KeyBits keys{};
static_assert(static_cast<std::uint8_t>(keys.bytes[0]) == 0xfe && keys.bytes[31] == 1);

constexpr std::uint32_t selector(std::uint32_t select, std::uint32_t subsel) { return select << 8 | subsel; }

std::string_view answer(std::uint8_t select, std::uint8_t subsel) {
    switch (selector(select, subsel)) {
        case selector(input::id_name, 0): return name;
        case selector(input::id_devids, 0): return ids;
        case selector(input::event_bits, input::event_key): return {keys.bytes, sizeof keys.bytes};
        case selector(input::event_bits, input::event_repeat): return repeats;
        default: return {};
    }
}

}  // namespace

std::uint64_t read(std::uint8_t const (&selected)[2], std::uint32_t offset, std::uint8_t size) {
    auto const found = answer(selected[0], selected[1]);
    auto const byte = [&](std::uint32_t at) -> std::uint8_t {
        if (at < input::size_at) return selected[at];
        if (at == input::size_at) return static_cast<std::uint8_t>(found.size());
        return at >= input::bytes_at && at - input::bytes_at < found.size()
                   ? static_cast<std::uint8_t>(found[at - input::bytes_at])
                   : 0;
    };
    std::uint64_t value = 0;
    for (unsigned i = size; i-- > 0;) value = value << 8 | byte(offset + i);
    return value;
}

}  // namespace tiffin::vdev::input_config
