#include "tool/pack/pack.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <numeric>
#include <stdexcept>

#include "abi/guest_map.hpp"
#include "base/addr.hpp"
#include "plan/pool.hpp"
#include "plan/tables.hpp"
#include "tool/description/units.hpp"
#include "tool/image/arm64_image.hpp"
#include "tool/pack/payloads.hpp"
#include "tool/pack/ram.hpp"

namespace tiffin {
namespace {

std::uint32_t u32(std::size_t value) { return static_cast<std::uint32_t>(value); }

class Packer {
public:
    Packer(PackInput const& in, Problems& problems) : in_{in}, problems_{problems}, ram_(in.guests.size()) {}

    std::optional<Packed> run() {
        // The number of records does not depend on addresses: the length of the plan is known before anything is placed.
        plan_bytes_ = u32(tables().bytes().size());
        area_ = PayloadArea{align_up(in_.hypervisor.size + plan_bytes_, page_size)};
        place_payloads();
        if (!settle_memory()) return std::nullopt;
        return write();
    }

private:
    void place_payloads() {
        for (auto const& guest : in_.guests) {
            auto& places = places_.emplace_back();
            for (auto const& piece : guest.image.pieces) places.push_back(area_.add(piece.bytes, piece.ipa));
        }
        area_.settle();
    }

    /// Memory for image, pool and VMs. The pool depends on where RAM lies, and RAM on the pool: a second round settles it.
    bool settle_memory() {
        for (;;) {  // ends: the pool only grows, and has an upper bound
            if (!hand_out_ram()) return false;
            bytes_ = tables().bytes();
            auto const view = PlanView::open(bytes_, in_.hypervisor.size);
            if (!view) return refused(view.error());
            auto const needed = tiffin::pool_bytes(*view);
            if (needed <= pool_bytes_) return true;
            pool_bytes_ = needed;
        }
    }

    /// The checks before are meant to leave nothing to refuse. What they miss (a strange device tree) is refused here, not at
    /// boot.
    bool refused(PlanError const& e) {
        auto const rule = fmt::format("{} {} {}", e.table, e.index, e.what);
        problems_.add({}, "the hypervisor would refuse this plan: " + rule, "a board and a description that give a valid plan");
        return false;
    }

    bool hand_out_ram() {
        FreeRam free{usable()};
        if (!place_image(free) || !place_shared(free)) return false;
        if (!place_who_needs_physical_addresses(free)) return false;
        auto in_order = free;
        // Ascending in the order of the description keeps VM numbers as the user wrote them; else any order that fits.
        if (!place_vms(in_order, true) && !place_vms(free, false)) return report_full(free);
        order_.resize(in_.guests.size());
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        std::ranges::sort(order_, {}, [&](std::size_t i) { return ram_[i]; });
        return true;
    }

    [[nodiscard]] std::vector<Range> usable() const {
        std::vector<Range> below_limit;
        for (auto const& r : in_.board.memory) {
            constexpr std::uint64_t limit = 1ull << 40;
            if (r.base < limit) below_limit.push_back({r.base, std::min(r.size, limit - r.base)});
        }
        return below_limit;
    }

    bool place_image(FreeRam& free) {
        auto const size = area_.end() + pool_bytes_;
        for (auto const& r : in_.board.memory) {
            // An arm64 Image of text offset 0 is put at RAM + 2 MiB by QEMU, because its boot stub takes the first bytes.
            load_ = align_up(r.base, large_page_size) + large_page_size;
            if (free.take_at({load_, size})) return true;
        }
        problems_.add({}, fmt::format("the boot image and its pool ({}) do not fit into the board's RAM", size_text(size)),
                      "more RAM, or smaller guest images");
        return false;
    }

    /// The memory of all channels, in one piece; add_vm deals it out.
    bool place_shared(FreeRam& free) {
        shared_bytes_ = 0;
        for (auto const& guest : in_.guests)
            for (auto const& end : guest.channels) shared_bytes_ += end.side == 0 ? end.use->size.value : 0;
        if (shared_bytes_ == 0) return true;
        auto const at = free.take(shared_bytes_, page_size);
        if (at) {
            shared_base_ = *at;
            return true;
        }
        problems_.add({},
                      fmt::format("the memory of the channels ({}) does not fit into the board's RAM", size_text(shared_bytes_)),
                      "more RAM, or smaller channels");
        return false;
    }

