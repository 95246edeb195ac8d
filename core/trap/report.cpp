// "Never silent": what a guest did wrong, in one line that names VM, vCPU, place, neighbour and the line of the description.
#include "core/arch.hpp"
#include "core/console/console.hpp"
#include "core/console/format.hpp"
#include "core/smp/guard.hpp"
#include "core/trap/trap.hpp"

namespace tiffin::trap {
namespace {

struct Neighbour {
    std::string_view name{};
    std::uint64_t base{0}, size{0}, distance{~0ull};

    void offer(std::string_view what, std::uint64_t from, std::uint64_t bytes, std::uint64_t address) {
        auto const end = from + bytes;
        auto const away = address < from ? from - address : address >= end ? address - end + 1 : 0;
        if (away < distance) *this = {what, from, bytes, away};
    }
};

/// What lies nearest to a guest-physical address, among the devices and RAM of the VM.
Neighbour nearest(Vm const& vm, std::uint64_t address) {
    Neighbour best;
    for (std::uint32_t i = 0; i < vm.slot_count; ++i)
        best.offer(vm.slots[i].name, vm.slots[i].base.raw(), vm.slots[i].size, address);
    best.offer("RAM", vm.record->ram_ipa, vm.record->ram_size, address);
    for (auto const& window : machine.plan->windows_of(*vm.record))
        best.offer(machine.plan->string(window.what), window.ipa, window.size, address);
    return best;
}

void say_where(Line& line, Vcpu const& v, Misdeed const& misdeed) {
    if (misdeed.size != 0) line << " of " << misdeed.size << (misdeed.size == 1 ? " byte" : " bytes");
    switch (misdeed.where) {
        case Where::Nowhere: return;
        case Where::Syndrome: line << ' ' << Hex{misdeed.value}; return;
        case Where::Virtual: line << " at virtual address " << Hex{misdeed.value}; return;
        case Where::Physical: break;
    }
    auto const near = nearest(*v.vm, misdeed.value);
    line << " at " << Hex{misdeed.value} << (near.distance == 0 ? ", inside " : ", nearest is ") << near.name << " at "
         << Hex{near.base};
}

}  // namespace

void report(Vcpu& v, Misdeed const& misdeed) {
    Vm& vm = *v.vm;
    VmGuard const vm_guard{vm};
    ++vm.faults;
    if (!vm.reports.allow(arch::now(), arch::frequency())) return;
    Line line;
    line << vm.name << ": vCPU " << v.index << " at pc " << Hex{v.regs.pc} << ": " << misdeed.what;
    say_where(line, v, misdeed);
    ConsoleGuard const console_guard;
    machine.console->log(line.view());
    Line more;
    more << vm.name << ":   " << misdeed.remedy << "; the VM is at " << machine.plan->string(machine.plan->header().description)
         << ':' << vm.record->line;
    if (vm.reports.suppressed != 0) more << " (" << vm.reports.suppressed << " more were not shown)";
    vm.reports.suppressed = 0;
    machine.console->log(more.view());
}

}  // namespace tiffin::trap
