// An SMMUv3 that lets each PCI function reach the RAM of its VM, and nothing else (docs/decisions/0016).
//
//   function's number = StreamID --> stream table (bus 0: 256 entries, 16 KiB)
//        not given away:  not valid: DMA is aborted
//        closed:          abort, and nothing told
//        open:            stage 1: context descriptor of its VM --> tables: guest-physical address -> RAM,
//                                                                  and the page that takes messages (docs/decisions/0017)
//                         stage 2, where the hardware has no stage 1: the same tables in the other format
//
// The tables never change after boot, so nothing is flushed but entries of the stream table.
#pragma once
#include <span>

#include "armv8/smmu.hpp"
#include "base/mmio.hpp"
#include "core/mem/page_table.hpp"
#include "core/pci/dma_fence.hpp"
#include "core/smp/lock.hpp"
#include "core/vm/vm.hpp"

namespace tiffin {

class Smmu final : public pci::DmaFence {
public:
    /// Functions send messages to the page at `messages`; 0: they send none.
    Smmu(std::uint64_t base, Pa messages) : registers_{base}, messages_{messages} {}

    /// Why it can't be used; nullptr if it can.
    [[nodiscard]] char const* unfit() const;
    /// All DMA is aborted from now on, but for functions that open() is called for.
    void init(Pool& pool);
    /// The function's DMA is `vm`'s, when it is open().
    void give(Pool& pool, abi::PciRecord const& function, Vm& vm);

    void open(std::uint32_t function) override;
    void close(std::uint32_t function) override;

    /// Has it done all that it was told, in time?
    [[nodiscard]] bool is_well() const { return well_; }
    /// What the event queue holds is left for the console: a bounded number of records. A function with too many faults is closed.
    void on_event();

private:
    static constexpr unsigned log2_streams = 8, log2_commands = 8, log2_events = 7;
    static constexpr unsigned streams = 1u << log2_streams;
    /// Told of a function after each start of its VM; then it is closed.
    static constexpr unsigned patience = 8;

    struct Stream {
        abi::PciRecord const* function{nullptr};
        Vm* vm{nullptr};
        armv8::smmu::Ste open;  // its entry while open
        std::uint32_t faults{0};
        ReportLimit reports;
    };

    [[nodiscard]] bool by_stage1() const { return armv8::smmu::Idr0::S1P::get(registers_.read(armv8::smmu::idr0)); }
    armv8::smmu::Ste make_entry(Pool& pool, Vm const& vm);
    void set_entry(std::uint32_t function, armv8::smmu::Ste const& entry);
    void issue(armv8::smmu::Command const& command);
    void sync();
    void tell_if_broken(Vm const& vm);
    void write64(std::uint32_t offset, std::uint64_t value);
    void set_cr0(std::uint32_t value);
    void report(armv8::smmu::Event const& event);
    [[nodiscard]] Stream* find(std::uint32_t function);

    Mmio registers_;
    Pa messages_;
    std::span<armv8::smmu::Ste> table_;
    std::span<armv8::smmu::Command> commands_;
    std::span<armv8::smmu::Event> events_;
    Stream given_[abi::max_pci]{};
    std::uint32_t given_count_{0}, prod_{0};
    bool well_{true}, told_{false};
    CoreLock lock_;  // of the command queue and the stream table, if several cores run: the last of the order
};

}  // namespace tiffin
