// Thousands of random steps against a reference that knows no list registers: what is pending is a set, what is handled is a
// stack. Nothing may be lost, doubled, or taken out of order, whoever has the core in between.
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

#include "armv8/gic.hpp"
#include "core/testing.hpp"
#include "vdev/gic/gic.hpp"

namespace tiffin {
namespace {

namespace gicd = armv8::gicd;
using testing::Board;

/// One VM's SPIs 32..71 (even: edge, odd: level) as the manual describes them, for one vCPU.
struct Reference {
    struct Irq {
        bool edge, enabled{false}, line{false}, latch{false}, active{false};
        std::uint8_t priority{0xa0};
        [[nodiscard]] bool pending() const { return latch || (!edge && line); }
    };
    std::map<std::uint32_t, Irq> irqs;
    std::vector<std::uint32_t> handling;

    /// What an acknowledge must give; 1023 for nothing.
    [[nodiscard]] std::uint32_t next() const {
        std::uint32_t best = armv8::spurious_intid;
        for (auto const& [intid, irq] : irqs)
            if (irq.enabled && irq.pending() && !irq.active &&
                (best == armv8::spurious_intid || irq.priority < irqs.at(best).priority))
                best = intid;
        if (best == armv8::spurious_intid || handling.empty()) return best;
        return irqs.at(best).priority < running_priority() ? best : armv8::spurious_intid;
    }
    std::vector<std::uint8_t> running;
    [[nodiscard]] std::uint8_t running_priority() const { return running.back(); }
};

struct Model : Board {
    Model(unsigned seed, abi::GicVersion version, std::uint32_t list_registers)
        : Board{{{}, {}}, version, list_registers}, random{seed}, v{vcpu(0)} {
        boot();
        enter(v);
        for (std::uint32_t intid = first; intid < last; ++intid) {
            reference.irqs[intid] = {.edge = intid % 2 == 0};
            testing::enable(v, intid, 0xa0, intid % 2 == 0);
            vgic::bank(v, intid).enabled = 0;
        }
        put(gicd::ctlr, 3);
    }
    static constexpr std::uint32_t first = 32, last = 72;

    void put(std::uint32_t offset, std::uint32_t value, std::uint8_t size = 4) {
        distributor.write(v, {offset, size}, value);
        maintain();
    }
    std::uint32_t any() { return first + random() % (last - first); }
    static std::uint32_t word(std::uint32_t bank, std::uint32_t intid) { return bank + intid / 32 * 4; }

    void step() {
        auto const intid = any();
        auto& irq = reference.irqs[intid];
        switch (random() % 12) {
            case 0: irq.enabled = true; return put(word(gicd::isenabler, intid), vgic::mask(intid));
            case 1:
                if (random() % 4 != 0) return;
                irq.enabled = false;
                return put(word(gicd::icenabler, intid), vgic::mask(intid));
            case 2:
                if (irq.active) return;  // the running priority would stay the old one
                irq.priority = static_cast<std::uint8_t>(random() % 32 * 8);
                return put(gicd::ipriorityr + intid, irq.priority, 1);
            case 3:
            case 4: return set_line(intid, irq, true);
            case 5: return set_line(intid, irq, false);
            case 6:
                if (!irq.edge) return;
                irq.latch = true;
                return put(word(gicd::ispendr, intid), vgic::mask(intid));
            case 7:
                if (!irq.edge) return;
                irq.latch = false;
                return put(word(gicd::icpendr, intid), vgic::mask(intid));
            case 8:
            case 9: return acknowledge();
            case 10: return end();
            default: return leave_and_come_back(intid, irq);
        }
    }

    void set_line(std::uint32_t intid, Reference::Irq& irq, bool high) {
        if (irq.edge && high && !irq.line) irq.latch = true;
        irq.line = high;
        vgic::set_line(v, intid, high);
        maintain();
    }
    void acknowledge() {
        auto const expected = reference.next();
        auto const got = host::guest_acknowledge();
        ASSERT_EQ(got ? got->intid : armv8::spurious_intid, expected);
        if (got) {
            auto& irq = reference.irqs[expected];
            irq.latch = false;
            irq.active = true;
            reference.handling.push_back(expected);
            reference.running.push_back(irq.priority);
        }
        maintain();
    }
    void end() {
        if (reference.handling.empty()) return;
        auto const intid = reference.handling.back();
        reference.handling.pop_back(), reference.running.pop_back();
        reference.irqs[intid].active = false;
        host::guest_end(intid);
        maintain();
    }
    /// Another VM has the core while something changes.
    void leave_and_come_back(std::uint32_t intid, Reference::Irq& irq) {
        enter(vcpu(1));
        set_line(intid, irq, random() % 2 != 0);
        enter(v);
        maintain();
    }
    /// What `listed` says must be what the list registers hold, and none is held twice.
    void check_listed() {
        std::set<std::uint32_t> seen;
        vgic::pull(v);
        for (std::uint32_t used = v.vgic.used; used != 0; used &= used - 1) {
            auto const intid = armv8::Lr::VIntid::get(v.vgic.lr[std::countr_zero(used)]);
            ASSERT_TRUE(seen.insert(intid).second) << intid << " is in two list registers";
        }
        for (std::uint32_t intid = first; intid < last; ++intid)
            ASSERT_EQ((vgic::bank(v, intid).listed & vgic::mask(intid)) != 0, seen.contains(intid)) << intid;
    }
    /// What the distributor says must be what the reference has.
    void check_registers() {
        for (std::uint32_t bank = 32; bank < last; bank += 32) {
            std::uint32_t pending = 0, active = 0;
            for (auto const& [intid, irq] : reference.irqs) {
                if (intid / 32 * 32 != bank) continue;
                pending |= irq.pending() ? vgic::mask(intid) : 0;
                active |= irq.active ? vgic::mask(intid) : 0;
            }
            ASSERT_EQ(distributor.read(v, {word(gicd::ispendr, bank), 4}), pending) << bank;
            ASSERT_EQ(distributor.read(v, {word(gicd::isactiver, bank), 4}), active) << bank;
        }
    }
    void drain() {
        for (int n = 0; n < 500 && (!reference.handling.empty() || reference.next() != armv8::spurious_intid); ++n) {
            for (std::uint32_t intid = first; intid < last; ++intid) set_line(intid, reference.irqs[intid], false);
            acknowledge();
            if (::testing::Test::HasFatalFailure()) return;
            end();
        }
        EXPECT_FALSE(host::guest_is_interrupted());
    }

    std::mt19937 random;
    Vcpu& v;
    vdev::Distributor distributor;
    Reference reference;
};

class VgicModel : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(VgicModel, NothingIsLostDoubledOrOutOfOrder) {
    for (auto version : {abi::GicVersion::V3, abi::GicVersion::V2}) {
        for (unsigned seed = 0; seed < 6; ++seed) {
            Model model{seed, version, GetParam()};
            for (int n = 0; n < 4000; ++n) {
                SCOPED_TRACE(::testing::Message()
                             << "seed " << seed << " step " << n << " GICv" << static_cast<unsigned>(version));
                model.step();
                if (n % 16 == 0) model.check_listed();
                if (n % 8 == 3) model.check_registers();
                if (HasFatalFailure()) return;
            }
            model.drain();
        }
    }
}

INSTANTIATE_TEST_SUITE_P(ListRegisters, VgicModel, ::testing::Values(2u, 4u, 16u));

}  // namespace
}  // namespace tiffin
