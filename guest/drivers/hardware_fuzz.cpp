// Hardware that lies to the servers that drive it: partition tables of any bytes, and virtio devices that are done with anything. Nothing may be read or
// written outside (AddressSanitizer), no partition lies outside its disk, and a device that breaks a rule works again once it has been reset.
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/crc32.hpp"
#include "guest/drivers/disk/drive_testing.hpp"
#include "guest/drivers/disk/partitions.hpp"
#include "guest/drivers/switch/card.hpp"

namespace {

using namespace tiffin;
using Input = std::span<std::uint8_t const>;

constexpr std::size_t sectors = 48;

void require(bool holds) {
    if (!holds) std::abort();
}

std::uint8_t take(Input& in) {
    if (in.empty()) return 0;
    auto const first = in.front();
    in = in.subspan(1);
    return first;
}

/// Sums that fit, or chance would never come past them.
void mend_sums(sdk::testing::Bytes& disk) {
    auto const at = [&](std::size_t offset, std::uint32_t value) { std::memcpy(disk.data() + offset, &value, sizeof value); };
    std::uint32_t count = 0, size = 0;
    std::memcpy(&count, disk.data() + 512 + 80, sizeof count);
    std::memcpy(&size, disk.data() + 512 + 12, sizeof size);
    at(512 + 88, crc32(std::span{disk}.subspan(1024, std::min<std::size_t>(count, 128) * 128)));
    at(512 + 16, 0);
    at(512 + 16, crc32(std::span{disk}.subspan(512, std::min<std::size_t>(size, 512))));
}

void read_a_table(Input in) {
    disk::testing::FakeDrive hardware{sectors * disk::sector_bytes};
    bool const mended = take(in) % 2 != 0;
    std::memcpy(hardware.bytes.data() + 440, in.data(), std::min(in.size(), hardware.bytes.size() - 440));
    if (mended) mend_sums(hardware.bytes);
    sdk::QueueMemory memory{};
    disk::Drive drive{hardware.device, memory};
    require(drive.start() == nullptr);
    disk::Partitions const table{drive};
    for (std::uint64_t n = 0; n < 200; ++n)
        if (auto const part = table.number(n))
            require(part->begin / disk::sector_bytes < sectors && part->sectors() <= sectors - part->begin / disk::sector_bytes);
}

void drive_a_liar(Input in) {
    disk::testing::FakeDrive hardware{sectors * disk::sector_bytes};
    sdk::QueueMemory memory{};
    disk::Drive drive{hardware.device, memory};
    require(drive.start() == nullptr);
    while (!in.empty()) {
        auto const what = take(in), id = take(in), length = take(in);
        hardware.device.lie = [&](auto& used) {
            used = {used.id + (id % 8u) * (id / 8u), used.length + (length % 8u) * (length / 8u) * 97u};
        };
        std::array<std::byte, 1024> bytes{};
        what % 3 == 0   ? drive.read(what % sectors / 2, bytes)
        : what % 3 == 1 ? drive.write(what % sectors / 2, bytes)
                        : drive.flush();
    }
    hardware.device.lie = {};
    require(drive.flush() || drive.flush());  // the first may find what is left of the lies
}

void plug_in_a_liar(Input in) {
    auto const memory = std::make_unique<net_switch::Card::Memory>();
    sdk::testing::FakeVirtio device;
    std::uint32_t length = 100;
    device.serve = [&](std::uint16_t queue, auto const&) { return std::optional{queue == 0 ? length : 0}; };
    net_switch::Card card{device, *memory};
    require(card.start() == nullptr);
    std::array<std::byte, 2000> bytes{};
    while (!in.empty()) {
        auto const what = take(in), id = take(in);
        length = take(in) * 8u;
        device.lie = [&](auto& used) { used.id += (id % 8u) * (id / 8u); };
        if (what % 4 == 0) card.send(std::span{bytes}.first(net_switch::header + length % 1900));
        if (what % 4 == 1) device.work(0);
        if (what % 4 == 2) device.work(1);
        if (auto const frame = card.receive(); !frame.empty()) std::fill(frame.begin(), frame.end(), std::byte{what});
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    Input in{data, size};
    switch (take(in) % 3) {
        case 0: read_a_table(in); break;
        case 1: drive_a_liar(in); break;
        default: plug_in_a_liar(in); break;
    }
    return 0;
}
