// Any bytes may be offered as a plan. The view must refuse or take them without reading outside, and what it takes must be
// readable.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/crc32.hpp"
#include "plan/view.hpp"

namespace {

/// Length, magic and checksum would stop nearly every mutation at the door: make them right, so that the rules behind are
/// reached.
void open_the_door(std::span<std::byte> bytes) {
    if (bytes.size() < sizeof(tiffin::abi::PlanHeader)) return;
    auto& header = *reinterpret_cast<tiffin::abi::PlanHeader*>(bytes.data());
    header.magic = tiffin::abi::plan_magic;
    header.version = tiffin::abi::plan_version;
    header.bytes = static_cast<std::uint32_t>(bytes.size());
    header.crc32 = 0;
    header.crc32 = tiffin::crc32(bytes);
}

std::uint64_t read_everything(tiffin::PlanView const& plan) {
    std::uint64_t sum = plan.string(plan.board().name).size() + plan.memory().size();
    for (auto const& vm : plan.vms()) {
        sum += plan.string(vm.name).size();
        for (auto const& vcpu : plan.vcpus_of(vm)) sum += plan.board().mpidr[vcpu.core];
        for (auto const& payload : plan.payloads_of(vm)) sum += plan.string(payload.what).size() + payload.size;
        for (auto const& window : plan.windows_of(vm)) sum += plan.string(window.what).size();
        for (auto const& interrupt : plan.interrupts_of(vm)) sum += interrupt.physical;
        for (auto const& end : plan.channels_of(vm)) sum += plan.string(end.name).size() + plan.vms()[end.peer].ram_size;
    }
    return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::vector<std::uint64_t> aligned((size + 7) / 8);  // the plan must be 8-byte aligned
    if (size != 0) std::memcpy(aligned.data(), data, size);
    auto const bytes = std::as_writable_bytes(std::span{aligned}).first(size);
    open_the_door(bytes);
    if (auto const plan = tiffin::PlanView::open(bytes)) {
        auto const volatile sum = read_everything(*plan);
        (void)sum;
    }
    return 0;
}
