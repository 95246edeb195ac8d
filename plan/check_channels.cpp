// Rules about channels: what is shared is shared by exactly two, who both know.
#include "abi/guest_map.hpp"
#include "base/addr.hpp"
#include "plan/check.hpp"

namespace tiffin {

namespace guest_map = abi::guest_map;

bool RuleCheck::shared_memory_is_sound() {
    at("header", 0);
    auto const& h = plan_.header();
    if (h.shared_bytes == 0) return (h.shared_base == 0 && h.channels.count == 0) || fail("has channels and no shared memory");
    if ((h.shared_base | h.shared_bytes) % page_size != 0) return fail("shared memory is not page-aligned");
    Pa const base{h.shared_base};
    for (auto const& memory : plan_.memory()) {
        if (!contains(Pa{memory.base}, memory.size, base, h.shared_bytes)) continue;
        if (overlap(h.shared_base, h.shared_bytes, h.load_address, h.image_bytes + h.pool_bytes))
            return fail("shared memory overlaps the boot image or its pool");
        for (auto const& vm : plan_.vms())
            if (overlap(h.shared_base, h.shared_bytes, vm.ram_pa, vm.ram_size)) return fail("shared memory overlaps a VM's RAM");
        return true;
    }
    return fail("shared memory does not lie in the board's RAM");
}

bool RuleCheck::channels_are_sound() {
    if (!shared_memory_is_sound()) return false;
    std::uint64_t shared_end = plan_.header().shared_base;
    auto const vms = plan_.vms();
    for (std::uint32_t index = 0; index < vms.size(); ++index) {
        auto const ends = plan_.channels_of(vms[index]);
        at("channel", vms[index].channels.offset);
        if (ends.size() > guest_map::max_channels) return fail("is one of more than 32 of its VM");
        for (std::uint32_t i = 0; i < ends.size(); ++i) {
            at("channel", vms[index].channels.offset + i);
            if (!channel_is_sound(vms[index], index, i)) return false;
            if (ends[i].peer < index) continue;  // its memory was looked at with the other end
            if (ends[i].pa < shared_end) return fail("memory overlaps that of the channel before it, or is out of order");
            shared_end = ends[i].pa + ends[i].size;
        }
    }
    return true;
}

bool RuleCheck::channel_is_sound(abi::VmRecord const& vm, std::uint32_t index, std::uint32_t channel) {
    auto const ends = plan_.channels_of(vm);
    auto const& end = ends[channel];
    auto const& h = plan_.header();
    if (!string_exists(end.name) || plan_.string(end.name).empty()) return fail("has no name");
    if (end.size == 0 || end.size % (2 * page_size) != 0) return fail("size is not a multiple of 8 KiB");
    if ((end.ipa | end.pa) % page_size != 0) return fail("is not page-aligned");
    if (!contains(Pa{h.shared_base}, h.shared_bytes, Pa{end.pa}, end.size)) return fail("memory is outside the shared memory");
    auto const floor = channel == 0 ? guest_map::channel_memory : ends[channel - 1].ipa + ends[channel - 1].size;
    if (end.ipa < floor || end.ipa > guest_map::channel_memory_end || end.size > guest_map::channel_memory_end - end.ipa)
        return fail("guest address is outside the channel memory, or overlaps the one before it");
    for (auto const& other : ends.first(channel))
        if (plan_.string(other.name) == plan_.string(end.name)) return fail("name is used twice in its VM");
    return ends_agree(end, index, channel);
}

bool RuleCheck::ends_agree(abi::ChannelRecord const& end, std::uint32_t index, std::uint32_t channel) {
    if (end.peer >= plan_.vms().size() || end.peer == index) return fail("has no peer, or itself");
    auto const ends = plan_.channels_of(plan_.vms()[end.peer]);
    if (end.peer_channel >= ends.size()) return fail("has no other end");
    auto const& other = ends[end.peer_channel];
    if (other.peer != index || other.peer_channel != channel) return fail("other end belongs to somebody else");
    if (other.pa != end.pa || other.size != end.size || plan_.string(other.name) != plan_.string(end.name))
        return fail("ends differ in memory, size or name");
    if (end.side > 1 || other.side != (end.side ^ 1) || end.reserved != 0) return fail("sides are not one 0 and one 1");
    return true;
}

}  // namespace tiffin
