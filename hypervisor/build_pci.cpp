#include "hypervisor/build_pci.hpp"

#include "core/arch.hpp"
#include "core/console/format.hpp"
#include "core/cpu.hpp"
#include "core/pci/probe.hpp"
#include "drivers/gic/its.hpp"
#include "drivers/smmu/smmu.hpp"
#include "hypervisor/panic.hpp"
#include "vdev/pci/ecam.hpp"
#include "vdev/pci/msi_frame.hpp"

namespace tiffin {
namespace {

namespace map = abi::guest_map;

static_assert(sizeof(pci::Function) <= abi::pool_pci_bytes &&
              sizeof(vdev::Ecam) + sizeof(vdev::MsiFrame) <= abi::pool_pci_vm_bytes);

constinit Smmu* the_smmu = nullptr;
constinit Its* the_its = nullptr;

[[noreturn]] void refuse_function(PlanView const& plan, abi::PciRecord const& record, char const* why) {
    Line line;
    line << "the PCI function of " << plan.string(plan.header().description) << ':' << record.line << ' ' << why;
    refuse(line.view());
}

/// A loader may have left any of them running.
void quieten_bus(abi::PciHost const& host) {
    for (std::uint32_t n = 0; n < pci::functions_of_a_bus; ++n) {
        Mmio const config{host.ecam + n * pci::ecam_stride};
        if (config.read(pci::id) != ~0u) config.write(pci::command, pci::Command::interrupt_disable);
    }
}

void start_smmu(Pool& pool, abi::PciHost const& host) {
    if (host.smmu == 0) return;
    static_assert(sizeof(Smmu) <= page_size);
    the_smmu = pool.make<Smmu>(host.smmu, Pa{host.msi});
    if (auto const* const why = the_smmu->unfit()) refuse(why);
    the_smmu->init(pool);
}

void start_its(Pool& pool, PlanView const& plan) {
    auto const& host = plan.header().pci_host;
    if (host.its == 0) return;
    static_assert(sizeof(Its) <= page_size);
    the_its = pool.make<Its>(host.its);
    if (auto const* const why = the_its->init(pool, static_cast<std::uint32_t>(plan.pci().size()), host.msi_first)) refuse(why);
}

void map_bars(Pool& pool, Vm& vm, pci::Function const& function) {
    for (unsigned i = 0; i < pci::bars; ++i) {
        auto const [assigned, mask, sizing] = function.bars[i];
        if (assigned == 0) continue;  // not there, or the upper half of one
        std::uint64_t const at = assigned & ~pci::BarBits::flags, size = std::uint64_t{~(mask & ~pci::BarBits::flags)} + 1;
        vm.stage2.map_device(pool, Ipa{at}, Pa{at}, align_up(size, page_size));
    }
}

void give_functions(Pool& pool, PlanView const& plan, Vm& vm, pci::BarWindow& window) {
    auto const count = plan.pci_functions_of(vm.id);
    if (count == 0) return;
    auto const& host = plan.header().pci_host;
    auto const functions = pool.array<pci::Function>(count);
    auto* next = functions.data();
    for (auto const& record : plan.pci()) {
        if (record.vm != vm.id) continue;
        pci::Function& function = *next++;
        function.config = Mmio{host.ecam + record.function * pci::ecam_stride};
        function.record = &record;
        function.has_messages = host.msi != 0;
        if (auto const* const why = pci::Probe{function.config, function, window}.run()) refuse_function(plan, record, why);
        map_bars(pool, vm, function);
        if (the_smmu != nullptr) the_smmu->give(pool, record, vm);
    }
    auto* const ecam = pool.make<vdev::Ecam>(vm, functions, the_smmu);
    ecam->reset();
    vm.slots[vm.slot_count++] = {
        .base = Ipa{map::pci_ecam}, .size = map::pci_ecam_size, .device = ecam, .name = "the PCI host bridge"};
    if (host.msi == 0) return;
    vm.slots[vm.slot_count++] = {.base = Ipa{map::msi_frame},
                                 .size = map::msi_frame_size,
                                 .device = pool.make<vdev::MsiFrame>(host.msi_first),
                                 .name = "the message frame"};
    if (the_its != nullptr) the_its->prepare_core(pool, vm.vcpus[0]->cpu->index);
}

/// When all cores have found their redistributors.
void connect_its(PlanView const& plan) {
    if (the_its == nullptr) return;
    for (Cpu const& cpu : machine.cpus) {
        if (!the_its->takes_messages(cpu.index)) continue;
        if (auto const* const why = the_its->start_core(cpu.index, cpu.gic_frame - armv8::gicr::sgi_frame))
            refuse(Line{} << "core " << cpu.index << ' ' << why);
    }
    std::uint32_t place = 0;
    for (auto const& record : plan.pci()) the_its->give(record.function, place++, machine.vms[record.vm]->vcpus[0]->cpu->index);
    machine.messages = the_its;
    if (!the_its->is_well()) refuse("the ITS does not do what it is told");
}

}  // namespace

void build_pci(Pool& pool, PlanView const& plan) {
    if (plan.pci().empty()) return;
    auto const& host = plan.header().pci_host;
    quieten_bus(host);
    start_smmu(pool, host);
    start_its(pool, plan);
    pci::BarWindow window{host.window, host.window + host.window_size};
    for (Vm* vm : machine.vms) give_functions(pool, plan, *vm, window);
}

void connect_pci(PlanView const& plan, Gic& gic) {
    connect_its(plan);
    if (the_smmu == nullptr) return;
    if (!the_smmu->is_well()) refuse("the SMMU does not do what it is told");
    auto const intid = plan.header().pci_host.event_intid;
    machine.irq_owners[intid - 32].hypervisor = true;
    gic.set_edge(intid, true);
    arch::route(intid, machine.cpus[0]);
    gic.enable(intid, 0);
}

bool on_smmu_interrupt(std::uint32_t intid) {
    if (the_smmu == nullptr || intid != machine.plan->header().pci_host.event_intid) return false;
    the_smmu->on_event();
    return true;
}

}  // namespace tiffin
