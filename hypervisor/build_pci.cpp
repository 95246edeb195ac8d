#include "hypervisor/build_pci.hpp"

#include "core/arch.hpp"
#include "core/console/format.hpp"
#include "core/cpu.hpp"
#include "core/pci/probe.hpp"
#include "drivers/smmu/smmu.hpp"
#include "hypervisor/panic.hpp"
#include "vdev/pci/ecam.hpp"

namespace tiffin {
namespace {

namespace map = abi::guest_map;

static_assert(sizeof(pci::Function) <= abi::pool_pci_bytes && sizeof(vdev::Ecam) <= abi::pool_pci_vm_bytes);

constinit Smmu* the_smmu = nullptr;

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
    the_smmu = pool.make<Smmu>(host.smmu);
    if (auto const* const why = the_smmu->unfit()) refuse(why);
    the_smmu->init(pool);
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
        if (auto const* const why = pci::Probe{function.config, function, window}.run()) refuse_function(plan, record, why);
        map_bars(pool, vm, function);
        if (the_smmu != nullptr) the_smmu->give(pool, record, vm);
    }
    auto* const ecam = pool.make<vdev::Ecam>(vm, functions, the_smmu);
    ecam->reset();
    vm.slots[vm.slot_count++] = {
        .base = Ipa{map::pci_ecam}, .size = map::pci_ecam_size, .device = ecam, .name = "the PCI host bridge"};
}

}  // namespace

void build_pci(Pool& pool, PlanView const& plan) {
    if (plan.pci().empty()) return;
    auto const& host = plan.header().pci_host;
    quieten_bus(host);
    start_smmu(pool, host);
    pci::BarWindow window{host.window, host.window + host.window_size};
    for (Vm* vm : machine.vms) give_functions(pool, plan, *vm, window);
}

void connect_smmu(PlanView const& plan, Gic& gic) {
    if (the_smmu == nullptr) return;
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
