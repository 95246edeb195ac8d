#include "tool/check/grants.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

#include "abi/guest_map.hpp"
#include "abi/manage.hpp"
#include "base/addr.hpp"
#include "base/pci.hpp"
#include "tool/check/pci.hpp"

namespace tiffin {
namespace {

namespace guest_map = abi::guest_map;

Range whole_pages(Range r) {
    auto const base = r.base & ~(page_size - 1);
    return {base, align_up(r.base + r.size, page_size) - base};
}

constexpr Range emulated_gic{guest_map::gicd, guest_map::gicr + guest_map::gicr_stride* abi::max_vcpus_per_vm - guest_map::gicd};
constexpr Range emulated_devices{guest_map::pl011, guest_map::pl031 + guest_map::pl031_size - guest_map::pl011};
constexpr Range channels{guest_map::channel_doorbells, guest_map::channel_memory_end - guest_map::channel_doorbells};
constexpr std::uint64_t relocated_windows = 0x0c00'0000;  // free on QEMU's virt: between virtio-mmio and the platform bus' end
constexpr std::uint64_t guest_limit = 1ull << 39;

class Granter {
public:
    Granter(Description const& description, Board const& board, Problems& problems)
        : description_{description}, board_{board}, problems_{problems} {}

    std::vector<std::vector<Grant>> run() {
        std::vector<std::vector<Grant>> all;
        for (auto const& domain : description_.domains) {
            domain_ = &domain;
            used_ipa_ = {emulated_gic, emulated_devices, {guest_map::ram, domain.memory.value}};
            windows_.clear();
            used_virtual_ = {guest_map::pl011_intid, guest_map::pl031_intid, guest_map::server_intid, guest_map::watchdog_intid};
            if (domain.life.watchdog) used_ipa_.push_back({guest_map::watchdog, guest_map::watchdog_size});
            if (!domain.life.manages.empty()) used_ipa_.push_back({guest_map::manager, abi::manage::page_bytes});
            if (!domain.channels.empty()) used_ipa_.push_back(channels);
            for (std::uint32_t i = 0; i < domain.channels.size(); ++i) used_virtual_.insert(guest_map::channel_intid + i);
            if (!domain.virtio.empty()) used_ipa_.push_back({guest_map::virtio, page_size * 4});
            for (std::uint32_t slot = 0; slot < domain.virtio.size(); ++slot)
                used_virtual_.insert(guest_map::virtio_intid + slot);
            auto& grants = all.emplace_back();
            if (std::ranges::any_of(domain.access, &DeviceUse::pci) && board_.pci)
                used_ipa_.insert(used_ipa_.end(), {{guest_map::pci_ecam, guest_map::pci_ecam_size},
                                                   {board_.pci->host.window, board_.pci->host.window_size}});
            reserve_messages(domain);
            for (auto const& use : domain.access) use.pci ? grant_function(use, grants) : grant(use, grants);
        }
        check_shared_pages(all);
        return all;
    }

private:
    void fail(Mark at, std::string const& what, std::string const& expected = {}, std::string const& hint = {}) {
        problems_.add(at, what, expected, hint);
    }

    void grant(DeviceUse const& use, std::vector<Grant>& grants) {
        auto const* device = find(use.device);
        if (device == nullptr || !may_be_granted(*device, use)) return;
        owners_[device] = {domain_, use.device.at};
        Grant g{.device = device, .at = use.device.at, .reg = {}, .windows = {}, .interrupts = {}};
        for (auto const& r : device->reg) add_window(g, r);
        for (auto const& i : device->interrupts) add_interrupt(g, i, use.interrupts_per_second);
        grants.push_back(std::move(g));
    }

