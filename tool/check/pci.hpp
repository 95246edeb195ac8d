// PCI functions given to domains, by the names that lspci gives them.
#pragma once
#include <optional>
#include <string>

#include "tool/board/board.hpp"
#include "tool/description/description.hpp"

namespace tiffin {

/// "00:02.0", or "0000:00:02.0": device << 3 | number. Nothing for what is no name of a function of bus 0.
std::optional<std::uint32_t> pci_function(std::string const& name);

/// Can this domain have the function? Reports why not.
bool check_pci(Domain const& domain, DeviceUse const& use, Board const& board, Machine const& machine, Problems& problems);

}  // namespace tiffin
