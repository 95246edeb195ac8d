// From the loader to the first guest. The order: find the plan, believe none of it until it is checked, compare it with the
// hardware, map memory, take over interrupts and UART, build the VMs, seal the memory pool, and let the scheduler choose.
#include "arch/aarch64/cpu.hpp"
#include "base/crc32.hpp"
#include "base/mmio.hpp"
#include "core/arch.hpp"
#include "core/console/format.hpp"
#include "core/console/shell.hpp"
#include "core/cpu.hpp"
#include "core/debug/link.hpp"
#include "core/debug/session.hpp"
#include "core/lifecycle/lifecycle.hpp"
#include "core/notice/notice.hpp"
#include "core/sched/rights.hpp"
#include "core/smp/guard.hpp"
#include "core/trace/trace.hpp"
#include "drivers/gic/gic.hpp"
#include "drivers/uart/pl011_uart.hpp"
#include "hypervisor/build_pci.hpp"
#include "hypervisor/build_vms.hpp"
#include "hypervisor/cores.hpp"
#include "hypervisor/layout.hpp"
#include "hypervisor/memory.hpp"
#include "hypervisor/panic.hpp"
#include "hypervisor/report.hpp"
#include "plan/pool.hpp"

namespace tiffin {
namespace {

/// Objects that live as long as the machine, in bss; made once the MMU is on. (No static constructors run at EL2.)
template <class T>
class Forever {
public:
    template <class... Args>
    T& make(Args&&... args) {
        return *::new (bytes_) T{static_cast<Args&&>(args)...};
    }

private:
    alignas(T) unsigned char bytes_[sizeof(T)];
};

constinit Forever<PlanView> the_plan{};
constinit Forever<Pl011Uart<Mmio>> the_uart{};
constinit Forever<Console> the_console{};
constinit Notice notice_room[128];
constinit Notices the_notices{notice_room};
constinit Forever<Gic> the_gic{};
constinit Forever<MachineShell> the_host{};
constinit Forever<Shell> the_shell{};
constinit Forever<debug::Link> the_link{};

PlanView open_plan(std::uint64_t device_tree) {
    auto const& info = layout::info();
    set_early_uart(find_uart(device_tree));
    if (arch::current_level() != 2) refuse("started outside EL2; on QEMU's virt board add virtualization=on");
    if (info.plan_offset == 0) refuse("this is the bare hypervisor: no plan was packed; make an image with `tiffin build`");
    auto const* const bytes = reinterpret_cast<std::byte const*>(tiffin_image + info.plan_offset);
    auto const plan = PlanView::open({bytes, info.plan_bytes}, info.plan_offset);
    if (plan) {
        set_early_uart(plan->board().uart);
        return *plan;
    }
    Line why;
    why << "the image is damaged: plan: " << plan.error().table << ' ' << plan.error().index << ": " << plan.error().what;
    refuse(why.view());
}

void require(bool condition, std::string_view why) {
    if (!condition) refuse(why);
}

void check_load_address(PlanView const& plan) {
    if (layout::image().raw() == plan.header().load_address) return;
    Line why;
    why << "loaded at " << Hex{layout::image().raw()} << ", but the plan was made for " << Hex{plan.header().load_address};
    refuse(why.view());
}

void check_processor(PlanView const& plan) {
    auto const& board = plan.board();
    auto range = armv8::physical_bits(arch::physical_range());
    if (range > armv8::geometry::input_bits) range = armv8::geometry::input_bits;  // EL2 maps memory at its own address
    for (auto const& memory : plan.memory())
        require(memory.base + memory.size <= 1ull << range, "the plan has memory beyond what this processor can address");
    for (auto const device : {board.uart, board.gicd, board.gicr, board.gicc, board.gich, board.gicv, plan.header().pci_host.ecam,
                              plan.header().pci_host.smmu, plan.header().pci_host.its, plan.header().pci_host.msi})
        require(device < 1ull << range, "the plan has a device beyond what this processor can address");
    if (board.gic_version == abi::GicVersion::V2)
        require(board.gicc_size >= 0x2000 && board.gicv_size >= 0x2000,
                "the plan's GICv2 CPU interface has no room for GICC_DIR");
    require(plan.header().pool_bytes >= pool_bytes(plan), "the plan reserves too little memory for the hypervisor's tables");
    require(arch::affinity() == board.mpidr[0], "the plan's core 0 is not the core that this image was started on");
}

/// The plan was made for a board: is this it? Asked before the MMU is on, since a wrong answer would be a fault.
void check_board(PlanView const& plan, std::uint64_t device_tree) {
    auto const& board = plan.board();
    bool const plan_v3 = board.gic_version == abi::GicVersion::V3;
    require(board.uart_kind == abi::UartKind::Pl011, "the plan's console is not a PL011, the only UART that this version drives");
    if (plan_v3 != arch::has_gic_registers())
        refuse(plan_v3 ? "the plan is for a board with a GICv3, and this one has none; build it for this board"
                       : "the plan is for a board with a GICv2, and this one has a GICv3; build it for this board");
    check_memory(plan, device_tree);
}

void check_payloads(PlanView const& plan) {
    if ((plan.header().flags & abi::plan_verify_payloads) == 0) return;
    for (auto const& payload : plan.payloads()) {
        auto const* const bytes = reinterpret_cast<std::byte const*>(tiffin_image + payload.image_offset);
        if (crc32({bytes, payload.size}) == payload.crc32) continue;
        Line why;
        why << "the image is damaged: checksum of " << plan.string(payload.what) << " at offset " << Hex{payload.image_offset};
        refuse(why.view());
    }
}

/// The seed of the TRNG service: the processor's generator where it has one; else the counter and the plan, which are no secret
/// (docs/decisions/0005 says what that means).
void seed_random(PlanView const& plan, Cpu& cpu) {
    for (auto& word : cpu.random_state) {
        word = (cpu.index + 1) * 0xd1b5'4a32'd192'ed03 ^ arch::hardware_random() ^ arch::now() * 0x9e37'79b9'7f4a'7c15 ^
               plan.header().crc32;
        word ^= word >> 29;
    }
    cpu.random_state[0] |= 1;
}

void set_up_interrupts(PlanView const& plan, Gic& gic) {
    auto const& board = plan.board();
    auto const found = gic.architecture();
    if (machine.gicv3() ? found != 3 && found != 4 : found != 2) {  // a GICv4 is a GICv3 that can do more
        Line why;
        why << "the plan is for a GICv" << static_cast<unsigned>(board.gic_version) << ", and the distributor at "
            << Hex{board.gicd} << " says version " << found;
        refuse(why.view());
    }
    gic.init_distributor();
}

void set_up_console(PlanView const& plan) {
    auto& uart = the_uart.make(Mmio{plan.board().uart});
    auto& console = the_console.make(uart);
    uart.init();
    machine.console = &console;
    auto& host = the_host.make();
    console.set_shell(the_shell.make(console, host));
    machine.on_own_interrupt = [](std::uint32_t intid) {
        if (on_smmu_interrupt(intid)) return;
        ConsoleGuard const guard;
        machine.console->on_uart_interrupt();
    };
    machine.notices = &the_notices;
    console.set_source(the_notices);
}

/// For those who read memory from outside: QEMU's monitor, a debugger.
void say_where_traces_are() {
    if (machine.cpus[0].trace == nullptr) return;
    auto const& info = layout::info();
    machine.console->log(Line{} << "trace: plan at " << Hex{(layout::image() + info.plan_offset).raw()} << ", " << info.plan_bytes
                                << " bytes");
    for (Cpu const& cpu : machine.cpus) {
        auto const& header = *cpu.trace->header;
        machine.console->log(Line{} << "trace: core " << cpu.index << " at " << Hex{reinterpret_cast<std::uint64_t>(&header)}
                                    << ", " << abi::trace_header_bytes + header.capacity * sizeof(abi::TraceEvent) << " bytes");
    }
}

void say_hello(PlanView const& plan, Pool const& pool, unsigned cores) {
    Line line;
    line << "Tiffin " << TIFFIN_VERSION << " on " << plan.string(plan.board().name) << ": " << plan.vms().size() << " VMs on "
         << cores << (cores == 1 ? " core, from " : " cores, from ") << plan.string(plan.header().description);
    ConsoleGuard const guard;
    machine.console->log(line.view());
    Line memory;
    memory << "memory: " << pool.used() << " bytes for " << plan.vms().size() << " VMs";
    machine.console->log(memory.view());
    say_where_traces_are();
}

/// Where the description lets a debugger in: the console takes its commands, and who shall wait for it does.
void allow_debugging() {
    bool any = false;
    for (Vm* vm : machine.vms) {
        any |= (vm->record->flags & abi::vm_may_debug) != 0;
        if ((vm->record->flags & abi::vm_waits_for_debugger) != 0) debug::await_debugger(*vm);
    }
    if (any) machine.console->set_commands(the_link.make(*machine.console));
}

}  // namespace

/// Called by arch/aarch64/boot.S on core 0, MMU off. Returns the vCPU to enter.
Vcpu* boot(std::uint64_t device_tree) {
    PlanView const& plan = the_plan.make(open_plan(device_tree));
    machine.plan = &plan;
    machine.gic_is_v3 = plan.board().gic_version == abi::GicVersion::V3;
    machine.ns_per_tick = (1'000'000'000ull << 32) / arch::frequency();
    machine.virtual_timer_intid = plan.board().virtual_timer_intid;
    check_load_address(plan);
    check_processor(plan);
    check_board(plan, device_tree);
    Pool pool{layout::pool(plan) + stack_bytes(plan), plan.header().pool_bytes - stack_bytes(plan)};
    release_cores(plan);
    map_el2(pool, plan);
    arch::configure_el2();
    check_payloads(plan);
    auto& gic = the_gic.make(plan.board());
    set_up_interrupts(plan, gic);
    set_up_console(plan);
    build_machine(pool, plan, *machine.console);
    for (Cpu& cpu : machine.cpus) seed_random(plan, cpu);
    set_up_core(machine.cpus[0], gic);
    build_pci(pool, plan);  // takes locks, and so has to know its core
    machine.console->set_bell([] { arch::send_sgi(machine.cpus[0], mail::bell_sgi); });
    machine.console->set_loss_listener(trace::lost);
    machine.irq_owners[plan.board().uart_intid - 32].hypervisor = true;
    pool.seal();
    machine.on_all_stopped = on_all_stopped;
    say_hello(plan, pool, start_cores(gic));
    connect_interrupts(plan, gic);
    connect_pci(plan, gic);
    machine.started = arch::now();
    for (Cpu const& cpu : machine.cpus)
        if (cpu.trace != nullptr) cpu.trace->header->started = machine.started;
    sched::start_frame(machine.cpus[0]);  // before any vCPU asks whether it is in its window
    for (Vm* vm : machine.vms) lifecycle::boot(*vm);
    allow_debugging();
    return enter_first(machine.cpus[0]);
}

}  // namespace tiffin

extern "C" tiffin::Vcpu* tiffin_boot(std::uint64_t device_tree, std::uint64_t) { return tiffin::boot(device_tree); }
