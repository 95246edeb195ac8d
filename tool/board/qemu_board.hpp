// QEMU's virt board: the command line that makes it, and the device tree that QEMU generates for it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/description/description.hpp"
#include "tool/files.hpp"

namespace tiffin {

/// `qemu-system-aarch64` and the options that make the machine: no image, no console, no devices. `extra` is appended to `-M virt,...`.
std::vector<std::string> qemu_machine(Machine const& machine, std::string const& extra = {});
/// The options that add its PCI devices, which the device tree does not name.
std::vector<std::string> qemu_devices(Machine const& machine, Places const& places);

/// The device tree that QEMU gives the machine; nothing, and a reason, if QEMU is not there or refuses.
std::optional<Bytes> qemu_device_tree(Machine const& machine, std::string& why);

}  // namespace tiffin
