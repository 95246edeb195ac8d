// Where a guest's files go in its RAM. Guests start in place: what is placed here is mapped, not copied, when the VM starts.
#pragma once
#include <optional>
#include <vector>

#include "tool/board/fdt.hpp"
#include "tool/description/description.hpp"
#include "tool/files.hpp"

namespace tiffin {

/// Bytes that the guest finds at a page-aligned address.
struct Piece {
    std::uint64_t ipa;
    SharedBytes bytes;
    std::string what;
};

struct GuestImage {
    std::vector<Piece> pieces;  // by address; the device tree is not among them yet
    std::uint64_t ram_size{0};  // bytes, from guest_map::ram
    std::uint64_t entry{0};
    std::uint64_t end{0};  // first address behind everything the image needs (with .bss)
    std::optional<Range> initrd;
    std::uint64_t pv_time{0};  // page at the end of RAM that a kernel's memory map leaves out (VmRecord::pv_time_ipa); 0: none
    bool tree_below{false};    // the device tree goes to the start of RAM (under a kernel); else to its end
};

/// Reads and places the files of a domain. Problems name the file's place in the description.
std::optional<GuestImage> place_image(Domain const& domain, FileCache& files, Problems& problems);

/// Adds the device tree to `image` and gives its address; nothing, and a problem, if there is no room.
std::optional<std::uint64_t> place_tree(GuestImage& image, Bytes tree, Domain const& domain, Problems& problems);

}  // namespace tiffin