    /// A device that nothing fences is given addresses by its driver, and takes them for physical ones: they are, if the VM's RAM lies where
    /// the VM sees it. There is one such place.
    bool place_who_needs_physical_addresses(FreeRam& free) {
        identical_.reset();
        for (std::size_t i = 0; i < in_.guests.size(); ++i) {
            auto const& guest = in_.guests[i];
            if (std::ranges::none_of(guest.grants, &Grant::is_unfenced)) continue;
            if (!identical_ && free.take_at({abi::guest_map::ram, guest.domain->memory.value})) {
                identical_ = i, ram_[i] = abi::guest_map::ram;
            } else if (auto const slot = std::ranges::find_if(guest.grants, &Grant::is_virtio_slot); slot != guest.grants.end()) {
                return report_slot(guest, *slot, free);
            }
        }
        return true;
    }

    /// Others may do without DMA; whoever drives a virtio device needs it.
    bool report_slot(GuestParts const& guest, Grant const& slot, FreeRam const& free) {
        problems_.add(
            slot.at,
            fmt::format("device {} reaches physical memory, and the RAM of domain \"{}\" ({}) can't lie at {:#x}, where the "
                        "domain sees it",
                        slot.device->path, guest.domain->name.value, size_text(guest.domain->memory.value), abi::guest_map::ram),
            fmt::format("at most {} KiB, which are free there, and one such domain", free.free_at(abi::guest_map::ram) >> 10),
            "a server of virtio devices needs 1 or 2 MiB");
        return false;
    }

    bool place_vms(FreeRam& free, bool ascending) {
        std::uint64_t floor = 0;
        for (full_ = 0; full_ < in_.guests.size(); ++full_) {
            auto const size = in_.guests[full_].domain->memory.value;
            if (identical_ == full_) {
                if (ascending && ram_[full_] < floor) return false;
                floor = ram_[full_] + size;
                continue;
            }
            auto const at = free.take(size, size >= large_page_size ? large_page_size : page_size, floor);
            if (!at) return false;
            ram_[full_] = *at;
            if (ascending) floor = *at + size;
        }
        return true;
    }

    bool report_full(FreeRam const& free) {
        constexpr std::uint64_t mib = 1 << 20;
        auto const& domain = *in_.guests[full_].domain;
        problems_.add(domain.memory.at,
                      fmt::format("\"memory\" of domain \"{}\" ({}) goes beyond the board's RAM", domain.name.value,
                                  size_text(domain.memory.value)),
                      fmt::format("at most {} MiB, which are left", free.total() / mib),
                      fmt::format("the board has {}, the boot image takes {} MiB", size_text(board_ram()),
                                  align_up(area_.end() + pool_bytes_, mib) / mib));
        return false;
    }

    [[nodiscard]] std::uint64_t board_ram() const {
        std::uint64_t sum = 0;
        for (auto const& r : in_.board.memory) sum += r.size;
        return sum;
    }

    [[nodiscard]] PlanTables tables() const {
        PlanTables t;
        auto& h = t.header;
        auto const& options = in_.description.options;
        h.magic = abi::plan_magic, h.version = abi::plan_version;
        h.flags = (options.verify_payloads ? abi::plan_verify_payloads : 0u) | (options.stay_on ? abi::plan_stay_on : 0u);
        h.load_address = load_, h.image_bytes = area_.end(), h.pool_bytes = pool_bytes_;
        h.description = t.text(std::filesystem::path{in_.description.file}.filename().string());
        h.board = in_.board.record;
        h.board.name = t.text(in_.board.name);
        for (auto const& r : in_.board.memory) t.memory.push_back({r.base, r.size});
        h.trace_bytes = options.trace;
        h.wake_charge_ns = static_cast<std::uint32_t>(std::min<std::uint64_t>(in_.wake_charge, ~0u));
        for (std::size_t i = 0; i < in_.guests.size(); ++i) add_vm(t, order_.empty() ? i : order_[i]);
        add_channels(t);
        for (auto const& schedule : in_.description.schedules) add_frame(t, schedule);
        add_virtio(t);
        std::ranges::sort(t.pci, {}, &abi::PciRecord::function);
        if (!t.pci.empty()) h.pci_host = in_.board.pci->host;
        auto const has_messages = [](GuestParts const& guest) { return std::ranges::any_of(guest.grants, &Grant::has_messages); };
        if (std::ranges::none_of(in_.guests, has_messages)) h.pci_host.its = h.pci_host.msi = h.pci_host.msi_first = 0;
        return t;
    }

