// What turns messages of functions into interrupts of cores, where each has a number of its own (an LPI). Its driver implements it.
#pragma once
#include <cstdint>

namespace tiffin::pci {

/// `place`: of the function in the plan; `which`: of its guest_map::msi_count messages.
class Messages {
public:
    /// From now on this message waits, and interrupts no core.
    virtual void hold(std::uint32_t place, std::uint32_t which) = 0;
    /// Those of the function that were held interrupt again; one that came meanwhile does it now.
    virtual void release(std::uint32_t place) = 0;
    /// The same, and one that came meanwhile is forgotten.
    virtual void forget(std::uint32_t place) = 0;
    /// True, once: it takes no orders any more, and messages may be lost from now on.
    [[nodiscard]] virtual bool broke() = 0;

protected:
    ~Messages() = default;
};

}  // namespace tiffin::pci
