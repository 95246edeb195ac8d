// A VM that is the disk of other VMs. Its bytes are
//   on the board's virtio block device, on PCI or in a slot, if the VM was given one
//   disk.keep=NAME in this VM's half of the channel NAME, which stays as it was: the disk may start anew under its clients' hands
//   disk.flash=1   in that bank of the board's flash, if the VM was given it: read only
//   disk.mib=8     in the VM's own RAM otherwise: gone when it starts anew
// and each device, in the order of the description, has of them
//   disk.partitions=1,3 a partition of the board's device, by its number in the table there (GPT or MBR)
//   disk.parts=4M,512K  so much, one behind the other; equal parts without, in memory
#include "guest/drivers/disk/block.hpp"
#include "guest/drivers/disk/partitions.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"
#include "guest/sdk/channel.hpp"
#include "guest/sdk/virtio_board.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

TIFFIN_APP_STACK(16384);

namespace {

disk::Store& in_ram() {
    auto const spare = boot().spare;
    auto const mib = argument(boot().arguments, "disk.mib", 8);
    if (mib > spare.size() >> 20) panic("the VM's memory is too small for disk.mib");
    return keep<disk::MemoryStore>(spare.first(mib << 20), disk::MemoryStore::Place::Ram);
}

disk::Store& in_channel(std::string_view name) {
    auto const place = find_channel(boot().tree, name);
    if (!place) panic("disk.keep: the VM has no such channel");
    map_cached(place->memory);
    std::span const half{reinterpret_cast<std::byte*>(place->own()), place->half()};
    return keep<disk::MemoryStore>(half, disk::MemoryStore::Place::Shared);
}

/// Read as memory is, which is how flash begins (JEDEC JESD68.01, "Common Flash Interface": the read array mode).
disk::Store& in_flash(std::uint64_t bank) {
    auto const place = bank < 8 ? boot().tree.find_reg("cfi-flash", static_cast<unsigned>(bank)) : std::nullopt;
    if (!place) panic("disk.flash: the VM has no such bank of flash");
    std::span const bytes{reinterpret_cast<std::byte*>(place->base), place->size};
    return keep<disk::MemoryStore>(bytes, disk::MemoryStore::Place::Flash);
}

disk::Store& in_memory() {
    auto const channel = argument(boot().arguments, "disk.keep"), flash = argument(boot().arguments, "disk.flash");
    if (flash) return in_flash(argument(boot().arguments, "disk.flash", 0));
    return channel ? in_channel(*channel) : in_ram();
}

disk::Drive& start_drive(VirtioRegisters& registers) {
    auto& drive = keep<disk::Drive>(registers, keep<QueueMemory>());
    if (auto const* const why = drive.start())
        print("disk: the board's block device: {}\n", why), panic("the disk can't be used");
    return drive;
}

disk::Store& on_drive(disk::Drive& drive) {
    static constinit std::byte buffer[128 << 10]{};
    return keep<disk::DriveStore>(drive, buffer);
}

std::optional<disk::Parts> on_partitions(disk::Drive& drive, std::string_view text) {
    disk::Partitions const table{drive};
    if (auto const* const why = table.problem()) print("disk: {}\n", why), panic("disk.partitions: the disk has none");
    return disk::Parts::of_partitions(text, [&](std::uint64_t n) { return table.number(n); });
}

/// The parts of a disk that somebody else may have divided are never guessed.
disk::Parts divide(disk::Drive* drive, std::uint64_t size, std::size_t devices) {
    auto const partitions = argument(boot().arguments, "disk.partitions"), sizes = argument(boot().arguments, "disk.parts");
    if (partitions && drive != nullptr) {
        auto const parts = on_partitions(*drive, *partitions);
        if (!parts) panic("disk.partitions: numbers like 1,3, of partitions that are there and do not overlap");
        return *parts;
    }
    if (drive != nullptr && !sizes && devices > 1)
        panic("several devices on one disk: say disk.partitions=1,2 or disk.parts=64M,8M");
    auto const parts = disk::Parts::make(sizes, size, devices);
    if (!parts) panic("disk.parts: sizes like 4M,512K, of whole sectors, and no more in sum than there is");
    return *parts;
}

}  // namespace

unsigned app_main() {
    turn_caches_on();
    Server server{serve_calls()};
    auto* const hardware = find_board_virtio(abi::virtio::Type::Block);
    auto* const drive = hardware != nullptr ? &start_drive(*hardware) : nullptr;
    auto& store = drive != nullptr ? on_drive(*drive) : in_memory();
    disk::BlockService service{store, divide(drive, store.size(), server.devices().size())};
    server.start();
    for (Device const& device : server.devices()) service.announce(device);
    print("disk: {} KiB {}for {} devices\n", store.size() >> 10, drive != nullptr ? "of the board's " : "",
          server.devices().size());
    server.run(service);
}
