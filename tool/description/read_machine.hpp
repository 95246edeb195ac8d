// The fields of `machine`: QEMU's virt board, and what is plugged into it.
#pragma once
#include "tool/description/description.hpp"
#include "tool/description/section.hpp"

namespace tiffin {

/// Reads them into `out.machine`; reports what is wrong with them. `out.board` is read already.
void read_machine(Section& top, Problems& problems, Description& out);

}  // namespace tiffin
