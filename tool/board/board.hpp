// What the tool knows of a board: all from its device tree, the same one that Linux uses on it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "abi/plan.hpp"
#include "tool/board/fdt.hpp"
#include "tool/board/pci_host.hpp"

namespace tiffin {

struct BoardDevice {
    int node{-1};  // offset in Board::tree
    std::string path, name;
    std::vector<Range> reg;  // CPU addresses
    std::vector<Fdt::Interrupt> interrupts;
    bool may_do_dma{true};
    std::string owned_as;  // why the hypervisor keeps it ("its console UART"); empty: it can be given away
};

struct Board {
    std::string name;
    Fdt tree;
    std::vector<Range> memory;    // ascending; less what is reserved; whole pages
    std::vector<Range> reserved;  // /memreserve/ and /reserved-memory
    abi::BoardRecord record{};    // all but `name`
    std::vector<BoardDevice> devices;
    std::optional<PciBoard> pci;

    /// The device at a path, alias, label (of a tree built with `dtc -@`) or unique node name; null if there is none.
    [[nodiscard]] BoardDevice const* find(std::string const& device) const;
};

/// Reads a board from its device tree blob. If the hypervisor can't run there, `why` gets a reason per line, and there is no
/// board.
std::optional<Board> read_board(std::vector<std::byte> blob, std::vector<std::string>& why);

}  // namespace tiffin
