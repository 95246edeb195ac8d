#include "core/notice/notice.hpp"

#include "base/pci.hpp"
#include "core/arch.hpp"
#include "core/console/format.hpp"
#include "core/smp/guard.hpp"

namespace tiffin {
namespace {

using trap::Misdeed;
using trap::Where;

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
    for (auto const& end : machine.plan->channels_of(*vm.record))
        best.offer(machine.plan->string(end.name), end.ipa, end.size, address);
    return best;
}

void say_where(Line& line, Vm const& vm, Misdeed const& misdeed) {
    if (misdeed.size != 0) line << " of " << misdeed.size << (misdeed.size == 1 ? " byte" : " bytes");
    switch (misdeed.where) {
        case Where::Nowhere: return;
        case Where::Syndrome: line << ' ' << Hex{misdeed.value}; return;
        case Where::Virtual: line << " at virtual address " << Hex{misdeed.value}; return;
        case Where::Physical: break;
    }
    auto const near = nearest(vm, misdeed.value);
    line << " at " << Hex{misdeed.value} << (near.distance == 0 ? ", inside " : ", nearest is ") << near.name << " at "
         << Hex{near.base};
}

/// As lspci writes it: "00:02.0".
void say_function(Line& line, std::uint32_t function) {
    auto const device = pci::device_of(function);
    line << "00:" << static_cast<char>('0' + device / 16) << "0123456789abcdef"[device % 16] << '.' << pci::number_of(function);
}

void say_misdeed(Line& line, Notice const& notice) {
    line << notice.vm->name;
    if (notice.function != nullptr) {
        line << ": PCI function ";
        say_function(line, notice.function->function);
    } else {
        line << ": vCPU " << notice.vcpu << " at pc " << Hex{notice.pc};
    }
    line << ": " << notice.misdeed.what;
    say_where(line, *notice.vm, notice.misdeed);
}

void say_remedy(Line& line, Notice const& notice) {
    line << notice.vm->name << ":   " << notice.misdeed.remedy << "; "
         << (notice.function != nullptr ? "it was given" : "the VM is") << " at "
         << machine.plan->string(machine.plan->header().description) << ':'
         << (notice.function != nullptr ? notice.function->line : notice.vm->record->line);
    if (notice.suppressed != 0) line << " (" << notice.suppressed << " more were not shown)";
}

void say_change(Line& line, Notice const& notice) {
    line << notice.vm->name << ": " << notice.change << notice.why.text;
    if (notice.why.number >= 0) line << static_cast<std::uint64_t>(notice.why.number);
}

}  // namespace

bool Notices::post(Notice const& notice) {
    if (tail_ - head_ == waiting_.size()) return false;
    waiting_[tail_++ % waiting_.size()] = notice;
    return true;
}

LineSource::Left Notices::make(Line& line) {
    Notice const& oldest = waiting_[head_ % waiting_.size()];
    if (oldest.change == nullptr && !second_line_) {
        say_misdeed(line, oldest);
        second_line_ = true;
        return Left::SameSubject;
    }
    if (second_line_) {
        say_remedy(line, oldest);
    } else {
        say_change(line, oldest);
    }
    second_line_ = false;
    return ++head_ == tail_ ? Left::Nothing : Left::NextSubject;
}

bool post(Notice const& notice) {
    ConsoleGuard const guard;
    if (notice.change != nullptr) machine.console->flush(*notice.vm->console);  // its last words come before ours
    if (!machine.notices->post(notice)) return machine.console->count_dropped(), false;
    machine.console->announce();
    return true;
}

}  // namespace tiffin
