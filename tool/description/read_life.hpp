// The fields of a domain about its life: when it starts, what happens when it ends, and whom it manages.
#pragma once
#include "tool/description/description.hpp"
#include "tool/description/section.hpp"

namespace tiffin {

/// Reads them into `domain`; reports what is wrong with them.
void read_life(Section& section, Problems& problems, Domain& domain);

/// The VMs of `manages` exist, and nobody manages itself.
void check_life(Description const& description, Problems& problems);

}  // namespace tiffin
