// Optional: turns the MMU and the data cache on over an identity map. Apps that touch much memory want it; tiny ones need not pay
// its 4 KiB of table.
#pragma once
#include "guest/sdk/device_tree.hpp"

namespace tiffin::sdk {

/// Maps the first GiB (devices) as Device-nGnRE and never executable, the next seven GiB (RAM starts at 1 GiB) as cacheable
/// memory. Accesses that are not the VM's still abort, in stage 2.
void turn_caches_on();
bool caches_are_on();

/// Maps a range of the first GiB as cacheable memory, never executable, in steps of 2 MiB: memory that is shared with another VM.
void map_cached(DeviceTree::Range range);

}  // namespace tiffin::sdk
