#include "tool/board/qemu_board.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include "tool/run/process.hpp"

namespace tiffin {

std::vector<std::string> qemu_machine(Machine const& machine, std::string const& extra) {
    // Without -nic none QEMU wants the firmware of its default network card, which is in another Debian package.
    // `max` with QEMU's own PAuth algorithm: the architected one costs three times the host time.
    auto const cpu = machine.cpu == "max" ? std::string{"max,pauth-impdef=on"} : machine.cpu;
    std::vector<std::string> command{"qemu-system-aarch64",
                                     "-M",
                                     fmt::format("virt,virtualization=on,gic-version={},dtb-randomness=off{}{}", machine.gic,
                                                 machine.smmu ? ",iommu=smmuv3" : "", extra),
                                     "-cpu",
                                     cpu,
                                     "-smp",
                                     fmt::format("{}", machine.cores),
                                     "-m",
                                     fmt::format("{}", machine.memory >> 20),
                                     "-nic",
                                     "none",
                                     "-global",
                                     "virtio-mmio.force-legacy=false"};
    return command;
}

std::vector<std::string> qemu_devices(Machine const& machine, Places const& places) {
    std::vector<std::string> command;
    for (auto const& drive : machine.drives) {
        auto const attached = drive.starts_with("if=") || drive.find(",if=") != std::string::npos;
        command.insert(command.end(), {"-drive", (attached ? "" : "if=none,") + places.expand(drive)});
    }
    for (auto const& netdev : machine.netdevs) command.insert(command.end(), {"-netdev", netdev});
    for (auto const& audiodev : machine.audiodevs) command.insert(command.end(), {"-audiodev", places.expand(audiodev)});
    for (auto const& device : machine.devices) command.insert(command.end(), {"-device", device});
    return command;
}

std::optional<Bytes> qemu_device_tree(Machine const& machine, std::string& why) {
    char folder[] = "/tmp/tiffin-board-XXXXXX";
    if (mkdtemp(folder) == nullptr) return why = "cannot make a folder under /tmp", std::nullopt;
    auto const file = std::string{folder} + "/virt.dtb";
    auto command = qemu_machine(machine, ",dumpdtb=" + file);
    command.insert(command.end(), {"-display", "none"});
    auto const status = run_quietly(command);
    auto const bytes = read_file(file, why);
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    if (status == 127) return why = "qemu-system-aarch64 is not installed (Debian package qemu-system-arm)", std::nullopt;
    if (bytes == nullptr) return why = fmt::format("QEMU gave no device tree for this machine (status {})", status), std::nullopt;
    return *bytes;
}

}  // namespace tiffin
