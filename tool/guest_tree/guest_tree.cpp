#include "tool/guest_tree/guest_tree.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <libfdt.h>

#include "abi/guest_map.hpp"
#include "abi/manage.hpp"
#include "tool/guest_tree/fdt_writer.hpp"

namespace tiffin {
namespace {

namespace g = abi::guest_map;

constexpr std::uint32_t gic_phandle = 1, clock_phandle = 2, msi_phandle = 3;
constexpr std::uint32_t spi = 0, ppi = 1, edge_rising = 1, level_high = 4;

/// splitmix64: a generator of which every 64-bit seed is a good one.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_{seed} {}
    std::uint64_t next() {
        auto z = state_ += 0x9e37'79b9'7f4a'7c15;
        z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
        z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t state_;
};

/// Properties of a given-away device that would point to nodes which its guest does not have, or that are written anew.
bool is_dropped(std::string const& name) {
    constexpr std::string_view dropped[] = {"reg",
                                            "interrupts",
                                            "interrupt-parent",
                                            "interrupts-extended",
                                            "clocks",
                                            "clock-names",
                                            "iommus",
                                            "dmas",
                                            "dma-names",
                                            "power-domains",
                                            "resets",
                                            "reset-names",
                                            "phandle",
                                            "linux,phandle",
                                            "pinctrl-0",
                                            "pinctrl-1",
                                            "pinctrl-names",
                                            "msi-parent",
                                            "memory-region",
                                            "iommu-map",
                                            "assigned-clocks",
                                            "assigned-clock-rates",
                                            "assigned-clock-parents"};
    return std::ranges::find(dropped, name) != std::end(dropped) || name.ends_with("-supply") || name.ends_with("-gpios");
}

class GuestTree {
public:
    explicit GuestTree(GuestTreeInput const& in) : in_{in} {}

    Bytes run() {
        w_.begin("");
        w_.text("compatible", "linux,dummy-virt");
        w_.text("model", "linux,dummy-virt");
        w_.cells("#address-cells", {2});
        w_.cells("#size-cells", {2});
        w_.cells("interrupt-parent", {gic_phandle});
        aliases(), chosen(), memory(), cpus(), psci(), timer(), gic(), clock();
        if (in_.domain.console) pl011();
        if (in_.domain.rtc) pl031();
        if (in_.domain.life.watchdog) watchdog();
        if (!in_.domain.life.manages.empty()) manager();
        for (std::uint32_t slot = 0; slot < in_.domain.virtio.size(); ++slot) virtio(slot);
        for (auto const& grant : in_.grants)
            if (grant.device != nullptr) given(grant);
        if (has_functions()) pci_host();
        for (std::uint32_t i = 0; i < in_.channels.size(); ++i) channel(in_.channels[i], i);
        w_.end();
        return w_.finish();
    }

private:
    static std::vector<std::uint32_t> reg(std::initializer_list<Range> ranges) {
        std::vector<std::uint32_t> cells;
        for (auto const& r : ranges) add_cells(cells, r.base), add_cells(cells, r.size);
        return cells;
    }

    void aliases() {
        if (!in_.domain.console) return;
        w_.begin("aliases");
        w_.text("serial0", "/pl011@9000000");
        w_.end();
    }

    void chosen() {
        Random random{in_.seed};
        std::vector<std::uint32_t> kaslr, rng;
        add_cells(kaslr, random.next());
        for (int i = 0; i < 4; ++i) add_cells(rng, random.next());
        w_.begin("chosen");
        w_.text("bootargs", in_.domain.image.cmdline.value);
        if (in_.domain.console) w_.text("stdout-path", "/pl011@9000000");
        if (in_.initrd) initrd();
        if (has_functions()) w_.cells("linux,pci-probe-only", {1});  // BARs stay where they are
        w_.cells("kaslr-seed", kaslr);
        w_.cells("rng-seed", rng);
        w_.end();
    }

    void initrd() {
        std::vector<std::uint32_t> start, end;
        add_cells(start, in_.initrd->base);
        add_cells(end, in_.initrd->base + in_.initrd->size);
        w_.cells("linux,initrd-start", start);
        w_.cells("linux,initrd-end", end);
    }

    void memory() {
        w_.begin(fmt::format("memory@{:x}", g::ram));
        w_.text("device_type", "memory");
        w_.cells("reg", reg({{g::ram, in_.domain.memory.value - in_.hidden}}));
        w_.end();
    }

    void cpus() {
        w_.begin("cpus");
        w_.cells("#address-cells", {1});
        w_.cells("#size-cells", {0});
        for (std::uint32_t i = 0; i < in_.domain.cpus.size(); ++i) {
            w_.begin(fmt::format("cpu@{:x}", i));
            w_.text("device_type", "cpu");
            w_.text("compatible", "arm,armv8");
            w_.cells("reg", {i});
            w_.text("enable-method", "psci");
            w_.end();
        }
        w_.end();
    }

