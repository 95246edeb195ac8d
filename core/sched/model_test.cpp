// The scheduler against a model that is too slow and too simple to be wrong: a million random steps of machines with every kind of
// vCPU. Before each step the model says who may run, from states and accounts that it keeps itself.
#include <algorithm>
#include <gtest/gtest.h>
#include <random>

#include "core/testing.hpp"

namespace tiffin {
namespace {

using testing::Board;
using testing::VmSpec;

constexpr std::uint64_t us = 1000;  // a tick of the fake's counter is 1 us

/// What the model knows of a vCPU: whether it wants the core, since when, and every piece of budget that it has.
struct Model {
    Vcpu* v;
    VmSpec spec;
    bool wants{false};
    struct Piece {
        std::uint64_t at, ticks;
    };
    std::vector<Piece> pieces;  // unlike the hypervisor's list, of any length: that may give budget later, and never earlier

    [[nodiscard]] bool limited() const { return spec.budget_ns != 0; }
    [[nodiscard]] std::uint64_t there(std::uint64_t now) const {
        std::uint64_t sum = 0;
        for (auto const& p : pieces) sum += p.at <= now ? p.ticks : 0;
        return sum;
    }
    void want(std::uint64_t now) {
        wants = true;
        for (auto& p : pieces)
            if (p.at <= now) p.at = now;
    }
    /// Oldest first; each part comes back a period after its own time.
    void use(std::uint64_t ticks) {
        std::ranges::sort(pieces, {}, &Piece::at);
        std::vector<Piece> back;
        for (auto& p : pieces) {
            auto const used = std::min(ticks, p.ticks);
            p.ticks -= used, ticks -= used;
            if (used != 0) back.push_back({p.at + spec.period_ns / us, used});
        }
        pieces.insert(pieces.end(), back.begin(), back.end());
        std::erase_if(pieces, [](Piece const& p) { return p.ticks == 0; });
    }
};

class Machine {
public:
    Machine(std::vector<VmSpec> specs, unsigned seed) : board_{specs}, random_{seed} {
        for (std::size_t i = 0; i < specs.size(); ++i) {
            auto& m = models_.emplace_back(&board_.vcpu(i), specs[i]);
            if (m.limited()) m.pieces = {{0, specs[i].budget_ns / us}};
            m.want(now());
        }
        board_.hw().on_sleep = [this] { sleep(); };
        board_.boot();
        board_.run();
    }

    void step() {
        switch (random_() % 8) {
            case 0: block(); break;
            case 1: wake(); break;
            case 2: yield(); break;
            default: pass(); break;
        }
        check();
    }
    [[nodiscard]] std::vector<Model> const& models() const { return models_; }
    [[nodiscard]] std::uint64_t now() const { return board_.hw().counter; }

private:
    Model& current() { return *std::ranges::find(models_, board_.cpu().current, &Model::v); }
    /// Does the vCPU run in its own right, and not in the background?
    static bool in_right(Model const& m) { return !m.limited() || m.v->priority != 0; }

    void settle(std::uint64_t from) {
        if (board_.cpu().current != nullptr && current().limited() && charged_) current().use(now() - from);
    }

    /// Time goes on, up to the next deadline of EL2's timer.
    void pass() {
        auto const from = now();
        auto const end = std::min(board_.hw().deadline, from + 1 + random_() % 400);
        charged_ = board_.cpu().current != nullptr && in_right(current());
        board_.hw().counter = std::max(end, from);
        settle(from);
        if (board_.hw().deadline <= now()) board_.fire_deadline();
    }
    void block() {
        current().wants = false;
        sched::block(*current().v);
        board_.run();
    }
    void yield() {
        sched::yield(*current().v);
        board_.run();
    }
    void wake() {
        auto& m = models_[random_() % models_.size()];
        if (m.v->state != VcpuState::Blocked) return;
        m.want(now());
        sched::wake(*m.v);
        if (board_.cpu().need_resched) board_.run();
    }
    /// The core sleeps: nobody may want it and be allowed to have it. Time goes to EL2's deadline, or somebody is woken.
    void sleep() {
        for (auto const& m : models_)
            if (may_run(m)) throw std::logic_error{std::string{m.v->vm->name} + " was forgotten"};
        if (board_.hw().deadline != TimerQueue::never && random_() % 2 == 0) {
            board_.hw().counter = std::max(now(), board_.hw().deadline);
            board_.hw().irq_pending.insert(26);
            return;
        }
        auto& m = models_[random_() % models_.size()];
        if (m.wants) return;
        m.want(now());
        sched::wake(*m.v);
    }
    [[nodiscard]] bool may_run(Model const& m) const {
        return m.wants && (!m.limited() || m.spec.background || m.v->budget.usable(now()) != 0);
    }

    /// Nobody of higher standing waits; whoever runs wants to, and has the right.
    void check() {
        auto const& running = current();
        ASSERT_TRUE(running.wants);
        ASSERT_EQ(running.v->state, VcpuState::Running);
        if (running.limited() && in_right(running)) {
            ASSERT_GT(running.there(now()), 0u) << running.v->vm->name << " runs without budget";
        }
        for (auto const& m : models_) {
            if (&m == &running || !m.wants) continue;
            auto const standing = [&](Model const& x) {
                if (x.spec.policy != abi::Policy::Fixed) return 1u;
                return in_right(x) ? 2 + x.spec.priority : 0u;
            };
            if (m.v->waiting) {
                ASSERT_TRUE(m.limited() && m.v->budget.usable(now()) == 0) << m.v->vm->name << " waits, and has budget";
            } else {
                ASSERT_LE(standing(m), standing(running)) << m.v->vm->name << " waits behind " << running.v->vm->name;
            }
        }
    }

    Board board_;
    std::mt19937_64 random_;
    std::vector<Model> models_;
    bool charged_{false};
};

std::vector<VmSpec> some_vms(std::mt19937_64& random) {
    std::vector<VmSpec> specs;
    for (unsigned i = 0, count = 1 + random() % 6; i < count; ++i) {
        if (random() % 3 == 0) {
            specs.push_back({.weight = static_cast<std::uint32_t>(50 + random() % 200)});
            continue;
        }
        VmSpec spec{.policy = abi::Policy::Fixed, .priority = static_cast<std::uint32_t>(1 + random() % 5)};
        if (random() % 3 != 0) {
            spec.period_ns = (500 + random() % 3000) * us;
            spec.budget_ns = (50 + random() % 400) * us;
            spec.background = random() % 3 == 0;
        }
        specs.push_back(spec);
    }
    return specs;
}

TEST(SchedulerModel, AMillionRandomStepsBreakNoPromise) {
    std::mt19937_64 random{2026};
    for (unsigned machine_number = 0; machine_number < 500; ++machine_number) {
        Machine m{some_vms(random), machine_number};
        for (int n = 0; n < 2000; ++n) {
            m.step();
            if (HasFatalFailure()) FAIL() << "machine " << machine_number << ", step " << n;
        }
    }
}

}  // namespace
}  // namespace tiffin
