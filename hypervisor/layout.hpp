// Where the linker put things, at the addresses where they are now.
#pragma once
#include <cstdint>

#include "abi/plan.hpp"
#include "base/addr.hpp"
#include "plan/view.hpp"

extern "C" {
extern char tiffin_image[], __text_end[], __rodata_end[], __data_end[], __guard0[], __stack0_top[], __guard1[],
    __emergency_stack_top[], __image_end[];
}

namespace tiffin::layout {

inline Pa at(char const* symbol) { return Pa{reinterpret_cast<std::uint64_t>(symbol)}; }
inline Pa image() { return at(tiffin_image); }
/// Where the pool begins, with the stacks of all cores but core 0.
inline Pa pool(PlanView const& plan) { return image() + plan.header().image_bytes; }
inline abi::ImageInfo const& info() { return *reinterpret_cast<abi::ImageInfo const*>(tiffin_image + abi::image_info_offset); }

}  // namespace tiffin::layout
