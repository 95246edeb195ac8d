// The rules of a plan. Internal to plan/: use PlanView::open().
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "abi/plan.hpp"
#include "plan/view.hpp"

namespace tiffin {

constexpr bool overlap(std::uint64_t a, std::uint64_t a_size, std::uint64_t b, std::uint64_t b_size) {
    return a < b ? a_size > b - a : b_size > a - b;
}

/// Checks raw bytes before they may be read as tables: header, length, checksum, bounds and alignment of tables, ends of strings.
class ShapeCheck {
public:
    explicit ShapeCheck(std::span<std::byte const> bytes) : bytes_{bytes} {}
    bool run();
    [[nodiscard]] PlanError const& error() const { return error_; }

private:
    [[gnu::noinline]] bool fail(char const* what) { return error_.what = what, false; }
    bool header_is_ours();
    bool checksum_holds();
    bool table_fits(abi::TableRef ref, std::size_t record, std::size_t alignment, std::uint32_t max, char const* name);
    bool strings_end();

    std::span<std::byte const> bytes_;
    PlanError error_{nullptr, "header", 0};
};

/// Checks what the tables say. The view's shape has been checked.
class RuleCheck {
public:
    RuleCheck(PlanView const& plan, std::uint64_t payload_floor) : plan_{plan}, payload_floor_{payload_floor} {}
    bool run();
    [[nodiscard]] PlanError const& error() const { return error_; }

private:
    struct Range {
        std::uint64_t base, size;
    };

    [[gnu::noinline]] bool fail(char const* what) { return error_.what = what, false; }
    bool at(char const* table, std::size_t index);  // names the record that the following checks are about; true
    [[nodiscard]] bool string_exists(abi::StringRef ref) const { return ref < plan_.header().strings.count; }

    bool board_is_sound();
    bool gic_is_sound();
    bool board_interrupts_are_sound();
    bool cores_are_sound();
    bool memory_is_sound();
    bool spin_table_is_sound();
    bool image_is_sound();

    bool vms_are_sound();
    bool vm_is_sound(abi::VmRecord const& vm, std::size_t index);
    bool name_is_sound(abi::VmRecord const& vm, std::size_t index);
    bool ram_is_sound(abi::VmRecord const& vm);
    bool ram_is_in_memory(abi::VmRecord const& vm);
    bool slices_are_sound(abi::VmRecord const& vm);
    bool slice_follows(abi::TableRef slice, std::uint32_t& next, std::uint32_t count);
    bool slices_cover_the_tables();

    bool vcpus_are_sound(abi::VmRecord const& vm, std::size_t index);
    bool vcpu_is_sound(abi::VcpuRecord const& vcpu);
    bool contract_is_sound(abi::VcpuRecord const& vcpu);
    bool extras_are_sound(abi::VmRecord const& vm);
    bool payloads_are_sound(abi::VmRecord const& vm);
    bool payload_is_sound(abi::VmRecord const& vm, abi::PayloadRecord const& payload);
    bool windows_are_sound(abi::VmRecord const& vm);
    bool window_is_sound(abi::VmRecord const& vm, abi::WindowRecord const& window);
    bool window_is_unique(std::size_t index, std::size_t first_of_vm);
    bool window_is_nobodys(abi::WindowRecord const& window);
    bool interrupts_are_sound(abi::VmRecord const& vm);

    bool frames_are_sound();
    bool slots_are_sound(abi::FrameRecord const& frame);
    bool shared_memory_is_sound();
    bool channels_are_sound();
    bool channel_is_sound(abi::VmRecord const& vm, std::uint32_t index, std::uint32_t channel);
    bool ends_agree(abi::ChannelRecord const& end, std::uint32_t index, std::uint32_t channel);
    bool life_is_sound(abi::VmRecord const& vm, std::size_t index);
    bool virtio_is_sound();
    bool virtio_device_is_sound(std::size_t index);
    bool virtio_is_numbered(std::size_t index);
    bool virtio_slot_is_free(abi::VirtioRecord const& device);
    bool pci_is_sound();
    bool pci_host_is_sound();
    bool messages_are_sound();
    bool pci_region_is_nobodys(std::uint64_t base, std::uint64_t size);
    bool pci_owner_is_sound(abi::PciRecord const& record);

    bool has_vcpu_on(std::uint32_t vm, std::uint32_t core);

    PlanView const& plan_;
    std::uint64_t payload_floor_;
    PlanError error_{nullptr, "header", 0};
    // Progress through the VM table, so that each rule costs one look at each record.
    std::uint64_t ram_end_{0};      // physical, of the VM before
    std::size_t memory_cursor_{0};  // memory record of the VM before
    std::uint32_t next_managed_{0}, next_payload_{0}, next_vcpu_{0}, next_window_{0}, next_interrupt_{0}, next_channel_{0};
    std::uint32_t framed_cores_{0};             // bit per core that has a static schedule
    std::uint64_t physical_seen_[1024 / 64]{};  // physical interrupts that have an owner
    std::uint64_t names_seen_[4096 / 64]{};     // hashes of names: a name is compared with those before only if its bit is set
};

}  // namespace tiffin
