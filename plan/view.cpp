#include "plan/view.hpp"

#include "base/addr.hpp"
#include "base/crc32.hpp"
#include "plan/check.hpp"

namespace tiffin {

std::expected<PlanView, PlanError> PlanView::open(std::span<std::byte const> bytes, std::uint64_t plan_offset) {
    ShapeCheck shape{bytes};
    if (!shape.run()) return std::unexpected{shape.error()};
    PlanView const view{bytes};
    RuleCheck rules{view, plan_offset + align_up(bytes.size(), page_size)};
    if (!rules.run()) return std::unexpected{rules.error()};
    return view;
}

std::string_view PlanView::string(abi::StringRef ref) const {
    auto const table = header().strings;
    if (ref >= table.count) return {};
    return reinterpret_cast<char const*>(bytes_.data()) + table.offset + ref;  // the table's last byte is zero
}

bool ShapeCheck::run() {
    if (!header_is_ours() || !checksum_holds()) return false;
    auto const& h = *reinterpret_cast<abi::PlanHeader const*>(bytes_.data());
    return table_fits(h.memory, sizeof(abi::MemoryRecord), 8, abi::max_memory_records, "memory") &&
           table_fits(h.vms, sizeof(abi::VmRecord), 8, abi::max_vms, "vm") &&
           table_fits(h.vcpus, sizeof(abi::VcpuRecord), 8, abi::max_vms * abi::max_vcpus_per_vm, "vcpu") &&
           table_fits(h.payloads, sizeof(abi::PayloadRecord), 8, abi::max_payloads, "payload") &&
           table_fits(h.windows, sizeof(abi::WindowRecord), 8, abi::max_windows, "window") &&
           table_fits(h.interrupts, sizeof(abi::InterruptRecord), 8, abi::max_interrupts, "interrupt") &&
           table_fits(h.frames, sizeof(abi::FrameRecord), 8, abi::max_cpus, "frame") &&
           table_fits(h.slots, sizeof(abi::SlotRecord), 8, abi::max_slots, "slot") &&
           table_fits(h.channels, sizeof(abi::ChannelRecord), 8, abi::max_channel_ends, "channel") &&
           table_fits(h.virtio, sizeof(abi::VirtioRecord), 8, abi::max_virtio, "virtio") &&
           table_fits(h.pci, sizeof(abi::PciRecord), 8, abi::max_pci, "pci") &&
           table_fits(h.manages, sizeof(abi::ManageRecord), 4, abi::max_managed, "manage") &&
           table_fits(h.strings, 1, 1, ~0u, "string") && strings_end();
}

bool ShapeCheck::header_is_ours() {
    if (bytes_.size() < sizeof(abi::PlanHeader)) return fail("is shorter than its header");
    if (reinterpret_cast<std::uintptr_t>(bytes_.data()) % 8 != 0) return fail("is not 8-byte aligned in memory");
    auto const& h = *reinterpret_cast<abi::PlanHeader const*>(bytes_.data());
    if (h.magic != abi::plan_magic) return fail("has no plan magic: this is not a plan, or it was damaged");
    if (h.version != abi::plan_version) return fail("has another version than this hypervisor: build the image again");
    if (h.bytes != bytes_.size()) return fail("is not as long as it says: the image was cut short");
    return true;
}

bool ShapeCheck::checksum_holds() {
    constexpr std::uint32_t zero = 0;
    constexpr std::size_t at = offsetof(abi::PlanHeader, crc32);
    auto const& h = *reinterpret_cast<abi::PlanHeader const*>(bytes_.data());
    auto const crc =
        Crc32{}.add(bytes_.first(at)).add(std::as_bytes(std::span{&zero, 1})).add(bytes_.subspan(at + sizeof zero)).value();
    return crc == h.crc32 || fail("has a wrong checksum: the image was damaged or tampered with");
}

bool ShapeCheck::table_fits(abi::TableRef ref, std::size_t record, std::size_t alignment, std::uint32_t max, char const* name) {
    error_.table = name;
    if (ref.count > max) return fail("table has more records than this hypervisor takes");
    if (ref.offset % alignment != 0) return fail("table is misaligned");
    if (ref.count != 0 && ref.offset < sizeof(abi::PlanHeader)) return fail("table overlaps the header");
    if (ref.offset > bytes_.size() || std::uint64_t{ref.count} * record > bytes_.size() - ref.offset) {
        return fail("table reaches beyond the plan's end");
    }
    return true;
}

bool ShapeCheck::strings_end() {
    auto const& strings = reinterpret_cast<abi::PlanHeader const*>(bytes_.data())->strings;
    if (strings.count == 0) return fail("table is empty");
    auto const table = bytes_.subspan(strings.offset, strings.count);
    if (table.front() != std::byte{0} || table.back() != std::byte{0})
        return fail("table does not begin and end with a zero byte");
    return true;
}

}  // namespace tiffin
