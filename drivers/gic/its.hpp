// A GICv3's Interrupt Translation Service, which makes messages of PCI functions into LPIs (docs/decisions/0017).
//
//   message of function f, EventID e --> device table[f] --> f's translation table[e] --> LPI, collection --> core
//        e is the SPI's number as the guest wrote it: msi_first .. + 23, and LPI = 8192 + 24 * (f's place in the plan) + e - msi_first
//        any other e, and any function that was not given away, is dropped by the ITS
//
// Its tables are written at boot and never again. A message that is held back is disabled in the LPI configuration table.
#pragma once
#include <span>

#include "abi/plan.hpp"
#include "armv8/its.hpp"
#include "base/mmio.hpp"
#include "core/mem/pool.hpp"
#include "core/pci/messages.hpp"
#include "core/smp/lock.hpp"

namespace tiffin {

class Its final : public pci::Messages {
public:
    explicit Its(std::uint64_t base) : registers_{base} {}

    /// Tables and queue for `functions` functions whose messages are `first_event` and on. Why it can't be used; nullptr if it can.
    char const* init(Pool& pool, std::uint32_t functions, std::uint32_t first_event);
    /// Room for what is pending on a core that takes messages.
    void prepare_core(Pool& pool, std::uint32_t core);
    [[nodiscard]] bool takes_messages(std::uint32_t core) const { return pending_[core].raw() != 0; }
    /// A prepared core takes LPIs through the redistributor at `frame` (RD_base). Why not; nullptr if it does.
    char const* start_core(std::uint32_t core, std::uint64_t frame);
    /// The messages of `function`, at `place` in the plan, go to `core`.
    void give(std::uint32_t function, std::uint32_t place, std::uint32_t core);
    void hold(std::uint32_t place, std::uint32_t which) override;
    void release(std::uint32_t place) override;
    void forget(std::uint32_t place) override;

    [[nodiscard]] bool broke() override;

    /// Has it done all that it was told?
    [[nodiscard]] bool is_well() const { return well_; }

private:
    /// A function, as give() had it.
    struct Given {
        std::uint32_t function, core;
        std::uint32_t held;  // a bit for each message
    };

    bool set_table(Pool& pool, std::uint32_t n);
    void enable(std::uint32_t place, std::uint32_t which, bool on);
    void post(armv8::gits::Command const& command);
    void issue(armv8::gits::Command const& command);

    Mmio registers_;
    armv8::gits::Command* commands_{nullptr};
    Pa configuration_{0}, translations_{0};
    std::span<Given> given_;
    /// Of the queue, the configuration and who is held, if several cores run: a last one of the order, as the SMMU's.
    CoreLock lock_;
    Pa pending_[abi::max_cpus]{Pa{0}, Pa{0}, Pa{0}, Pa{0}, Pa{0}, Pa{0}, Pa{0}, Pa{0}};
    std::uint32_t first_event_{0}, prod_{0};
    bool well_{true}, told_{false};
};

}  // namespace tiffin