    /// Its INTA may be the line of other functions too: all of them are this domain's then.
    void grant_function(DeviceUse const& use, std::vector<Grant>& grants) {
        if (!check_pci(*domain_, use, board_, description_.machine, problems_)) return;
        auto const function = *pci_function(use.device.value);
        if (auto const [owner, fresh] = functions_.try_emplace(function, domain_, use.device.at); !fresh)
            return fail(
                use.device.at, fmt::format("PCI function {} has two owners", use.device.value), "one",
                fmt::format("domain \"{}\" has it in line {}", owner->second.first->name.value, owner->second.second.line));
        Grant g{.device = nullptr,
                .function = function,
                .fenced = board_.pci->host.smmu != 0,
                .at = use.device.at,
                .reg = {},
                .windows = {},
                .interrupts = {}};
        if (auto const& line = board_.pci->inta[pci::device_of(function)]) share_line(g, *line, use, grants);
        grant_messages(g, use);
        grants.push_back(std::move(g));
    }

    /// A function can send any number to a GICv2m frame, so a frame is one domain's; an ITS knows who sends.
    [[nodiscard]] bool takes_messages(Domain const& domain) const {
        auto const has_functions = [](Domain const& d) { return std::ranges::any_of(d.access, &DeviceUse::pci); };
        if (!description_.options.pci_messages || !board_.pci || board_.pci->host.msi == 0 || !has_functions(domain))
            return false;
        return board_.pci->host.its != 0 || std::ranges::count_if(description_.domains, has_functions) == 1;
    }

    void reserve_messages(Domain const& domain) {
        if (!takes_messages(domain)) return;
        for (std::uint32_t n = 0; n < guest_map::msi_count; ++n) used_virtual_.insert(board_.pci->host.msi_first + n);
    }

    void grant_messages(Grant& g, DeviceUse const& use) {
        g.has_messages = takes_messages(*domain_);
        g.by_its = g.has_messages && board_.pci->host.its != 0;
        if (!g.has_messages || board_.pci->host.its != 0 || functions_.size() != 1) return;
        for (std::uint32_t n = 0; n < guest_map::msi_count; ++n) {
            auto const intid = board_.pci->host.msi_first + n;
            if (!interrupt_owners_.try_emplace(intid, nullptr).second)
                return fail(g.at, fmt::format("interrupt {} of the board's GICv2m frame has another owner", intid), "one");
            g.messages.push_back({intid, intid, true, use.interrupts_per_second});
        }
    }

    void share_line(Grant& g, Fdt::Interrupt line, DeviceUse const& use, std::vector<Grant> const& grants) {
        auto const [owner, fresh] = line_owners_.try_emplace(line.intid, domain_);
        if (owner->second != domain_)
            return fail(use.device.at,
                        fmt::format("PCI function {} shares its interrupt line ({}) with one of domain \"{}\"", use.device.value,
                                    line.intid, owner->second->name.value),
                        "functions of one line in one VM", "on QEMU's virt, devices whose numbers differ by 4 share a line");
        if (fresh) return add_interrupt(g, line, use.interrupts_per_second);
        for (auto const& other : grants)
            for (auto const& i : other.interrupts)
                if (i.physical == line.intid) g.shared_line = i.virtual_id;
    }

    BoardDevice const* find(Located<std::string> const& wanted) {
        auto const* device = board_.find(wanted.value);
        if (device != nullptr) return device;
        std::vector<std::string> names;
        for (auto const& d : board_.devices) names.push_back(wanted.value.starts_with('/') ? d.path : d.name);
        fail(wanted.at,
             fmt::format("device \"{}\" is not in the board's device tree, has no registers, or is disabled", wanted.value),
             "the path, alias or label of a device", did_you_mean(wanted.value, names));
        return nullptr;
    }

