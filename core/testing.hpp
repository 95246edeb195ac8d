// A machine in host memory, for tests and fuzzers: VMs with RAM, vCPUs and a console on the recording fake of arch/host. Its RAM
// lies at the physical addresses that the plan names, so that page tables, copies and scrubbing work on real memory.
#pragma once
#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <sys/mman.h>
#include <utility>
#include <vector>

#include "arch/host/cpu_interface.hpp"
#include "arch/host/hardware.hpp"
#include "armv8/gic.hpp"
#include "core/arch.hpp"
#include "core/channel/channel.hpp"
#include "core/console/console.hpp"
#include "core/console/testing.hpp"
#include "core/cpu.hpp"
#include "core/irq/physical.hpp"
#include "core/lifecycle/lifecycle.hpp"
#include "core/sched/rights.hpp"
#include "core/vm/setup.hpp"
#include "plan/pool.hpp"
#include "plan/testing.hpp"

namespace tiffin::testing {

/// What a test wants of a VM.
struct VmSpec {
    std::uint32_t vcpus{1};
    abi::Policy policy{abi::Policy::Share};
    std::uint32_t priority{0};                      // fixed
    std::uint32_t weight{abi::default_weight};      // share
    std::uint64_t ram{0x1'0000};                    // bytes
    std::vector<std::uint32_t> cores{};             // of each vCPU; empty: all on core 0
    std::uint32_t spi{0};                           // a physical SPI that it is given, under the same number; 0: none
    std::uint64_t budget_ns{0}, period_ns{0};       // fixed; the deadline is the period
    bool background{false};                         // with its budget used up
    std::uint32_t spi_per_second{0};                // limit of the SPI; 0: none
    std::uint64_t slack_ns{0};                      // of its timers
    std::uint64_t window_from_ns{0}, window_ns{0};  // policy Window: its part of a major frame of 10 ms
    std::uint64_t pv_time{0};                       // page for stolen time
    std::uint32_t flags{0};                         // of VmFlags, those about its life
    std::uint32_t restarts{0};                      // with vm_restart_on_crash: within a second, the first after 10 ms
    std::vector<std::uint32_t> manages{};           // VMs
    std::uint32_t channel_with{~0u};         // the VM at the other end, which says the same of this one; ~0: it has no channel
    std::vector<std::uint32_t> served_by{};  // a virtio device for each: its server
    std::uint32_t queues{1};                 // of each of those
    abi::virtio::Type device{abi::virtio::Type::Block};
    std::uint32_t function{0};  // of bus 0, whose messages an ITS takes; VMs ascend by it. 0: none
};

inline constexpr std::uint64_t board_ram = 0x4000'0000, board_ram_size = 0x800'0000;
inline constexpr std::uint64_t guest_ram = abi::guest_map::ram;
inline constexpr std::uint64_t shared_memory = board_ram + board_ram_size - 0x10'0000, channel_size = 0x4000;
inline constexpr std::uint64_t payload_size = 0x2001;  // three pages, the last with one byte

/// The board's RAM, at its physical addresses. Lives as long as the process: tables of one test are never seen by the next, since
/// Board clears what it uses.
inline void map_board_ram() {
    static bool const mapped = [] {
        auto* const wanted = reinterpret_cast<void*>(board_ram);
        auto const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
        return mmap(wanted, board_ram_size, PROT_READ | PROT_WRITE, flags, -1, 0) == wanted;
    }();
    if (!mapped) throw std::runtime_error{"no room for the board's RAM at 0x40000000 of this process"};
}

class Board {
public:
    explicit Board(std::vector<VmSpec> const& specs = {VmSpec{}}, abi::GicVersion gic = abi::GicVersion::V3,
                   std::uint32_t list_registers = 4)
        : bytes_{make_plan(specs, gic)}, plan_{open(bytes_)} {
        map_board_ram();
        host::reset();
        vgic::set_list_register_count(list_registers);
        auto const& header = plan_->header();
        pool_ = Pool{Pa{header.load_address + header.image_bytes}, header.pool_bytes};
        fill_image(header.load_address);
        reset_machine();
        machine.plan = &*plan_;
        machine.gic_is_v3 = gic == abi::GicVersion::V3;
        machine.console = &console;
        machine.notices = &notices;
        console.set_source(notices);
        bell_rings = false;
        console.set_bell([] { bell_rings = true; });
        owners_.resize(988);
        machine.irq_owners = owners_;
        build_cpus();
        for (std::uint32_t id = 0; id < specs.size(); ++id) build_vm(id);
        machine.vms = vms_;
        channel::set_up(pool_, *plan_, machine.vms);
        set_up_virtio(pool_, *plan_);
        machine.ns_per_tick = (1'000'000'000ull << 32) / host::hardware().frequency;
        for (Cpu& each : machine.cpus) {
            set_up_frame(pool_, *plan_, each);
            sched::start_frame(each);
        }
    }
    Board(Board const&) = delete;
    Board& operator=(Board const&) = delete;
    ~Board() { reset_machine(); }

    Vm& vm(std::size_t i = 0) { return *vms_.at(i); }
    Vcpu& vcpu(std::size_t vm_index = 0, std::size_t i = 0) { return *vm(vm_index).vcpus[i]; }
    /// The core that runs.
    Cpu& cpu() { return arch::this_cpu(); }
    /// Goes to another core, as it is, and takes the interrupts that wait there.
    void go_to(unsigned core) {
        host::on_core(core);
        take_interrupts();
    }
    [[nodiscard]] PlanView const& plan() const { return *plan_; }
    static host::Hardware& hw() { return host::hardware(); }

    /// Starts every VM. Nothing runs before run().
    void boot() {
        for (Vm* each : vms_) lifecycle::boot(*each);
    }
    /// Leaves EL2 as the vectors do: the vCPU whose guest runs next.
    Vcpu& run() { return *sched::switch_vcpu(cpu()); }
    /// Boots VM 0 alone and enters its vCPU 0, with both interrupt groups enabled.
    Vcpu& run_first() {
        lifecycle::boot(vm());
        vm().vgic.ctlr = 3;
        return run();
    }
    /// Makes `v` ready if it was off or asleep, and lets time pass until it has the core.
    void enter(Vcpu& v) {
        if (v.state == VcpuState::Off) sched::start(v);
        if (v.state == VcpuState::Blocked) sched::wake(v);
        for (int n = 0; n < 1000 && (cpu().current != &v || v.state != VcpuState::Running); ++n) {
            hw().counter += hw().frequency / 1000;
            sched::yield(v);
            run();
        }
    }
    /// The EL2 timer fires at its deadline, and the vectors act on it.
    void fire_deadline() {
        hw().counter = std::max(hw().counter, hw().deadline);
        hw().irq_pending.insert(plan_->board().hyp_timer_intid);
        take_interrupts();
    }
    /// Physical interrupts are taken as the vectors take them while a guest runs.
    void take_interrupts() {
        while (irq::handle_one(cpu())) {
        }
        if (cpu().need_resched) run();
    }
    /// Maintenance, as long as the list registers ask for it.
    void maintain() {
        for (int n = 0; host::maintenance_pending() && n < 8; ++n) {
            hw().irq_pending.insert(plan_->board().maintenance_intid);
            take_interrupts();
        }
    }
    /// What the hypervisor and the VMs have said since the last call.
    std::string said() {
        take_console_interrupts(console, uart);
        return std::exchange(uart.sent, {});
    }

    FakeUart uart;
    Console console{uart};
    Notice notice_room[128];
    Notices notices{notice_room};

private:
    static abi::BoardRecord board_of(PlanTables& p, abi::GicVersion gic) {
        auto board = p.header.board;
        board.gic_version = gic;
        if (gic == abi::GicVersion::V3) return board;
        board.gicr = board.gicr_size = 0;
        board.gicc = 0x0801'0000, board.gicc_size = 0x2000;
        board.gich = 0x0803'0000, board.gich_size = 0x1000;
        board.gicv = 0x0804'0000, board.gicv_size = 0x2000;
        return board;
    }

    static void add_vm(PlanTables& p, std::uint32_t id, VmSpec const& spec, std::uint64_t ram_pa) {
        abi::VmRecord vm{};
        vm.name = p.text("vm" + std::to_string(id));
        vm.line = 10 + id;
        vm.ram_ipa = guest_ram, vm.ram_size = spec.ram, vm.ram_pa = ram_pa;
        vm.entry = guest_ram, vm.x0 = guest_ram + 0x2000;
        vm.flags = spec.flags, vm.restart_count = spec.restarts;
        if (spec.restarts != 0) vm.restart_within_ns = 1'000'000'000, vm.restart_back_off_ns = 10'000'000;
        vm.manages = {static_cast<std::uint32_t>(p.manages.size()), static_cast<std::uint32_t>(spec.manages.size())};
        for (auto const managed : spec.manages) p.manages.push_back({.vm = managed, .line = 8});
        vm.timer_slack_ns = spec.slack_ns, vm.pv_time_ipa = spec.pv_time;
        if (spec.policy == abi::Policy::Window) {
            p.slots.push_back({.vm = id, .reserved = 0, .offset_ns = spec.window_from_ns, .length_ns = spec.window_ns});
            p.frames = {
                {.core = 0, .reserved = 0, .major_ns = 10'000'000, .slots = {0, static_cast<std::uint32_t>(p.slots.size())}}};
        }
        for (std::uint32_t slot = 0; slot < spec.served_by.size(); ++slot) add_virtio(p, id, slot, spec);
        vm.payloads = {id, 1};
        vm.vcpus = {static_cast<std::uint32_t>(p.vcpus.size()), spec.vcpus};
        vm.interrupts = {static_cast<std::uint32_t>(p.interrupts.size()), spec.spi != 0 ? 1u : 0u};
        p.vms.push_back(vm);
        p.payloads.push_back(
            {.ipa = guest_ram, .image_offset = 0x2'0000, .size = payload_size, .crc32 = 0, .what = p.text("kernel")});
        bool const fixed = spec.policy == abi::Policy::Fixed;
        for (std::uint32_t i = 0; i < spec.vcpus; ++i)
            p.vcpus.push_back({.vm = id,
                               .core = i < spec.cores.size() ? spec.cores[i] : 0,
                               .policy = spec.policy,
                               .priority = fixed ? spec.priority : 0,
                               .weight = fixed ? 0 : spec.weight,
                               .flags = spec.background ? static_cast<std::uint32_t>(abi::vcpu_background) : 0u,
                               .budget_ns = spec.budget_ns,
                               .period_ns = spec.period_ns,
                               .deadline_ns = spec.period_ns});
        if (spec.spi != 0)
            p.interrupts.push_back({.physical = spec.spi,
                                    .virtual_id = spec.spi,
                                    .edge = 0,
                                    .line = 5,
                                    .per_second = spec.spi_per_second,
                                    .reserved = 0});
    }

    static void add_channel(PlanTables& p, std::uint32_t id, std::uint32_t peer) {
        auto& slice = p.vms[id].channels;
        slice = {static_cast<std::uint32_t>(p.channels.size()), peer == ~0u ? 0u : 1u};
        if (peer == ~0u) return;
        auto& h = p.header;
        h.shared_base = shared_memory;
        auto const pa = id < peer ? h.shared_base + h.shared_bytes : p.channels[p.vms[peer].channels.offset].pa;
        if (id < peer) h.shared_bytes += channel_size;
        p.channels.push_back({.name = p.text("post"),
                              .line = 7,
                              .ipa = abi::guest_map::channel_memory,
                              .pa = pa,
                              .size = channel_size,
                              .peer = peer,
                              .peer_channel = 0,
                              .side = id < peer ? 0u : 1u,
                              .reserved = 0});
    }

    static void add_virtio(PlanTables& p, std::uint32_t client, std::uint32_t slot, VmSpec const& spec) {
        abi::VirtioRecord device{};
        device.client = client, device.server = spec.served_by[slot], device.slot = slot;
        device.type = spec.device, device.queues = spec.queues, device.queue_size = 8;
        device.features = abi::virtio::block::can_flush;
        device.config[0] = 0x1234;
        for (auto const& other : p.virtio) device.server_device += other.server == device.server ? 1 : 0;
        p.virtio.push_back(device);
    }

    static std::vector<std::byte> make_plan(std::vector<VmSpec> const& specs, abi::GicVersion gic) {
        auto p = good_plan();
        p.vms.clear(), p.vcpus.clear(), p.payloads.clear(), p.windows.clear(), p.interrupts.clear();
        p.header.pool_bytes = 0x100'0000;
        p.header.board = board_of(p, gic);
        std::uint64_t ram = board_ram + 0x200'0000;
        for (std::uint32_t id = 0; id < specs.size(); ++id) {
            add_vm(p, id, specs[id], ram);
            ram += align_up(specs[id].ram, large_page_size);
        }
        for (auto& vm : p.vms) vm.windows = {0, 0};
        for (std::uint32_t id = 0; id < specs.size(); ++id) {
            if (specs[id].function == 0) continue;
            p.header.pci_host = {.ecam = 0x40'1000'0000,
                                 .window = 0x1000'0000,
                                 .window_size = 0x2eff'0000,
                                 .smmu = 0x0905'0000,
                                 .its = 0x0808'0000,
                                 .msi = 0x0809'0000,
                                 .event_intid = 106,
                                 .msi_first = 80};
            p.pci.push_back({.vm = id, .function = specs[id].function, .line = 10, .flags = 0});
        }
        for (std::uint32_t id = 0; id < specs.size(); ++id) add_channel(p, id, specs[id].channel_with);
        return p.bytes();
    }

    static std::unique_ptr<PlanView> open(std::vector<std::byte> const& bytes) {
        auto view = PlanView::open(bytes);
        if (!view) throw std::runtime_error{std::string{view.error().table} + ": " + view.error().what};
        return std::make_unique<PlanView>(*view);
    }

    /// Page n of the payload is full of the byte 0x10 + n; RAM is dirty.
    void fill_image(std::uint64_t load_address) {
        for (std::uint64_t n = 0; n < 3; ++n)
            std::memset(reinterpret_cast<void*>(load_address + 0x2'0000 + n * page_size), static_cast<int>(0x10 + n), page_size);
    }

    static void reset_machine() {
        std::destroy_at(&machine);
        std::construct_at(&machine);
    }

    void build_cpus() {
        machine.cpus = {cpus_.data(), core_count(*plan_)};
        machine.several = machine.cpus.size() > 1;
        for (std::uint32_t i = 0; i < machine.cpus.size(); ++i) {
            set_up_cpu(pool_, *plan_, cpus_[i], i);
            cpus_[i].ready = true;
            cpus_[i].random_state[0] = 1;
        }
    }

    void build_vm(std::uint32_t id) {
        auto const& record = plan_->vms()[id];
        Vm& vm = *pool_.make<Vm>();
        vms_.push_back(&vm);
        vm.id = id;
        vm.record = &record;
        vm.name = plan_->string(record.name);
        ports_.emplace_back(console, vm.name);
        vm.console = &ports_.back();
        console.attach(ports_.back());
        vm.vcpus = pool_.array<Vcpu*>(record.vcpus.count);
        for (std::uint32_t i = 0; i < record.vcpus.count; ++i) {
            auto const& vcpu = plan_->vcpus_of(record)[i];
            vm.vcpus[i] = pool_.make<Vcpu>();
            set_up_vcpu(*vm.vcpus[i], vm, cpus_[vcpu.core], i, vcpu);
        }
        if (machine.several) set_up_cross_core(pool_, vm, *pool_.make<CrossCore>());
        vm.stage2.build(pool_, *plan_, record, Pa{plan_->header().load_address});
        set_up_interrupts(pool_, *plan_, vm);
        vgic::reset(vm);
    }

    std::vector<std::byte> bytes_;
    std::unique_ptr<PlanView> plan_;
    Pool pool_;
    std::array<Cpu, host::max_cores> cpus_;
    std::vector<IrqOwner> owners_;
    std::vector<Vm*> vms_;
    std::deque<ConsolePort> ports_;
};

/// Bytes of a VM's private memory behind guest address `at`.
inline std::uint8_t* private_ram(Vm const& vm, std::uint64_t at) {
    return reinterpret_cast<std::uint8_t*>(vm.record->ram_pa + (at - vm.record->ram_ipa));
}

/// Sets up interrupt `intid` as guests do: enabled, group 1, `priority`, and edge or level.
inline void enable(Vcpu& v, std::uint32_t intid, std::uint8_t priority = 0xa0, bool edge = false) {
    auto& b = vgic::bank(v, intid);
    auto const m = vgic::mask(intid);
    b.enabled |= m;
    b.group1 |= m;
    b.set_priority(intid, priority);
    if (intid >= 16) b.edge = edge ? b.edge | m : b.edge & ~m;
}

/// What the guest takes until there is nothing more; each is ended before the next.
inline std::vector<std::uint32_t> take_all(Board& board) {
    std::vector<std::uint32_t> taken;
    for (int n = 0; n < 400; ++n) {
        board.maintain();
        auto const got = host::guest_acknowledge();
        if (!got) break;
        taken.push_back(got->intid);
        board.maintain();
        host::guest_end(got->intid);
    }
    return taken;
}

/// What the guest reads from its acknowledge register; 1023 for nothing.
inline std::uint32_t acknowledge_one() {
    auto const got = host::guest_acknowledge();
    return got ? got->intid : armv8::spurious_intid;
}

}  // namespace tiffin::testing
