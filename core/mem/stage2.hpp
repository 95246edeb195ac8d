// A VM's stage 2: what it can reach, and nothing else.
//
// RAM is private memory, but for channels (core/channel). Where the boot image has content for a page (kernel, initrd, device tree), the page is first mapped to
// the image itself, read-only, and copied to the private memory when the guest writes to it. So a start copies nothing, a reset
// finds the pristine image, and VMs of one image share what they do not change (docs/decisions/0002).
#pragma once
#include <cstdint>
#include <optional>

#include "base/addr.hpp"
#include "core/mem/page_table.hpp"
#include "plan/view.hpp"

namespace tiffin {

struct Vm;

class Stage2 {
public:
    /// Builds the tables from the plan. `image` is where the boot image was loaded.
    void build(Pool& pool, PlanView const& plan, abi::VmRecord const& record, Pa image);
    /// The same for a VM whose devices do DMA: they know nothing of pages that are copied later, so all of its RAM is its own from the start.
    void build_private(Pool& pool, PlanView const& plan, abi::VmRecord const& record, Pa image);
    /// Maps device memory straight through. All 4 KiB aligned.
    void map_device(Pool& pool, Ipa at, Pa device, std::uint64_t size);

    /// After a write fault at `at`: gives the VM its own copy of the page. False if the page is not one of the image's.
    bool copy_on_write(Vm const& vm, Ipa at);
    /// Is there a mapping for `at`, in RAM? Asked after a fault that said no, when another vCPU may have been copying the page.
    [[nodiscard]] bool maps(Vm const& vm, Ipa at) const;
    /// Nothing of the image is mapped: all of RAM is the VM's own, and stays where it is.
    [[nodiscard]] bool all_private() const { return private_; }
    /// Is `at` (in RAM) mapped by a block? The VM's own then, and it stays so: only pages are the image's, or are copied.
    [[nodiscard]] bool in_block(Ipa at) const { return tables_.page(at.raw()) == nullptr; }
    /// Where the image has the page at `page` (in RAM) that the VM has not written yet; nothing if the page is the VM's own.
    [[nodiscard]] std::optional<Pa> image_page(Ipa page) const {
        std::uint64_t const* const descriptor = tables_.page(page.raw());
        if (descriptor == nullptr || armv8::Stage2::writable(*descriptor)) return std::nullopt;
        return armv8::Descriptor::address(*descriptor);
    }
    /// Brings the page at `offset` in RAM back to what it was at the first start: zero, or the image's.
    void restore_page(Vm const& vm, std::uint64_t offset);
    /// Forgets cached translations after restore_page.
    void flush(Vm const& vm);

    /// What VTTBR_EL2 and VTCR_EL2 hold while one of the VM's vCPUs is loaded.
    [[nodiscard]] std::uint64_t vttbr() const { return vttbr_; }
    [[nodiscard]] std::uint64_t vtcr() const { return vtcr_; }
    void set_vtcr(std::uint64_t vtcr) { vtcr_ = vtcr; }
    [[nodiscard]] Pa root() const { return tables_.root(); }

    /// The VMID lent to it (core/mem/vmid.hpp), and the generation in which; 0: never.
    [[nodiscard]] std::uint16_t vmid() const { return static_cast<std::uint16_t>(vttbr_ >> 48); }
    [[nodiscard]] std::uint64_t vmid_generation() const { return vmid_generation_; }
    void set_vmid(std::uint32_t vmid, std::uint64_t generation) {
        vttbr_ = root().raw() | std::uint64_t{vmid} << 48;
        vmid_generation_ = generation;
    }

private:
    /// Memory shared with a peer: each writes its own half.
    void map_channel(Pool& pool, abi::ChannelRecord const& end);
    [[nodiscard]] abi::PayloadRecord const* payload_at(Vm const& vm, Ipa page) const;

    /// Windows and channels.
    void map_others(Pool& pool, PlanView const& plan, abi::VmRecord const& record);

    PageTable tables_;
    Pa image_{0};
    bool private_{false};
    std::uint64_t vttbr_{0}, vtcr_{0}, vmid_generation_{0};
};

}  // namespace tiffin
