#include "core/mem/stage2.hpp"

#include "core/arch.hpp"
#include "core/cpu.hpp"
#include "core/vm/vm.hpp"
#include "plan/pool.hpp"

namespace tiffin {

using armv8::Descriptor;

void Stage2::build(Pool& pool, PlanView const& plan, abi::VmRecord const& record, Pa image) {
    image_ = image;
    auto const root = root_bytes(ipa_bits(plan, record));
    tables_ = PageTable{pool.take(root, root)};
    auto const map_ram = [&](std::uint64_t from, std::uint64_t to) {
        if (from < to) tables_.map(pool, from, Pa{record.ram_pa + (from - record.ram_ipa)}, to - from, armv8::Stage2::ram);
    };
    std::uint64_t at = record.ram_ipa;
    for (auto const& payload : plan.payloads_of(record)) {
        auto const size = align_up(payload.size, page_size);
        map_ram(at, payload.ipa);
        for (std::uint64_t page = 0; page < size; page += page_size)  // page by page: each is copied by itself
            tables_.map(pool, payload.ipa + page, image + payload.image_offset + page, page_size, armv8::Stage2::image);
        at = payload.ipa + size;
    }
    map_ram(at, record.ram_ipa + record.ram_size);
    map_others(pool, plan, record);
}

void Stage2::build_private(Pool& pool, PlanView const& plan, abi::VmRecord const& record, Pa image) {
    image_ = image;
    private_ = true;
    auto const root = root_bytes(ipa_bits(plan, record));
    tables_ = PageTable{pool.take(root, root)};
    tables_.map(pool, record.ram_ipa, Pa{record.ram_pa}, record.ram_size, armv8::Stage2::ram);
    for (auto const& payload : plan.payloads_of(record))
        for (std::uint64_t page = 0; page < payload.size; page += page_size)
            arch::copy_page(Pa{record.ram_pa + (payload.ipa - record.ram_ipa) + page}, image + payload.image_offset + page);
    map_others(pool, plan, record);
}

void Stage2::map_others(Pool& pool, PlanView const& plan, abi::VmRecord const& record) {
    for (auto const& window : plan.windows_of(record)) map_device(pool, Ipa{window.ipa}, Pa{window.pa}, window.size);
    for (auto const& end : plan.channels_of(record)) map_channel(pool, end);
}

void Stage2::map_channel(Pool& pool, abi::ChannelRecord const& end) {
    auto const half = end.size / 2;
    for (std::uint32_t n = 0; n < 2; ++n)
        tables_.map(pool, end.ipa + n * half, Pa{end.pa + n * half}, half,
                    n == end.side ? armv8::Stage2::shared : armv8::Stage2::shared_read_only);
}

void Stage2::map_device(Pool& pool, Ipa at, Pa device, std::uint64_t size) {
    tables_.map(pool, at.raw(), device, size, armv8::Stage2::device);
}

bool Stage2::copy_on_write(Vm const& vm, Ipa at) {
    auto const& record = *vm.record;
    Ipa const page = at.align_down(page_size);
    if (!contains(Ipa{record.ram_ipa}, record.ram_size, page, page_size)) return false;
    std::uint64_t* const descriptor = tables_.page(page.raw());
    if (descriptor == nullptr || !Descriptor::is_valid(*descriptor)) return false;
    if (armv8::Stage2::writable(*descriptor)) return true;  // copied already: the access will succeed
    Pa const from = Descriptor::address(*descriptor);
    Pa const to{record.ram_pa + (page.raw() - record.ram_ipa)};
    *descriptor = 0;  // break before make (Arm ARM, "Using break-before-make when updating translation table entries")
    if (arch::this_cpu().loaded != nullptr && arch::this_cpu().loaded->vm == &vm) {
        arch::flush_page(page);
    } else {
        flush(vm);  // EL2 writes for another VM
    }
    arch::copy_page(to, from);
    *descriptor = Descriptor::leaf(to, armv8::geometry::last_level, armv8::Stage2::ram);
    arch::publish_tables();
    return true;
}

bool Stage2::maps(Vm const& vm, Ipa at) const {
    if (!contains(Ipa{vm.record->ram_ipa}, vm.record->ram_size, at, 1)) return false;
    std::uint64_t const* const descriptor = tables_.page(at.align_down(page_size).raw());
    return descriptor != nullptr && Descriptor::is_valid(*descriptor);
}

abi::PayloadRecord const* Stage2::payload_at(Vm const& vm, Ipa page) const {
    for (auto const& payload : machine.plan->payloads_of(*vm.record))
        if (contains(Ipa{payload.ipa}, align_up(payload.size, page_size), page, page_size)) return &payload;
    return nullptr;
}

void Stage2::restore_page(Vm const& vm, std::uint64_t offset) {
    auto const& record = *vm.record;
    Ipa const page{record.ram_ipa + offset};
    arch::zero_page(Pa{record.ram_pa + offset});
    auto const* const payload = payload_at(vm, page);
    if (payload == nullptr) return;
    Pa const original = image_ + payload->image_offset + (page - Ipa{payload->ipa});
    if (private_) return arch::copy_page(Pa{record.ram_pa + offset}, original);
    *tables_.page(page.raw()) = Descriptor::leaf(original, armv8::geometry::last_level, armv8::Stage2::image);
}

void Stage2::flush(Vm const& vm) {
    // Without a VMID of this generation it has not run since all translations were flushed, and the old one may be another VM's.
    if (machine.vmids.current(vmid_generation_)) arch::flush_vm(vm);
}

}  // namespace tiffin
