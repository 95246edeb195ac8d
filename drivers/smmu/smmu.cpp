#include "drivers/smmu/smmu.hpp"

#include <utility>

#include "core/cpu.hpp"
#include "core/notice/notice.hpp"
#include "core/smp/guard.hpp"

namespace tiffin {
namespace {

namespace smmu = armv8::smmu;
using smmu::Command;
using smmu::Event;
using smmu::Ste;

constexpr unsigned register_patience = 1'000'000;  // at boot
constexpr unsigned sync_patience = 400;            // at run time: a path of EL2 stays bounded
constexpr unsigned physical_range_40 = 2;          // RAM lies below 2^40 (plan/view.hpp)

template <class T>
std::span<T> table_of(Pool& pool, unsigned log2) {
    auto const bytes = sizeof(T) << log2;
    return {reinterpret_cast<T*>(pool.take(bytes, bytes).raw()), std::size_t{1} << log2};
}

Pa at(auto const& table) { return Pa{reinterpret_cast<std::uint64_t>(table.data())}; }

}  // namespace

char const* Smmu::unfit() const {
    auto const idr0 = registers_.read(smmu::idr0), idr1 = registers_.read(smmu::idr1);
    if (!smmu::Idr0::S1P::get(idr0) && !smmu::Idr0::S2P::get(idr0)) return "the SMMU translates by no stage";
    if ((smmu::Idr0::TTF::get(idr0) & 2) == 0) return "the SMMU does not know AArch64 translation tables";
    if (!smmu::Idr0::COHACC::get(idr0)) return "the SMMU does not see the cores' caches";
    if (smmu::Idr1::PRESET::get(idr1) != 0) return "the SMMU's tables or queues have fixed places";
    if (smmu::Idr1::SIDSIZE::get(idr1) < log2_streams || smmu::Idr1::CMDQS::get(idr1) < log2_commands ||
        smmu::Idr1::EVENTQS::get(idr1) < log2_events)
        return "the SMMU has room for too few streams, commands or events";
    return nullptr;
}

void Smmu::init(Pool& pool) {
    registers_.write(smmu::gbpa, smmu::Gbpa::abort | smmu::Gbpa::update);  // what it does while it is off
    for (unsigned n = 0; n < register_patience && (registers_.read(smmu::gbpa) & smmu::Gbpa::update) != 0; ++n) {
    }
    set_cr0(0);
    table_ = table_of<Ste>(pool, log2_streams);
    commands_ = table_of<Command>(pool, log2_commands);
    events_ = table_of<Event>(pool, log2_events);
    arch::publish_tables();
    registers_.write(smmu::cr1, smmu::cr1_coherent);
    registers_.write(smmu::cr2, smmu::cr2_private);
    write64(smmu::strtab_base, at(table_).raw());
    registers_.write(smmu::strtab_base_cfg, log2_streams);  // linear
    write64(smmu::cmdq_base, smmu::queue_base(at(commands_), log2_commands));
    registers_.write(smmu::cmdq_prod, 0);
    registers_.write(smmu::cmdq_cons, 0);
    write64(smmu::eventq_base, smmu::queue_base(at(events_), log2_events));
    registers_.write(smmu::eventq_prod, 0);
    registers_.write(smmu::eventq_cons, 0);
    set_cr0(smmu::Cr0::cmdqen);
    issue(Command::cfgi_all());
    issue(Command::tlbi_nsnh_all());
    sync();
    registers_.write(smmu::irq_ctrl, smmu::irq_ctrl_eventq);
    set_cr0(smmu::Cr0::cmdqen | smmu::Cr0::eventqen);
    set_cr0(smmu::Cr0::cmdqen | smmu::Cr0::eventqen | smmu::Cr0::smmuen);
}

void Smmu::give(Pool& pool, abi::PciRecord const& function, Vm& vm) {
    Stream& stream = given_[given_count_++];
    stream.function = &function;
    stream.vm = &vm;
    stream.open = make_entry(pool, vm);
    set_entry(function.function, Ste::aborting());
}

/// All functions of a VM share one entry.
Ste Smmu::make_entry(Pool& pool, Vm const& vm) {
    for (std::uint32_t i = 0; i + 1 < given_count_; ++i)
        if (given_[i].vm == &vm) return given_[i].open;
    auto const& record = *vm.record;
    PageTable tables{pool.take(page_size, page_size)};
    bool const first = by_stage1();
    tables.map(pool, record.ram_ipa, Pa{record.ram_pa}, record.ram_size, first ? smmu::stage1_ram : armv8::Stage2::shared);
    if (messages_.raw() != 0)
        tables.map(pool, abi::guest_map::msi_frame, messages_, page_size, first ? smmu::stage1_device : armv8::Stage2::device);
    auto const tag = vm.id + 1;
    if (!first) return Ste::by_stage2(tables.root(), tag, physical_range_40);
    auto* const context = ::new (reinterpret_cast<void*>(pool.take(sizeof(smmu::Cd), sizeof(smmu::Cd)).raw()))
        smmu::Cd{smmu::Cd::make(tables.root(), tag, physical_range_40)};
    return Ste::by_stage1(Pa{reinterpret_cast<std::uint64_t>(context)});
}

void Smmu::open(std::uint32_t function) {
    auto* const stream = find(function);
    if (stream == nullptr) return;
    {
        DriverGuard const guard{lock_};
        stream->faults = 0;
        set_entry(function, stream->open);
    }
    tell_if_broken(*stream->vm);
}

void Smmu::close(std::uint32_t function) {
    auto* const stream = find(function);
    if (stream == nullptr) return;
    {
        DriverGuard const guard{lock_};
        set_entry(function, Ste::aborting());
    }
    tell_if_broken(*stream->vm);
}

/// Once. The tables hold whatever it does: a function reaches its VM's RAM at most.
void Smmu::tell_if_broken(Vm const& vm) {
    {
        DriverGuard const guard{lock_};
        if (well_ || std::exchange(told_, true)) return;
    }
    post({.vm = &vm, .change = "the board's SMMU is broken: ", .why = "DMA of PCI functions may go on, or not begin"});
}

/// "Stream Table Entry", "Changing configuration": the word with V changes last, and is not valid between.
void Smmu::set_entry(std::uint32_t function, Ste const& entry) {
    auto& to = table_[function];
    auto const change = [&](std::uint64_t word) {
        __atomic_store_n(&to.words[0], word, __ATOMIC_RELEASE);
        arch::publish_tables();
        issue(Command::cfgi_ste(function));
        sync();
    };
    change(Ste::aborting().words[0]);
    for (unsigned i = 1; i < 8; ++i) to.words[i] = entry.words[i];
    if (entry.words[0] != to.words[0]) change(entry.words[0]);
}

/// The queue is empty: whoever issues waits for the end.
void Smmu::issue(Command const& command) {
    commands_[prod_ % commands_.size()] = command;
    arch::publish_tables();
    prod_ = (prod_ + 1) % (2 * commands_.size());  // the bit above the index tells full from empty
    registers_.write(smmu::cmdq_prod, prod_);
}

void Smmu::sync() {
    issue(Command::sync());
    unsigned n = 0;
    while (n < sync_patience && registers_.read(smmu::cmdq_cons) != prod_) ++n;
    well_ = well_ && n < sync_patience;
}

void Smmu::write64(std::uint32_t offset, std::uint64_t value) {
    registers_.write(offset, static_cast<std::uint32_t>(value));
    registers_.write(offset + 4, static_cast<std::uint32_t>(value >> 32));
}

void Smmu::set_cr0(std::uint32_t value) {
    registers_.write(smmu::cr0, value);
    for (unsigned n = 0; n < register_patience && registers_.read(smmu::cr0ack) != value; ++n) {
    }
}

Smmu::Stream* Smmu::find(std::uint32_t function) {
    for (auto& stream : std::span{given_}.first(given_count_))
        if (stream.function->function == function) return &stream;
    return nullptr;
}

/// The queue is emptied in one go, because it tells of records only when it was empty; more than a few are not looked at.
void Smmu::on_event() {
    constexpr std::uint32_t index = (1u << log2_events) - 1, lap = 1u << log2_events;
    auto cons = registers_.read(smmu::eventq_cons);
    auto const prod = registers_.read(smmu::eventq_prod);
    for (unsigned n = 0; n < patience && ((cons ^ prod) & (index | lap)) != 0; ++n) {
        report(events_[cons & index]);
        cons = (cons + 1) & (index | lap);
    }
    registers_.write(smmu::eventq_cons, prod);  // with the overflow flag: it is acknowledged
}

void Smmu::report(Event const& event) {
    auto* const stream = find(event.stream());
    if (stream == nullptr) return;
    bool const last = ++stream->faults >= patience;
    if (last) close(event.stream());
    auto const shown = stream->reports.allow(arch::now(), arch::frequency());
    if (!shown) return;
    bool const located = event.has_address();
    post({.vm = stream->vm,
          .misdeed = {.what = !located          ? "DMA without a translation"
                              : event.is_read() ? "DMA read"
                                                : "DMA write",
                      .size = 0,
                      .where = located ? trap::Where::Physical : trap::Where::Nowhere,
                      .value = event.address(),
                      .remedy = last ? "blocked by the SMMU, as is all its DMA until the VM starts anew" : "blocked by the SMMU"},
          .function = stream->function,
          .suppressed = stream->reports.suppressed});
}

}  // namespace tiffin
