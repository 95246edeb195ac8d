// What a `fixed` vCPU may run of its core: a sporadic server. Budget that was used comes back one period after the time at which
// it was both there and wanted, so that to all others the vCPU is never worse than a task that needs `capacity` once in each
// `period`: Sprunt, Sha, Lehoczky, "Aperiodic Task Scheduling for Hard-Real-Time Systems" (1989). The list of pieces is that of
// seL4's mixed-criticality kernel (Lyons et al., "Scheduling-Context Capabilities", EuroSys 2018), which avoids what Stanovich et
// al. found wrong in POSIX's ("Defects of the POSIX Sporadic Server and How to Correct Them", RTAS 2010): a piece keeps its own
// time, and pieces are merged only towards the later one.
#pragma once
#include <cstdint>

namespace tiffin {

class Budget {
public:
    Budget() = default;
    /// Both in ticks; 0 < capacity <= period. Full from the start.
    Budget(std::uint64_t capacity, std::uint64_t period) : capacity_{capacity}, period_{period}, count_{1} {
        pieces_[0] = {0, capacity};
    }

    [[nodiscard]] bool limited() const { return capacity_ != 0; }
    [[nodiscard]] std::uint64_t capacity() const { return capacity_; }
    [[nodiscard]] std::uint64_t period() const { return period_; }

    /// How long it may run from `now` on before it has to ask again; 0: it has to wait until next().
    [[nodiscard]] std::uint64_t usable(std::uint64_t now) const {
        auto const& first = pieces_[first_];
        return first.at <= now ? first.amount : 0;
    }
    /// When the next piece is, or was, there.
    [[nodiscard]] std::uint64_t next() const { return pieces_[first_].at; }

    /// The vCPU becomes ready: all that is there is wanted from now on, and in one piece.
    void want(std::uint64_t now) {
        if (pieces_[first_].at > now) return;
        while (count_ > 1 && piece(1).at <= now) {
            piece(1).amount += pieces_[first_].amount;
            drop_first();
        }
        pieces_[first_].at = now;
    }

    /// Who can't begin with `least` or less waits until more is there: pieces that are too small join the later ones, and nothing comes early.
    void gather(std::uint64_t least) {
        while (count_ > 1 && pieces_[first_].amount <= least) {
            piece(1).amount += pieces_[first_].amount;
            drop_first();
        }
    }

    /// It ran for `ticks`. More than was usable (EL2 is not preempted) is taken from what comes next, which moves it on.
    void use(std::uint64_t ticks) {
        ticks = ticks < 2 * capacity_ ? ticks : 2 * capacity_;  // nothing at EL2 takes so long; a debugger may
        while (ticks != 0) {
            auto& first = pieces_[first_];
            auto const used = ticks < first.amount ? ticks : first.amount;
            auto const back = first.at + period_;
            ticks -= used;
            first.amount -= used;
            if (first.amount == 0) drop_first();
            give_back(back, used);
        }
    }

private:
    struct Piece {
        std::uint64_t at, amount;
    };
    static constexpr std::uint8_t max_pieces = 8;

    Piece& piece(unsigned n) { return pieces_[(first_ + n) % max_pieces]; }
    void drop_first() {
        first_ = (first_ + 1) % max_pieces;
        --count_;
    }
    void give_back(std::uint64_t at, std::uint64_t amount) {
        if (count_ != 0 && (count_ == max_pieces || piece(count_ - 1u).at == at)) {
            piece(count_ - 1u).at = at;  // the later of the two: nobody gets anything early
            piece(count_ - 1u).amount += amount;
        } else {
            piece(count_++) = {at, amount};
        }
    }

    std::uint64_t capacity_{0}, period_{0};
    Piece pieces_[max_pieces]{};  // a ring, ascending by `at`; the amounts add up to capacity_
    std::uint8_t first_{0}, count_{0};
};

}  // namespace tiffin
