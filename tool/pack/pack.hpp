// From checked parts to one boot image: RAM is handed out, the plan written, the payloads laid behind it.
#pragma once
#include <optional>
#include <vector>

#include "plan/view.hpp"
#include "tool/board/board.hpp"
#include "tool/check/channels.hpp"
#include "tool/check/grants.hpp"
#include "tool/image/place.hpp"
#include "tool/pack/hypervisor.hpp"

namespace tiffin {

/// All that one VM is made of.
struct GuestParts {
    Domain const* domain;
    std::vector<Grant> grants;
    std::vector<ChannelEndUse> channels;
    GuestImage image;  // with its device tree
    std::uint64_t x0;  // the device tree's address
};

struct PackInput {
    Description const& description;
    Board const& board;
    std::vector<GuestParts> const& guests;
    Hypervisor const& hypervisor;
    std::vector<abi::VirtioRecord> const& virtio;  // check_virtio
    std::uint64_t wake_charge{0};                  // ns: PlanHeader::wake_charge_ns
};

/// A boot image, and the plan in it.
struct Packed {
    Bytes image;
    std::uint32_t plan_offset{0}, plan_bytes{0};

    /// The plan was validated when it was packed.
    [[nodiscard]] PlanView plan() const;
};

/// Nothing, and problems, if the board's RAM does not suffice.
std::optional<Packed> pack(PackInput const& input, Problems& problems);

}  // namespace tiffin