    bool may_be_granted(BoardDevice const& device, DeviceUse const& use) {
        auto const at = use.device.at;
        if (auto const owner = owners_.find(&device); owner != owners_.end()) {
            fail(at, fmt::format("device {} has two owners", device.path), "one",
                 fmt::format("domain \"{}\" has it in line {}", owner->second.first->name.value, owner->second.second.line));
            return false;
        }
        if (!device.owned_as.empty()) {
            fail(at, fmt::format("device {} can't be given away: the hypervisor needs it as {}", device.path, device.owned_as),
                 "a device that the hypervisor does not use");
            return false;
        }
        if (device.may_do_dma && !use.dma_accepted) {
            fail(at,
                 fmt::format("device {} may do DMA, and nothing confines it to domain \"{}\"", device.path, domain_->name.value),
                 device.name.starts_with("virtio_mmio") ? "a virtio function on PCI, which the SMMU confines: {pci: \"00:01.0\"}"
                                                        : "a device without DMA",
                 "to accept the risk, write beside it: dma: unfenced-this-vm-can-read-and-write-all-memory");
            return false;
        }
        return true;
    }

    static std::string name_of(Grant const& g) { return g.device == nullptr ? "a PCI function" : g.device->path; }

    void add_window(Grant& g, Range reg) {
        auto const pages = whole_pages(reg);
        if (reg.size == 0 || reg.size >= guest_limit) return;
        for (auto const& memory : board_.memory) {
            if (overlaps(pages, memory))
                return fail(g.at, fmt::format("registers of {} lie in the board's RAM", name_of(g)), "device memory");
        }
        for (auto const& w : windows_) {  // two regions in one page, of one device or of two
            if (pages.base >= w.pa.base && pages.base + pages.size <= w.pa.base + w.pa.size) {
                return g.reg.push_back({w.ipa + (reg.base - w.pa.base), reg.size});
            }
        }
        auto const ipa = place(pages);
        used_ipa_.push_back({ipa, pages.size});
        windows_.push_back({pages, ipa});
        g.windows.push_back({pages, ipa});
        g.reg.push_back({ipa + (reg.base - pages.base), reg.size});
    }

    /// The same address as on the board if it is free for the guest; else the first free one of a range for such devices.
    std::uint64_t place(Range pages) const {
        auto const free = [&](std::uint64_t at) {
            return at + pages.size <= guest_limit &&
                   std::ranges::none_of(used_ipa_, [&](Range const& r) { return overlaps(r, {at, pages.size}); });
        };
        if (free(pages.base)) return pages.base;
        auto at = relocated_windows;
        while (!free(at)) at += page_size;
        return at;
    }

    void add_interrupt(Grant& g, Fdt::Interrupt interrupt, std::uint64_t per_second) {
        if (interrupt.intid < 32)
            return fail(g.at, fmt::format("device {} has a per-core interrupt ({})", name_of(g), interrupt.intid), "SPIs only");
        if (interrupt.intid > 1019)
            return fail(g.at, fmt::format("device {} has an interrupt that no GIC has ({})", name_of(g), interrupt.intid),
                        "at most 1019");
        if (interrupt.intid == board_.record.uart_intid) {
            return fail(g.at,
                        fmt::format("device {} shares interrupt {} with the hypervisor's UART", name_of(g), interrupt.intid),
                        "an interrupt of its own");
        }
        if (auto const [owner, fresh] = interrupt_owners_.try_emplace(interrupt.intid, g.device); !fresh) {
            return fail(g.at, fmt::format("interrupt {} of {} has two owners", interrupt.intid, name_of(g)), "one",
                        fmt::format("{} has it too", owner->second == nullptr ? "a PCI function" : owner->second->path));
        }
        auto virtual_id = interrupt.intid;
        if (virtual_id >= guest_map::intid_count || used_virtual_.contains(virtual_id)) virtual_id = 32;
        while (used_virtual_.contains(virtual_id)) ++virtual_id;
        if (virtual_id >= guest_map::intid_count)
            return fail(g.at, fmt::format("domain \"{}\" has too many interrupts", domain_->name.value), "at most 254");
        used_virtual_.insert(virtual_id);
        g.interrupts.push_back({interrupt.intid, virtual_id, interrupt.edge, per_second});
    }

