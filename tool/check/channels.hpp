// Channels, declared on both sides: each end finds the other, or the description is refused.
#pragma once
#include <vector>

#include "tool/description/description.hpp"

namespace tiffin {

/// A domain's end of a channel. Its number in the VM is its place in the list.
struct ChannelEndUse {
    ChannelUse const* use;
    std::uint64_t ipa;
    std::size_t peer;          // index into Description::domains
    std::size_t peer_channel;  // index into that domain's ends
    unsigned side;             // 0 for the domain that the description names first: it writes the lower half
};

/// The ends of each domain, in the order of `description.domains`. Complete only if no problem was found.
std::vector<std::vector<ChannelEndUse>> check_channels(Description const& description, Problems& problems);

}  // namespace tiffin
