// The mailbox through every interleaving: each access of what cores share is a step, and after each step any core may go on. The code
// is the hypervisor's own; only its atomics are these.
#include "core/smp/mailbox.hpp"

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <set>
#include <type_traits>
#include <ucontext.h>
#include <utility>
#include <vector>

namespace tiffin {
namespace {

/// Runs a few functions as cores, one step at a time, in an order that the caller gives.
class Cores {
public:
    explicit Cores(std::vector<std::function<void()>> programs) : programs_{std::move(programs)}, cores_(programs_.size()) {
        running_machine = this;
        for (Core& core : cores_) prepare(core, home_);
    }
    [[nodiscard]] bool done(std::size_t core) const { return cores_[core].done; }
    void step(std::size_t core) {
        running_ = core;
        see(3);
        swapcontext(&home_, &cores_[core].context);
    }
    /// All that decides what can still happen: what each core has seen so far, and what is shared.
    [[nodiscard]] std::vector<std::uint64_t> state() const {
        std::vector<std::uint64_t> all;
        for (Core const& core : cores_) all.push_back(core.seen);
        for (auto const& value : shared) all.push_back(value());
        return all;
    }
    /// The running core has learnt something.
    static void see(std::uint64_t value) {
        auto& seen = running_machine->cores_[running_machine->running_].seen;
        seen = (seen ^ value ^ 0x9e37'79b9'7f4a'7c15) * 0xff51'afd7'ed55'8ccd;
        seen ^= seen >> 32;
    }
    static inline std::vector<std::function<std::uint64_t()>> shared;

    /// A core has come to its next step.
    static void pause() { swapcontext(&running_machine->cores_[running_machine->running_].context, &running_machine->home_); }

private:
    struct Core {
        ucontext_t context{};
        std::unique_ptr<char[]> stack;
        std::uint64_t seen{0};
        bool done{false};
    };
    static constexpr std::size_t stack_bytes = 65536;
    static void prepare(Core& core, ucontext_t& home) {
        getcontext(&core.context);
        core.stack = std::make_unique_for_overwrite<char[]>(stack_bytes);
        core.context.uc_stack.ss_sp = core.stack.get();
        core.context.uc_stack.ss_size = stack_bytes;
        core.context.uc_link = &home;
        makecontext(&core.context, &Cores::enter, 0);
    }
    static inline Cores* running_machine{nullptr};
    static void enter() {
        auto& machine = *running_machine;
        auto const me = machine.running_;
        machine.programs_[me]();
        machine.cores_[me].done = true;
    }
    std::vector<std::function<void()>> programs_;
    std::vector<Core> cores_;
    ucontext_t home_{};
    std::size_t running_{0};
};

/// What cores share: every access is a step.
template <class T>
class Stepped {
public:
    Stepped(T value) : value_{value} {
        Cores::shared.emplace_back([this] { return bits_of(value_); });
    }
    Stepped(Stepped const&) = delete;
    Stepped& operator=(T value) {
        Cores::pause();
        value_ = value;
        Cores::see(1);
        return *this;
    }
    operator T() const { return load({}); }
    T load(std::memory_order) const {
        Cores::pause();
        return saw(value_);
    }
    T exchange(T value, std::memory_order) {
        Cores::pause();
        return saw(std::exchange(value_, value));
    }
    T fetch_or(T bits, std::memory_order) {
        Cores::pause();
        return saw(std::exchange(value_, value_ | bits));
    }
    bool compare_exchange_strong(T& expected, T wanted, std::memory_order, std::memory_order) {
        Cores::pause();
        if (value_ == expected) {
            value_ = wanted;
            Cores::see(1);
            return true;
        }
        expected = saw(value_);
        return false;
    }

private:
    static std::uint64_t bits_of(T value) {
        if constexpr (std::is_pointer_v<T>)
            return reinterpret_cast<std::uintptr_t>(value);
        else
            return value;
    }
    static T saw(T value) {
        Cores::see(bits_of(value));
        return value;
    }

    T value_;
};

struct Letter {
    template <class T>
    using Atomic = Stepped<T>;
    Stepped<std::uint32_t> requests{0};
    Stepped<Letter*> next{nullptr};
    std::uint32_t served{0};  // the reader's
};

/// One mailbox with its reader, and who posts into it.
struct Office {
    Letter letters[3];
    Mailbox<Letter> box;
    bool sgi{false};
    bool asleep{false};
    unsigned posters{0};