    void add_vm(PlanTables& t, std::size_t i) const {
        auto const& guest = in_.guests[i];
        auto const& domain = *guest.domain;
        abi::VmRecord vm{};
        vm.name = t.text(domain.name.value), vm.line = domain.name.at.line;
        vm.flags = (domain.console ? abi::vm_has_uart : 0u) | (domain.rtc ? abi::vm_has_rtc : 0u) |
                   (domain.debug ? abi::vm_may_debug : 0u) | (domain.wait_for_debugger ? abi::vm_waits_for_debugger : 0u);
        add_life(vm, domain.life);
        vm.manages = {u32(t.manages.size()), u32(domain.life.manages.size())};
        for (auto const& name : domain.life.manages) t.manages.push_back({place_of(name.value), name.at.line});
        vm.ram_ipa = abi::guest_map::ram, vm.ram_size = domain.memory.value, vm.ram_pa = ram_[i];
        vm.entry = guest.image.entry, vm.x0 = guest.x0;
        vm.pv_time_ipa = guest.image.pv_time, vm.timer_slack_ns = domain.timer_slack;
        vm.payloads.offset = u32(t.payloads.size()), vm.vcpus.offset = u32(t.vcpus.size());
        vm.windows.offset = u32(t.windows.size()), vm.interrupts.offset = u32(t.interrupts.size());
        add_payloads(t, i), add_vcpus(t, domain), add_grants(t, guest);
        vm.payloads.count = u32(t.payloads.size()) - vm.payloads.offset, vm.vcpus.count = u32(t.vcpus.size()) - vm.vcpus.offset;
        vm.windows.count = u32(t.windows.size()) - vm.windows.offset,
        vm.interrupts.count = u32(t.interrupts.size()) - vm.interrupts.offset;
        t.vms.push_back(vm);
    }

    void add_payloads(PlanTables& t, std::size_t i) const {
        auto const& pieces = in_.guests[i].image.pieces;
        for (std::size_t n = 0; n < pieces.size(); ++n) {
            abi::PayloadRecord record{pieces[n].ipa, 0, pieces[n].bytes->size(), 0, t.text(pieces[n].what)};
            if (!places_.empty()) {
                auto const& place = area_.at(places_[i][n]);
                record.image_offset = place.image_offset, record.crc32 = place.crc32;
            }
            t.payloads.push_back(record);
        }
    }

    static void add_vcpus(PlanTables& t, Domain const& domain) {
        for (auto const& cpu : domain.cpus) {
            auto const fixed = cpu.policy == abi::Policy::Fixed;
            auto const budgeted = fixed && cpu.budget.value != 0;
            t.vcpus.push_back({u32(t.vms.size()), u32(cpu.core.value), cpu.policy, fixed ? u32(cpu.priority) : 0,
                               fixed ? 0 : u32(cpu.weight), cpu.background ? u32(abi::vcpu_background) : 0u,
                               budgeted ? cpu.budget.value : 0, budgeted ? cpu.period.value : 0,
                               budgeted ? cpu.deadline.value : 0});
        }
    }

    void add_frame(PlanTables& t, Schedule const& schedule) const {
        t.frames.push_back(
            {u32(schedule.core.value), 0, schedule.major_frame, {u32(t.slots.size()), u32(schedule.windows.size())}});
        for (auto const& window : schedule.windows) {
            std::uint32_t vm = 0;
            while (in_.guests[order_.empty() ? vm : order_[vm]].domain->name.value != window.domain.value) ++vm;
            t.slots.push_back({vm, 0, window.offset, window.length});
        }
    }

    /// The VM's place in the plan.
    [[nodiscard]] std::uint32_t place_of(std::uint32_t domain) const {
        return order_.empty() ? domain : u32(static_cast<std::size_t>(std::ranges::find(order_, domain) - order_.begin()));
    }

    [[nodiscard]] std::uint32_t place_of(std::string const& name) const {
        auto const found = std::ranges::find(in_.guests, name, [](GuestParts const& g) { return g.domain->name.value; });
        return place_of(u32(static_cast<std::size_t>(found - in_.guests.begin())));
    }

    static void add_life(abi::VmRecord& vm, Life const& life) {
        if (!life.autostart) vm.flags |= abi::vm_starts_off;
        if (life.watchdog) vm.flags |= abi::vm_has_watchdog;
        if (life.on_crash == OnCrash::RebootBoard) vm.flags |= abi::vm_reboot_on_crash;
        if (life.on_crash != OnCrash::Restart) return;
        vm.flags |= abi::vm_restart_on_crash;
        vm.restart_count = u32(life.restarts), vm.restart_within_ns = life.within, vm.restart_back_off_ns = life.back_off;
    }

