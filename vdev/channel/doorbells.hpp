// What a guest sees at guest_map::channel_doorbells, if it has channels: a page for each, so that an operating system can give a page to
// a program (docs/channels.md). 32-bit registers:
//
//   0x000 RING   write: rings at the peer, whatever the value; reads as zero
//   0x004 PEER   read only: bit 0: the peer is running; bits 31:8: how often it has started anew
//
// It needs no lock: what it reads is fixed at boot, and what it changes is another VM's.
#pragma once
#include "abi/guest_map.hpp"
#include "core/channel/channel.hpp"
#include "core/vm/mmio.hpp"
#include "core/vm/vm.hpp"

namespace tiffin {

class Doorbells final : public MmioDevice {
public:
    static constexpr std::uint32_t ring = 0x000, peer = 0x004;

    std::uint64_t read(Vcpu& by, MmioOp op) override {
        return offset(op) == peer && op.size == 4 ? channel::peer(*by.vm, index(op)) : 0;
    }
    void write(Vcpu& by, MmioOp op, std::uint64_t) override {
        if (offset(op) == ring && op.size == 4) channel::ring(by, index(op));
    }

private:
    static constexpr std::uint32_t stride = abi::guest_map::channel_doorbell_stride;
    static std::uint32_t index(MmioOp op) { return op.offset / stride; }
    static std::uint32_t offset(MmioOp op) { return op.offset % stride; }
};

}  // namespace tiffin