    /// A page is the smallest thing that stage 2 can give: who gets one device of a page gets all of them.
    void check_shared_pages(std::vector<std::vector<Grant>> const& all) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            for (auto const& g : all[i]) check_neighbours(description_.domains[i], g);
        }
    }

    void check_neighbours(Domain const& domain, Grant const& g) {
        std::vector<std::string> others;
        for (auto const& other : board_.devices) {
            if (&other != g.device && !has(domain, other) && in_pages_of(g, other)) others.push_back(other.path);
        }
        if (others.empty()) return;
        fail(g.at,
             fmt::format("device {} shares a page with {}, which domain \"{}\" does not have", name_of(g),
                         fmt::join(others, " and "), domain.name.value),
             "all devices of a page in one VM", "list the others under \"access\" too, or give away none of them");
    }

    bool has(Domain const& domain, BoardDevice const& device) const {
        auto const owner = owners_.find(&device);
        return owner != owners_.end() && owner->second.first == &domain;
    }

    static bool in_pages_of(Grant const& g, BoardDevice const& other) {
        return std::ranges::any_of(g.windows, [&](GrantedWindow const& w) {
            return std::ranges::any_of(other.reg, [&](Range const& r) { return r.size != 0 && overlaps(w.pa, r); });
        });
    }

    Description const& description_;
    Board const& board_;
    Problems& problems_;
    Domain const* domain_{nullptr};
    std::map<BoardDevice const*, std::pair<Domain const*, Mark>> owners_;
    std::map<std::uint32_t, BoardDevice const*> interrupt_owners_;  // nullptr: PCI functions
    std::map<std::uint32_t, std::pair<Domain const*, Mark>> functions_;
    std::map<std::uint32_t, Domain const*> line_owners_;
    std::vector<Range> used_ipa_;           // of the current domain
    std::vector<GrantedWindow> windows_;    // of the current domain
    std::set<std::uint32_t> used_virtual_;  // of the current domain
};

}  // namespace

std::vector<std::vector<Grant>> check_grants(Description const& description, Board const& board, Problems& problems) {
    return Granter{description, board, problems}.run();
}

namespace {

/// Core 0 is the one that starts the image; the others need somebody who wakes them.
void check_start(Located<std::uint64_t> const& core, abi::BoardRecord const& board, Problems& problems) {
    if (core.value == 0 || board.psci == abi::PsciConduit::Smc || board.release[core.value] != 0) return;
    if (board.psci == abi::PsciConduit::Hvc)
        return problems.add(
            core.at,
            fmt::format("core {} cannot be started: the board's device tree has PSCI by HVC, which a hypervisor answers "
                        "for its guests, and Tiffin would be the hypervisor",
                        core.value),
            "0", "a tree whose \"/psci\" has method = \"smc\": that of the board itself, and not that of a VM on it");
    problems.add(
        core.at,
        fmt::format("core {} cannot be started: the board's device tree has neither PSCI by SMC nor a spin table for it",
                    core.value),
        "0", "a \"/psci\" node with method = \"smc\", or enable-method = \"spin-table\" and cpu-release-addr in the cpu node");
}

}  // namespace

void check_cores(Description const& description, Board const& board, Problems& problems) {
    for (auto const& domain : description.domains) {
        if (domain.copy) continue;
        for (auto const& cpu : domain.cpus) {
            if (cpu.core.value < board.record.cpu_count) {
                check_start(cpu.core, board.record, problems);
                continue;
            }
            problems.add(cpu.core.at, fmt::format("core {} of domain \"{}\" does not exist", cpu.core.value, domain.name.value),
                         fmt::format("0..{}: the board has {} core{}", board.record.cpu_count - 1, board.record.cpu_count,
                                     board.record.cpu_count == 1 ? "" : "s"),
                         description.board.dtb.empty() ? "\"cores\" of \"machine\" says how many QEMU has" : "");
        }
    }
}

}  // namespace tiffin