    void add_virtio(PlanTables& t) const {
        for (auto device : in_.virtio) {
            device.client = place_of(device.client), device.server = place_of(device.server);
            t.virtio.push_back(device);
        }
        std::ranges::sort(t.virtio, {}, [](abi::VirtioRecord const& device) { return std::pair{device.client, device.slot}; });
    }

    static void add_grants(PlanTables& t, GuestParts const& guest) {
        for (auto const& grant : guest.grants) {
            if (grant.function)
                t.pci.push_back({u32(t.vms.size()), *grant.function, grant.at.line, grant.fenced ? 0u : u32(abi::pci_unfenced)});
            auto const what = t.text(grant.device == nullptr ? "" : grant.device->name);
            for (auto const& w : grant.windows) t.windows.push_back({w.ipa, w.pa.base, w.pa.size, what, grant.at.line});
            auto interrupts = grant.interrupts;
            interrupts.insert(interrupts.end(), grant.messages.begin(), grant.messages.end());
            for (auto const& i : interrupts)
                t.interrupts.push_back({i.physical, i.virtual_id, i.edge ? 1u : 0u, grant.at.line, u32(i.per_second), 0});
        }
    }

    /// When all VMs have their numbers. The memory is dealt out to first ends, in the order of the table.
    void add_channels(PlanTables& t) const {
        t.header.shared_base = shared_base_, t.header.shared_bytes = shared_bytes_;
        std::vector<std::uint32_t> number(in_.guests.size());
        for (std::uint32_t n = 0; n < number.size(); ++n) number[order_.empty() ? n : order_[n]] = n;
        std::map<ChannelUse const*, std::uint64_t> memory;
        auto next = shared_base_;
        for (std::uint32_t n = 0; n < number.size(); ++n) {
            auto const& ends = in_.guests[order_.empty() ? n : order_[n]].channels;
            t.vms[n].channels = {u32(t.channels.size()), u32(ends.size())};
            for (auto const& end : ends) {
                auto const& use = *end.use;
                auto const* const other = in_.guests[end.peer].channels[end.peer_channel].use;
                auto const [at, first] = memory.try_emplace(number[end.peer] > n ? &use : other, next);
                if (first) next += use.size.value;
                t.channels.push_back({t.text(use.name.value), use.at.line, end.ipa, at->second, use.size.value, number[end.peer],
                                      u32(end.peer_channel), end.side, 0});
            }
        }
    }

    [[nodiscard]] Packed write() const {
        Packed out{.image = Bytes(area_.end()), .plan_offset = in_.hypervisor.size, .plan_bytes = plan_bytes_};
        auto* const base = out.image.data();
        std::ranges::copy(*in_.hypervisor.bytes, base);
        std::ranges::copy(bytes_, base + out.plan_offset);
        for (auto const& place : area_.all()) std::ranges::copy(*place.bytes, base + place.image_offset);
        patch_headers(out);
        return out;
    }

    /// image_size tells the loader to keep the pool free; ImageInfo tells the hypervisor where the plan is. The rest stays as
    /// linked.
    void patch_headers(Packed& out) const {
        Arm64Header header{};
        abi::ImageInfo info{};
        std::memcpy(&header, out.image.data(), sizeof header);
        std::memcpy(&info, out.image.data() + abi::image_info_offset, sizeof info);
        header.image_size = out.image.size() + pool_bytes_;
        info.plan_offset = out.plan_offset, info.plan_bytes = out.plan_bytes;
        std::memcpy(out.image.data(), &header, sizeof header);
        std::memcpy(out.image.data() + abi::image_info_offset, &info, sizeof info);
    }

    PackInput const& in_;
    Problems& problems_;
    std::vector<std::uint64_t> ram_;                // physical, by guest
    std::vector<std::size_t> order_;                // guests by physical address: the order of the plan
    std::vector<std::vector<std::size_t>> places_;  // of each guest's pieces, in area_
    PayloadArea area_{0};
    std::uint64_t load_{0}, pool_bytes_{0};
    std::uint32_t plan_bytes_{0};
    Bytes bytes_;  // the plan
    std::uint64_t shared_base_{0}, shared_bytes_{0};
    std::size_t full_{0};
    std::optional<std::size_t> identical_;  // whose RAM lies where it sees it
};

}  // namespace

PlanView Packed::plan() const {
    auto const view = PlanView::open(std::span{image}.subspan(plan_offset, plan_bytes), plan_offset);
    if (!view) throw std::logic_error{"a packed plan is not valid"};
    return *view;
}

std::optional<Packed> pack(PackInput const& input, Problems& problems) { return Packer{input, problems}.run(); }

}  // namespace tiffin