    void psci() {
        w_.begin("psci");
        w_.texts("compatible", {"arm,psci-1.0", "arm,psci-0.2"});
        w_.text("method", "hvc");
        w_.end();
    }

    void timer() {
        auto const gicv2 = in_.board.record.gic_version == abi::GicVersion::V2;
        auto const mask = gicv2 ? ((1u << in_.domain.cpus.size()) - 1) << 8 : 0;  // which cores: in the GICv2 binding only
        std::vector<std::uint32_t> cells;
        for (auto const intid : {29u, g::physical_timer_intid, g::virtual_timer_intid, 26u}) {
            cells.insert(cells.end(), {ppi, intid - 16, level_high | mask});
        }
        w_.begin("timer");
        w_.texts("compatible", {"arm,armv8-timer", "arm,armv7-timer"});
        w_.cells("interrupts", cells);
        w_.flag("always-on");
        w_.end();
    }

    void gic() {
        auto const gicv3 = in_.board.record.gic_version == abi::GicVersion::V3;
        w_.begin("intc@8000000");
        w_.text("compatible", gicv3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
        Range const distributor{g::gicd, g::gicd_size};
        w_.cells("reg", gicv3 ? reg({distributor, {g::gicr, g::gicr_stride * in_.domain.cpus.size()}})
                              : reg({distributor, {g::gicc, g::gicc_size}}));
        w_.flag("interrupt-controller");
        w_.cells("#interrupt-cells", {3});
        w_.cells("#address-cells", {has_messages() ? 2u : 0u});
        w_.cells("phandle", {gic_phandle});
        if (has_messages()) message_frame();
        w_.end();
    }

    /// Where functions send messages (vdev/pci/msi_frame.hpp), as on QEMU's virt with a GICv2. Linux takes it under a GICv3 without LPIs too.
    void message_frame() {
        w_.cells("#size-cells", {2});
        w_.flag("ranges");
        w_.begin(fmt::format("v2m@{:x}", g::msi_frame));
        w_.text("compatible", "arm,gic-v2m-frame");
        w_.flag("msi-controller");
        w_.cells("reg", reg({{g::msi_frame, g::msi_frame_size}}));
        w_.cells("arm,msi-base-spi", {in_.board.pci->host.msi_first});
        w_.cells("arm,msi-num-spis", {g::msi_count});
        w_.cells("phandle", {msi_phandle});
        w_.end();
    }

    void clock() {
        w_.begin("apb-pclk");
        w_.text("compatible", "fixed-clock");
        w_.cells("#clock-cells", {0});
        w_.cells("clock-frequency", {24'000'000});
        w_.text("clock-output-names", "clk24mhz");
        w_.cells("phandle", {clock_phandle});
        w_.end();
    }

    void pl011() {
        w_.begin(fmt::format("pl011@{:x}", g::pl011));
        w_.texts("compatible", {"arm,pl011", "arm,primecell"});
        w_.cells("reg", reg({{g::pl011, g::pl011_size}}));
        w_.cells("interrupts", {spi, g::pl011_intid - 32, level_high});
        w_.cells("clocks", {clock_phandle, clock_phandle});
        w_.texts("clock-names", {"uartclk", "apb_pclk"});
        w_.end();
    }

    void pl031() {
        w_.begin(fmt::format("pl031@{:x}", g::pl031));
        w_.texts("compatible", {"arm,pl031", "arm,primecell"});
        w_.cells("reg", reg({{g::pl031, g::pl031_size}}));
        w_.cells("interrupts", {spi, g::pl031_intid - 32, level_high});
        w_.cells("clocks", {clock_phandle});
        w_.texts("clock-names", {"apb_pclk"});
        w_.end();
    }

    /// Memory and doorbell of a channel (docs/channels.md). The memory lies outside the RAM that the tree tells of: it needs no
    /// reservation.
    void channel(ChannelEndUse const& end, std::uint32_t index) {
        w_.begin(fmt::format("channel@{:x}", end.ipa));
        w_.text("compatible", "tiffin,channel");
        w_.cells("reg", reg({{end.ipa, end.use->size.value},
                             {g::channel_doorbells + index * g::channel_doorbell_stride, g::channel_doorbell_stride}}));
        w_.cells("interrupts", {spi, g::channel_intid + index - 32, edge_rising});
        w_.text("tiffin,name", end.use->name.value);
        w_.text("tiffin,peer", end.use->peer.value);
        w_.cells("tiffin,side", {end.side});
        w_.end();
    }

    void watchdog() {
        constexpr auto frame = g::watchdog_size / 2;
        w_.begin(fmt::format("watchdog@{:x}", g::watchdog + frame));
        w_.text("compatible", "arm,sbsa-gwdt");
        w_.cells("reg", reg({{g::watchdog + frame, frame}, {g::watchdog, frame}}));  // control, then refresh
        w_.cells("interrupts", {spi, g::watchdog_intid - 32, level_high});
        w_.end();
    }

    /// The page on which it manages others (abi/manage.hpp); guest/linux/tiffinctl looks for it.
    void manager() {
        w_.begin(fmt::format("manager@{:x}", g::manager));
        w_.text("compatible", "tiffin,manager");
        w_.cells("reg", reg({{g::manager, abi::manage::page_bytes}}));
        w_.end();
    }

    void virtio(std::uint32_t slot) {
        auto const base = g::virtio + slot * g::virtio_stride;
        w_.begin(fmt::format("virtio_mmio@{:x}", base));
        w_.text("compatible", "virtio,mmio");
        w_.cells("reg", reg({{base, g::virtio_stride}}));
        w_.cells("interrupts", {spi, g::virtio_intid + slot - 32, level_high});
        w_.flag("dma-coherent");
        w_.end();
    }

    [[nodiscard]] bool has_functions() const {
        return std::ranges::any_of(in_.grants, [](Grant const& grant) { return grant.function.has_value(); });
    }

    [[nodiscard]] bool has_messages() const { return std::ranges::any_of(in_.grants, &Grant::has_messages); }

    /// Bus 0 with the VM's functions (vdev/pci), each with its INTA.
    void pci_host() {
        auto const& host = in_.board.pci->host;
        w_.begin(fmt::format("pcie@{:x}", g::pci_ecam));
        w_.text("compatible", "pci-host-ecam-generic");
        w_.text("device_type", "pci");
        w_.cells("reg", reg({{g::pci_ecam, g::pci_ecam_size}}));
        w_.cells("#address-cells", {3});
        w_.cells("#size-cells", {2});
        w_.cells("#interrupt-cells", {1});
        w_.cells("bus-range", {0, 0});
        w_.cells("linux,pci-domain", {0});
        std::vector<std::uint32_t> ranges{0x0200'0000}, map;  // 32-bit memory
        for (auto const value : {host.window, host.window, host.window_size}) add_cells(ranges, value);
        w_.cells("ranges", ranges);
        for (auto const& grant : in_.grants) {
            auto const line = grant.interrupts.empty() ? grant.shared_line : grant.interrupts[0].virtual_id;
            if (!grant.function || line == 0) continue;
            map.insert(map.end(), {*grant.function << 8, 0, 0, 1, gic_phandle});
            if (has_messages()) map.insert(map.end(), {0, 0});  // the GIC's node has addresses then
            map.insert(map.end(), {spi, line - 32, level_high});
        }
        if (!map.empty()) w_.cells("interrupt-map", map), w_.cells("interrupt-map-mask", {0xff00, 0, 0, 7});
        if (has_messages()) w_.cells("msi-parent", {msi_phandle});
        w_.flag("dma-coherent");
        w_.end();
    }

    /// A copy of the board's node, at the guest's address, with the guest's interrupts, and the one clock that the guest has.
    void given(Grant const& grant) {
        auto const name = grant.device->name.substr(0, grant.device->name.find('@'));
        w_.begin(grant.reg.empty() ? name : fmt::format("{}@{:x}", name, grant.reg[0].base));
        copy_properties(grant);
        std::vector<std::uint32_t> reg_cells, interrupt_cells;
        for (auto const& r : grant.reg) add_cells(reg_cells, r.base), add_cells(reg_cells, r.size);
        for (auto const& i : grant.interrupts) {
            interrupt_cells.insert(interrupt_cells.end(), {spi, i.virtual_id - 32, i.edge ? edge_rising : level_high});
        }
        w_.cells("reg", reg_cells);
        if (!interrupt_cells.empty()) w_.cells("interrupts", interrupt_cells);
        w_.end();
    }

    void copy_properties(Grant const& grant) {
        auto const& tree = in_.board.tree;
        int at = 0;
        fdt_for_each_property_offset(at, tree.data(), grant.device->node) {
            char const* name = nullptr;
            int length = 0;
            auto const* value = static_cast<std::byte const*>(fdt_getprop_by_offset(tree.data(), at, &name, &length));
            if (value != nullptr && !is_dropped(name)) w_.raw(name, {value, static_cast<std::size_t>(length)});
        }
        auto const names = tree.texts(grant.device->node, "clock-names");
        if (names.empty()) return;
        w_.cells("clocks", std::vector<std::uint32_t>(names.size(), clock_phandle));
        w_.texts("clock-names", names);
    }

    GuestTreeInput const& in_;
    FdtWriter w_;
};

}  // namespace

Bytes make_guest_tree(GuestTreeInput const& input) { return GuestTree{input}.run(); }

std::uint64_t guest_seed(std::string const& description, std::string const& name) {
    std::uint64_t hash = 0xcbf2'9ce4'8422'2325;  // FNV-1a
    for (auto const& text : {description, std::string(1, '\0'), name}) {
        for (char const c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3;
    }
    return hash;
}

}  // namespace tiffin
