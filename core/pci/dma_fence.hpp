// What stands between a function's DMA and memory. The SMMU's driver implements it.
#pragma once
#include <cstdint>

namespace tiffin::pci {

class DmaFence {
public:
    /// From now on the function reaches its VM's RAM, and nothing else.
    virtual void open(std::uint32_t function) = 0;
    /// From now on it reaches nothing. What it had under way is over when this returns.
    virtual void close(std::uint32_t function) = 0;

protected:
    ~DmaFence() = default;
};

}  // namespace tiffin::pci
