// Fills memory of its own with a pattern of its own, gives the core away, and looks whether the pattern is still there, many times. With
// more VMs than VMIDs, a translation that outlived its VM would show another one's pattern here. Boot arguments: keeper.pattern=N (each
// VM its own), keeper.rounds=N. Exit status 0: nothing was lost.
#include "guest/sdk/app.hpp"

using namespace tiffin::sdk;

namespace {

constexpr std::size_t pages = 4, words_a_page = 512;
alignas(4096) constinit std::uint64_t volatile kept[pages][words_a_page] = {};

std::uint64_t word(std::uint64_t pattern, std::uint64_t round, std::size_t page) { return pattern << 32 | round << 8 | page; }

/// One word in each page, another one each round: what matters is the translation, and that each round writes too.
void fill(std::uint64_t pattern, std::uint64_t round) {
    for (std::size_t page = 0; page < pages; ++page) kept[page][round % words_a_page] = word(pattern, round, page);
}

bool intact(std::uint64_t pattern, std::uint64_t round) {
    for (std::size_t page = 0; page < pages; ++page)
        if (kept[page][round % words_a_page] != word(pattern, round, page)) return false;
    return true;
}

}  // namespace

unsigned app_main() {
    auto const pattern = argument(boot().arguments, "keeper.pattern", 1);
    auto const rounds = argument(boot().arguments, "keeper.rounds", 100);
    for (std::uint64_t round = 0; round < rounds; ++round) {
        fill(pattern, round);
        hypercall::Yield();
        if (intact(pattern, round)) continue;
        print("keeper: LOST: pattern {} in round {}\n", pattern, round);
        return 1;
    }
    print("keeper: {} rounds, nothing lost\n", rounds);
    return 0;
}
