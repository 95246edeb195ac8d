// Inside the SDK: the order in which its parts come up (startup.cpp).
#pragma once
#include "guest/sdk/device_tree.hpp"

namespace tiffin::sdk {

/// Asks who answers HVC. First, because the console depends on it.
void find_hypervisor();
void start_console(DeviceTree const& tree);
void start_interrupts(DeviceTree const& tree);

}  // namespace tiffin::sdk
