// A guest with two vCPUs that reads and writes every register of its GIC, in every size, while interrupts come, are taken, ended
// and not ended, and the core goes from one vCPU to the other. EL2 must never panic, `listed` must say what list registers hold,
// and no interrupt may be in two.
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <span>

#include "armv8/gic.hpp"
#include "core/testing.hpp"
#include "tests/fuzz/bytes.hpp"
#include "vdev/gic/gic.hpp"

using namespace tiffin;
using fuzz::Bytes, fuzz::require;

namespace {

struct Machinery : testing::Board {
    Machinery(abi::GicVersion version, std::uint32_t list_registers) : Board{{{.vcpus = 2, .spi = 79}}, version, list_registers} {
        run_first();
        sched::start(vcpu(0, 1));
        for (auto& open : handled) open.clear();
    }

    Vcpu& current() { return *cpu().current; }

    void access(Bytes& in) {
        auto const size = static_cast<std::uint8_t>(1u << (in.take<std::uint8_t>() & 3));
        std::uint32_t const offset = in.take<std::uint32_t>();
        bool const write = (offset >> 31) != 0, redistributor = machine.gicv3() && (offset >> 30 & 1) != 0;
        auto const extent = redistributor ? 2 * armv8::gicr::stride : static_cast<std::uint32_t>(abi::guest_map::gicd_size);
        MmioOp const op{.offset = offset % extent & ~(size - 1u), .size = size};
        MmioDevice& device = redistributor ? static_cast<MmioDevice&>(redistributors) : distributor;
        if (write) {
            auto const value = in.take<std::uint64_t>();
            device.write(current(), op, size == 8 ? value : value & ((1ull << (8 * size)) - 1));
        } else {
            device.read(current(), op);
        }
    }

    void guest_activity(std::uint8_t what) {
        auto& open = handled[current().index];
        if ((what & 1) != 0) {
            if (auto const got = host::guest_acknowledge()) open.push_back(got->intid);
        } else if (!open.empty()) {
            host::guest_end(open.back());
            open.pop_back();
        }
    }

    void switch_vcpu() {
        hw().counter += hw().frequency;
        sched::yield(current());
        run();
    }

    void step(Bytes& in) {
        auto const what = in.take<std::uint8_t>();
        switch (what & 7) {
            case 0:
            case 1:
            case 2: access(in); break;
            case 3: guest_activity(static_cast<std::uint8_t>(what >> 3)); break;
            case 4:
                vgic::set_line(current(), 16 + in.take<std::uint16_t>() % (abi::guest_map::intid_count - 16), (what & 8) != 0);
                break;
            case 5: hw().irq_pending.insert((what & 8) != 0 ? 79 : abi::guest_map::virtual_timer_intid); break;
            case 6: switch_vcpu(); break;
            default: vgic::raise(current(), in.take<std::uint16_t>() % abi::guest_map::intid_count); break;
        }
        for (int n = 0; n < 4 && irq::handle_one(cpu()); ++n) {
        }
        if (host::maintenance_pending()) vgic::on_maintenance(current());
        check();
    }

    void check() {
        std::set<std::uint32_t> spis;
        for (std::uint32_t i = 0; i < 2; ++i) check_vcpu(vcpu(0, i), spis);
        for (std::uint32_t intid = 32; intid < abi::guest_map::intid_count; ++intid)
            require(((vgic::bank(vcpu(), intid).listed & vgic::mask(intid)) != 0) == spis.contains(intid));
        for (std::uint32_t intid = 32; intid < abi::guest_map::intid_count; ++intid)
            require(vm().vgic.routed(intid) < 2 && vm().vgic.holder(intid) < 2);
    }
    /// A vCPU's own list registers: each interrupt once, and `listed` says so.
    static void check_vcpu(Vcpu& v, std::set<std::uint32_t>& spis) {
        std::uint32_t own = 0;
        for (std::uint32_t used = v.vgic.used; used != 0; used &= used - 1) {
            auto const intid = armv8::Lr::VIntid::get(v.vgic.lr[std::countr_zero(used)]);
            require(intid < abi::guest_map::intid_count);
            if (intid >= 32) {
                require(spis.insert(intid).second);
            } else {
                require((own & vgic::mask(intid)) == 0);
                own |= vgic::mask(intid);
            }
        }
        require(own == v.vgic.own.listed);
    }

    vdev::Distributor distributor;
    vdev::Redistributors redistributors;
    std::vector<std::uint32_t> handled[2];
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    Bytes in{{data, size}};
    auto const kind = in.take<std::uint8_t>();
    Machinery machinery{(kind & 1) != 0 ? abi::GicVersion::V2 : abi::GicVersion::V3, 2u + (kind >> 1 & 3)};
    while (!in.empty()) machinery.step(in);
    return 0;
}
