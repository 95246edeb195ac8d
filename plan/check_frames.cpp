// Rules about the static schedules of cores.
#include "plan/check.hpp"

namespace tiffin {

bool RuleCheck::frames_are_sound() {
    auto const frames = plan_.frames();
    std::uint32_t next_slot = 0;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        at("frame", i);
        auto const& frame = frames[i];
        if (frame.core >= plan_.board().cpu_count) return fail("is of a core that the board does not have");
        if (framed_cores_ >> frame.core != 0) return fail("is of the same core as the one before it, or out of order");
        framed_cores_ |= 1u << frame.core;
        if (frame.reserved != 0 || frame.major_ns > abi::max_frame_ns) return fail("is longer than 10 s");
        if (frame.slots.count == 0) return fail("has no time window");
        if (!slice_follows(frame.slots, next_slot, plan_.header().slots.count) || !slots_are_sound(frame)) return false;
    }
    at("slot", next_slot);
    if (next_slot != plan_.header().slots.count) return fail("belongs to no frame");
    for (auto const& vcpu : plan_.vcpus()) {
        at("vcpu", static_cast<std::size_t>(&vcpu - plan_.vcpus().data()));
        if ((vcpu.policy == abi::Policy::Window) != ((framed_cores_ >> vcpu.core & 1) != 0))
            return fail("has the policy of a static schedule without one, or the other way round");
    }
    return true;
}

bool RuleCheck::slots_are_sound(abi::FrameRecord const& frame) {
    auto const slots = plan_.slots_of(frame);
    std::uint64_t end = 0;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        at("slot", frame.slots.offset + i);
        auto const& [vm, reserved, offset, length] = slots[i];
        if (reserved != 0 || vm >= plan_.vms().size()) return fail("is of a VM that does not exist");
        if (length < abi::min_slot_ns) return fail("is shorter than 50 us");
        if (offset < end || offset > frame.major_ns || length > frame.major_ns - offset)
            return fail("overlaps the one before it, or reaches beyond its frame");
        if (!has_vcpu_on(vm, frame.core)) return fail("is of a VM that has no vCPU on that core");
        end = offset + length;
    }
    return true;
}

bool RuleCheck::has_vcpu_on(std::uint32_t vm, std::uint32_t core) {
    for (auto const& vcpu : plan_.vcpus_of(plan_.vms()[vm]))
        if (vcpu.core == core) return true;
    return false;
}

}  // namespace tiffin
