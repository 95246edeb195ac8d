// The device tree that a guest gets: QEMU's virt board, with the devices given to the VM.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tool/board/board.hpp"
#include "tool/check/channels.hpp"
#include "tool/check/grants.hpp"
#include "tool/files.hpp"

namespace tiffin {

struct GuestTreeInput {
    Domain const& domain;
    Board const& board;
    std::vector<Grant> const& grants;
    std::vector<ChannelEndUse> const& channels;
    std::optional<Range> initrd;
    std::uint64_t hidden{0};  // bytes at the end of its RAM that the guest is not told of
    std::uint64_t seed;       // of rng-seed and kaslr-seed
};

/// A flattened device tree, the same bytes for the same input.
Bytes make_guest_tree(GuestTreeInput const& input);

/// A seed for a VM: a hash of the description's text and the VM's name. Not a secret: an image holds it in the clear. A guest
/// gets its real randomness from the hypervisor's TRNG service; the seed lets an early boot go on without waiting.
std::uint64_t guest_seed(std::string const& description, std::string const& name);

}  // namespace tiffin
