#include "hypervisor/build_vms.hpp"

#include "abi/manage.hpp"
#include "arch/aarch64/cpu.hpp"
#include "core/arch.hpp"
#include "core/cpu.hpp"
#include "core/smp/shared_device.hpp"
#include "core/vm/setup.hpp"
#include "hypervisor/layout.hpp"
#include "plan/pool.hpp"
#include "vdev/channel/doorbells.hpp"
#include "vdev/gic/gic.hpp"
#include "vdev/manager/manager.hpp"
#include "vdev/pl011/pl011.hpp"
#include "vdev/pl031/pl031.hpp"
#include "vdev/sbsa_watchdog/sbsa_watchdog.hpp"
#include "vdev/virtio/virtio_mmio.hpp"

namespace tiffin {
namespace {

namespace map = abi::guest_map;

/// All that a VM is made of at EL2, in one piece, so that its cost can be stated.
struct VmBox {
    Vm vm;
    vdev::Distributor distributor;
    vdev::Redistributors redistributors;
    ConsolePort port;
    Pl011 uart;
    Pl031 rtc;
    vdev::VirtioMmio virtio;

    VmBox(Console& console, std::string_view name, Pl031::Clock clock)
        : port{console, name}, uart{port, vm}, rtc{clock}, virtio{vm} {}
};
static_assert(sizeof(VmBox) <= abi::pool_vm_bytes);

/// What a VM has besides, on a board that runs several cores.
struct SharedParts {
    CrossCore cross;
    SharedDevice devices[Vm::max_slots];
    ConsoleNews news;
};
static_assert(sizeof(SharedParts) <= abi::pool_shared_bytes && sizeof(Mail) <= abi::pool_mail_bytes &&
              sizeof(Cpu) <= abi::pool_cpu_bytes);

/// Seconds since power-on: the hypervisor drives no clock that knows the date.
std::uint64_t seconds() { return arch::now() / arch::frequency(); }

void add_slot(Vm& vm, std::uint64_t base, std::uint64_t size, MmioDevice& device, char const* name) {
    vm.slots[vm.slot_count++] = {.base = Ipa{base}, .size = size, .device = &device, .name = name};
}

void add_devices(Pool& pool, PlanView const& plan, VmBox& box) {
    Vm& vm = box.vm;
    add_slot(vm, map::gicd, map::gicd_size, box.distributor, "the GIC distributor");
    if (machine.gicv3()) {
        add_slot(vm, map::gicr, map::gicr_stride * vm.vcpus.size(), box.redistributors, "the GIC redistributors");
    } else {
        vm.stage2.map_device(pool, Ipa{map::gicc}, Pa{plan.board().gicv}, map::gicc_size);
    }
    if ((vm.record->flags & abi::vm_has_uart) != 0) add_slot(vm, map::pl011, map::pl011_size, box.uart, "the UART");
    if ((vm.record->flags & abi::vm_has_rtc) != 0) add_slot(vm, map::pl031, map::pl031_size, box.rtc, "the RTC");
    if ((vm.record->flags & abi::vm_has_watchdog) != 0) {
        auto* const watchdog = pool.make<vdev::SbsaWatchdog>(vm);
        vm.watchdog = watchdog;
        add_slot(vm, map::watchdog, map::watchdog_size, *watchdog, "the watchdog");
    }
    if (vm.record->manages.count != 0)
        add_slot(vm, map::manager, abi::manage::page_bytes, *pool.make<vdev::Manager>(vm), "the manager's page");
    std::uint64_t slots = 0;
    for (auto const& device : plan.virtio()) slots += device.client == vm.id ? 1 : 0;
    if (slots != 0) add_slot(vm, map::virtio, slots * map::virtio_stride, box.virtio, "a virtio device");
}

/// After share_devices: a ring takes its peer's lock, and so must hold none.
void add_doorbells(Vm& vm) {
    static constinit Doorbells doorbells{};
    auto const count = vm.record->channels.count;
    if (count != 0)
        add_slot(vm, map::channel_doorbells, map::channel_doorbell_stride * count, doorbells, "the channel doorbells");
}

/// Nobody reads in a channel what was there before.
void scrub_shared_memory(PlanView const& plan) {
    auto const& h = plan.header();
    for (std::uint64_t at = 0; at < h.shared_bytes; at += page_size) arch::zero_page(Pa{h.shared_base + at});
}

/// Puts the locks between the VM and those of its devices that need them.
void share_devices(Pool& pool, VmBox& box) {
    auto* const parts = pool.make<SharedParts>();
    Vm& vm = box.vm;
    set_up_cross_core(pool, vm, parts->cross);
    for (std::uint32_t i = 0; i < vm.slot_count; ++i) {
        bool const is_uart = vm.slots[i].device == &box.uart;
        if ((!vm.shared && !is_uart) || vm.slots[i].device == &box.virtio) continue;  // virtio has a lock of its own
        parts->devices[i] = {*vm.slots[i].device, vm, is_uart ? SharedDevice::Uses::Console : SharedDevice::Uses::VmOnly};
        vm.slots[i].device = &parts->devices[i];
    }
    parts->news = ConsoleNews{vm};
    vm.cross->uart = &box.uart;
    box.port.set_client(&parts->news);
}

Vm& build_vm(Pool& pool, PlanView const& plan, Console& console, std::uint32_t id) {
    auto const& record = plan.vms()[id];
    auto* const box = pool.make<VmBox>(console, plan.string(record.name), seconds);
    Vm& vm = box->vm;
    vm.id = id;
    vm.record = &record;
    vm.name = plan.string(record.name);
    vm.console = &box->port;
    console.attach(box->port);
    auto const vcpus = plan.vcpus_of(record);
    vm.vcpus = pool.array<Vcpu*>(vcpus.size());
    for (std::uint32_t i = 0; i < vcpus.size(); ++i) {
        vm.vcpus[i] = pool.make<Vcpu>();
        set_up_vcpu(*vm.vcpus[i], vm, machine.cpus[vcpus[i].core], i, vcpus[i]);
        vm.vcpus[i]->el2_stack = vm.vcpus[i]->cpu->stack_top;
    }
    if (plan.pci_functions_of(id) == 0) {
        vm.stage2.build(pool, plan, record, layout::image());
    } else {
        vm.stage2.build_private(pool, plan, record, layout::image());
    }
    auto const range = arch::physical_range() < 5 ? arch::physical_range() : 5;
    vm.stage2.set_vtcr(armv8::Vtcr::make(ipa_bits(plan, record), range, arch::has_vmid16()));
    add_devices(pool, plan, *box);
    if (machine.several) share_devices(pool, *box);
    add_doorbells(vm);
    return vm;
}

}  // namespace

void build_machine(Pool& pool, PlanView const& plan, Console& console) {
    constexpr std::size_t spis = 1020 - 32;
    machine.vmids.set_bits(arch::has_vmid16() ? 16 : 8);
    machine.irq_owners = pool.array<IrqOwner>(spis);
    machine.cpus = pool.array<Cpu>(core_count(plan));
    machine.several = machine.cpus.size() > 1;
    for (std::uint32_t i = 0; i < machine.cpus.size(); ++i) {
        Cpu& cpu = machine.cpus[i];
        set_up_cpu(pool, plan, cpu, i);
        cpu.stack_top = i == 0 ? layout::at(__stack0_top).raw() : (layout::pool(plan) + i * core_stack_bytes).raw();
    }
    machine.vms = pool.array<Vm*>(plan.vms().size());
    for (std::uint32_t id = 0; id < machine.vms.size(); ++id) {
        machine.vms[id] = &build_vm(pool, plan, console, id);
        set_up_interrupts(pool, plan, *machine.vms[id]);
    }
    scrub_shared_memory(plan);
    channel::set_up(pool, plan, machine.vms);
    set_up_virtio(pool, plan);
    for (Cpu& cpu : machine.cpus) set_up_frame(pool, plan, cpu);
}

void connect_interrupts(PlanView const& plan, Gic& gic) {
    arch::route(plan.board().uart_intid, machine.cpus[0]);
    gic.put_last(plan.board().uart_intid, 0);
    gic.enable(plan.board().uart_intid, 0);
    for (Vm const* vm : machine.vms) {
        for (auto const& given : plan.interrupts_of(*vm->record)) {
            gic.set_edge(given.physical, given.edge != 0);
            arch::route(given.physical, *vm->vcpus[0]->cpu);
            gic.enable(given.physical, 0);
        }
    }
}

}  // namespace tiffin
