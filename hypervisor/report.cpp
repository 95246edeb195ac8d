#include "hypervisor/report.hpp"

#include "core/arch.hpp"
#include "core/console/format.hpp"
#include "core/cpu.hpp"
#include "core/lifecycle/lifecycle.hpp"
#include "core/smp/guard.hpp"
#include "core/trace/trace.hpp"
#include "hypervisor/panic.hpp"

namespace tiffin {
namespace {

VcpuStats total(Vm const& vm) {
    VcpuStats sum;
    for (Vcpu const* v : vm.vcpus) {
        sum.run_ticks += v->stats.run_ticks;
        sum.wakeups += v->stats.wakeups;
        sum.traps += v->stats.traps;
        sum.switches += v->stats.switches;
        sum.ready_ticks += v->stats.ready_ticks;
        sum.overruns += v->stats.overruns;
        sum.late += v->stats.late;
        if (v->stats.worst_response > sum.worst_response) sum.worst_response = v->stats.worst_response;
    }
    return sum;
}

std::uint32_t running_cores() {
    std::uint32_t cores = 0;
    for (Cpu const& cpu : machine.cpus) cores += cpu.ready ? 1 : 0;
    return cores;
}

/// Of all cores together.
std::uint64_t sum(std::uint64_t Cpu::* figure) {
    std::uint64_t total = 0;
    for (Cpu const& cpu : machine.cpus) total += cpu.*figure;
    return total;
}

/// Of any core, in ticks.
std::uint64_t longest_sleep() {
    std::uint64_t longest = 0;
    for (Cpu const& cpu : machine.cpus) longest = cpu.longest_sleep > longest ? cpu.longest_sleep : longest;
    return longest;
}

void report(Vm const& vm) {
    auto const stats = total(vm);
    Line line;
    line << "report vm=" << vm.name << " state=" << lifecycle::name(vm.state) << " exit=" << static_cast<unsigned>(vm.status)
         << " run_ticks=" << stats.run_ticks << " wakeups=" << stats.wakeups << " traps=" << stats.traps
         << " switches=" << stats.switches << " faults=" << vm.faults << " copied=" << vm.copied;
    machine.console->log(line.view());
    Line contract;
    contract << "report contract vm=" << vm.name << " ready_ticks=" << stats.ready_ticks << " overruns=" << stats.overruns
             << " worst_response=" << stats.worst_response << " late=" << stats.late;
    machine.console->log(contract.view());
    machine.console->drain_now();
}

/// With a trace: the longest time that EL2 kept interrupts masked, for each kind of path.
void report_longest_paths(Cpu const& cpu) {
    if (cpu.trace == nullptr) return;
    for (auto const& path : cpu.trace->header->longest) {
        if (path.ticks == 0) continue;
        Line line;
        line << "report path core=" << cpu.index << " ticks=" << path.ticks << " kind=" << abi::name(path.kind)
             << " argument=" << Hex{path.argument}
             << " vm=" << (path.who == abi::trace_nobody ? "-" : machine.vms[path.who & 0xfff]->name)
             << " end=" << abi::name(path.how);
        machine.console->log(line.view());
        machine.console->drain_now();
    }
}

/// With a trace: how long the core held a lock that others may have waited for, and how often in one path.
void report_locks(Cpu const& cpu) {
    if (cpu.trace == nullptr) return;
    for (std::uint32_t n = 0; n < abi::trace_locks; ++n) {
        auto const& hold = cpu.trace->header->holds[n];
        if (hold.ticks == 0) continue;
        Line line;
        line << "report lock core=" << cpu.index << " lock=" << abi::name(abi::TraceLock{static_cast<std::uint8_t>(n)})
             << " ticks=" << hold.ticks << " by_guest=" << hold.by_guest << " by_interrupt=" << hold.by_interrupt;
        machine.console->log(line.view());
        machine.console->drain_now();
    }
}

}  // namespace

std::uint32_t MachineShell::vm_count() const { return static_cast<std::uint32_t>(machine.vms.size()); }

std::string_view MachineShell::name(std::uint32_t index) const { return machine.vms[index]->name; }

VmRow MachineShell::vm(std::uint32_t index) const {
    Vm const& vm = *machine.vms[index];
    Vcpu const& first = *vm.vcpus[0];
    auto const stats = total(vm);
    bool const fixed = first.policy == abi::Policy::Fixed;
    return {.name = vm.name,
            .state = lifecycle::name(vm.state),
            .policy = fixed                                ? "fixed"
                      : first.policy == abi::Policy::Share ? "share"
                                                           : "windows",
            .level = fixed ? std::uint32_t{first.own_priority} : std::uint32_t{first.weight},
            .core = first.cpu->index,
            .run_ticks = stats.run_ticks,
            .wake_ups = stats.wakeups,
            .traps = stats.traps,
            .switches = stats.switches,
            .console = vm.console,
            .ready_ticks = stats.ready_ticks,
            .asleep_ticks = total_ticks() * vm.vcpus.size() - stats.run_ticks - stats.ready_ticks,
            .overruns = stats.overruns,
            .worst_response = stats.worst_response,
            .late = stats.late,
            .has_budget = first.budget.limited()};
}

bool MachineShell::manage(std::uint32_t index, abi::manage::Action action) {
    return lifecycle::manage(*machine.vms[index], action);
}

std::uint64_t MachineShell::total_ticks() const { return (arch::now() - machine.started) * running_cores(); }
std::uint64_t MachineShell::idle_ticks() const { return sum(&Cpu::idle_ticks); }
std::uint64_t MachineShell::frequency() const { return arch::frequency(); }

std::span<std::byte const> MachineShell::trace_part(std::uint32_t index) const {
    if (machine.cpus[0].trace == nullptr || index > machine.cpus.size()) return {};
    if (index == 0) return {reinterpret_cast<std::byte const*>(&machine.plan->header()), machine.plan->header().bytes};
    auto const& header = *machine.cpus[index - 1].trace->header;
    auto const count = header.written < header.capacity ? header.written : header.capacity;
    return {reinterpret_cast<std::byte const*>(&header), trace::ring_bytes(count * sizeof(abi::TraceEvent))};
}

void MachineShell::hold_trace(bool held) {
    for (Cpu& cpu : machine.cpus)
        __atomic_store_n(&cpu.trace->header->frozen, held ? trace::frozen : trace::thaw, __ATOMIC_RELEASE);
}

void on_all_stopped() {
    Cpu& here = arch::this_cpu();
    if (here.trace != nullptr) trace::end(here, abi::TraceEnd::Return);  // what comes now is a report, and no path
    ConsoleGuard const guard;
    machine.console->drain_now();  // what VMs and their ends still have to say comes first
    int status = 0;
    auto const ticks = arch::now() - machine.started;
    for (Vm const* vm : machine.vms) {
        report(*vm);
        if (vm->state != VmState::Stopped || vm->status != 0) status = 1;
    }
    Line line;
    line << "report machine ticks=" << ticks << " freq=" << arch::frequency() << " idle_ticks=" << sum(&Cpu::idle_ticks)
         << " wakeups=" << sum(&Cpu::idle_wakeups) << " longest_sleep=" << longest_sleep();
    if (machine.several) line << " cores=" << running_cores();
    machine.console->log(line.view());
    for (Cpu const& cpu : machine.cpus) {
        report_longest_paths(cpu);
        report_locks(cpu);
    }
    machine.console->drain_now();
    if ((machine.plan->header().flags & abi::plan_stay_on) == 0) stop_machine(status);
}

}  // namespace tiffin
