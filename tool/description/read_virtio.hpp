// The field `virtio` of a domain.
#pragma once
#include "tool/description/description.hpp"
#include "tool/description/section.hpp"

namespace tiffin {

/// As the description writes it: "block".
char const* name_of(abi::virtio::Type type);

/// Reads one entry of the list into `domain`; reports what is wrong with it.
void read_virtio(YAML::Node const& node, Problems& problems, Domain& domain);

}  // namespace tiffin