    void post(unsigned letter, std::uint32_t what) {
        if (!box.post(letters[letter], what)) return;
        Cores::pause();
        sgi = true;
    }
    /// Takes the interrupt whenever there is one; sleeps otherwise.
    void read(int most) {
        for (;;) {
            asleep = true;
            Cores::pause();
            if (!sgi && posters == 0) return;
            if (!sgi) continue;
            asleep = sgi = false;
            Cores::see(2);
            if (box.serve(most, [](Letter& letter, std::uint32_t requests) { letter.served |= requests; })) sgi = true;
        }
    }
};

using Program = std::function<void(Office&)>;

/// Runs `posters` beside a reader in every order of their steps; returns how many were tried to
/// the end, or to a state that another order had led to. In each what was posted must be served in the end, and the reader must find an end.
std::size_t try_all(std::vector<Program> const& posters, std::vector<std::uint32_t> const& wanted, int most) {
    std::vector<std::size_t> choices;  // of each step, among the cores that can go on
    std::set<std::vector<std::uint64_t>> known;
    for (std::size_t orders = 0;;) {
        auto const replayed = choices.size();
        Cores::shared.clear();
        Office office;
        office.posters = static_cast<unsigned>(posters.size());
        std::vector<std::function<void()>> programs;
        for (auto const& poster : posters)
            programs.emplace_back([&office, &poster] {
                poster(office);
                --office.posters;
            });
        programs.emplace_back([&office, most] { office.read(most); });
        Cores cores{std::move(programs)};
        auto const reader = posters.size();
        std::vector<std::size_t> options;
        bool seen_before = false;
        for (std::size_t n = 0; !seen_before; ++n) {
            std::vector<std::size_t> able;
            for (std::size_t i = 0; i < reader; ++i)
                if (!cores.done(i)) able.push_back(i);
            if (!cores.done(reader) && (!office.asleep || office.sgi || office.posters == 0)) able.push_back(reader);
            if (able.empty()) break;
            if (n > 200) {
                ADD_FAILURE() << "no end";
                return orders;
            }
            if (n == choices.size()) choices.push_back(0);
            options.push_back(able.size());
            cores.step(able[choices[n]]);
            if (n + 1 < replayed) continue;
            auto state = cores.state();
            for (unsigned flag : {unsigned{office.sgi}, unsigned{office.asleep}, office.posters}) state.push_back(flag);
            for (Letter const& letter : office.letters) state.push_back(letter.served);
            seen_before = !known.insert(std::move(state)).second;
        }
        choices.resize(options.size());
        ++orders;
        for (std::size_t i = 0; i < wanted.size() && !seen_before; ++i) {
            if (office.letters[i].served == wanted[i]) continue;
            ADD_FAILURE() << "letter " << i << ": served " << office.letters[i].served << " in order " << orders;
            return orders;
        }
        while (!choices.empty() && ++choices.back() == options[choices.size() - 1]) choices.pop_back();
        if (choices.empty()) return orders;
    }
}

TEST(Mailbox, TwoCoresThatAskForTheSameVcpuAreBothHeard) {
    auto const orders = try_all({[](Office& o) { o.post(0, 1); }, [](Office& o) { o.post(0, 2); }}, {3}, 2);
    EXPECT_GT(orders, 100u);
}

TEST(Mailbox, TwoCoresThatAskForTwoVcpusAreBothHeard) {
    auto const orders = try_all({[](Office& o) { o.post(0, 1); }, [](Office& o) { o.post(1, 2); }}, {1, 2}, 2);
    EXPECT_GT(orders, 300u);
}

TEST(Mailbox, WhatIsLeftBehindTheBoundIsServedNext) {
    auto const orders = try_all({[](Office& o) { o.post(0, 1); }, [](Office& o) { o.post(1, 2); }}, {1, 2}, 1);
    EXPECT_GT(orders, 300u);
}

TEST(Mailbox, AVcpuThatIsAskedAgainDoesNotLoseTheOneBehindIt) {
    auto const program = [](Office& o) {
        o.post(0, 1);
        o.post(1, 2);
        o.post(1, 4);
    };
    EXPECT_GT(try_all({program}, {1, 6}, 2), 50u);
    EXPECT_GT(try_all({program, [](Office& o) { o.post(0, 8); }}, {9, 6}, 2), 300u);
}

TEST(Mailbox, ACoreThatAsksAgainWhileItIsServedIsHeard) {
    auto const orders = try_all({[](Office& o) {
                                    o.post(0, 1);
                                    o.post(0, 2);
                                    o.post(0, 4);
                                }},
                                {7}, 1);
    EXPECT_GT(orders, 30u);
}

}  // namespace
}  // namespace tiffin
