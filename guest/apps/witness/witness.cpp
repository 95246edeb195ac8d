// A VM that others' devices should not reach: marks each page of its RAM, sleeps for witness.ms=N, and looks whether all marks are there.
// Exit status 0: they are.
#include "guest/sdk/app.hpp"

using namespace tiffin::sdk;

namespace {

constexpr std::size_t page_words = 512;

void sleep(std::uint64_t ms) {
    interrupts::enable(timer::intid, 0, [](std::uint32_t, void*) { timer::cancel(); });
    auto const end = timer::now() + timer::from_us(1000 * ms);
    timer::set_deadline(end);
    while (timer::now() < end) wait_for_interrupt();
}

std::uint64_t mark(std::size_t at) { return 0x7a11'0000'0000'0000 | at; }

}  // namespace

unsigned app_main() {
    auto const spare = boot().spare;
    auto* const words = reinterpret_cast<std::uint64_t volatile*>(spare.data());
    auto const count = spare.size() / 8;
    // The page borders of guest and board are the same.
    auto const first = (page_words - reinterpret_cast<std::uint64_t>(words) / 8 % page_words) % page_words;
    for (auto at = first; at < count; at += page_words) words[at] = mark(at);
    print("witness: {} pages marked\n", (count - first) / page_words);
    sleep(argument(boot().arguments, "witness.ms", 1000));
    for (auto at = first; at < count; at += page_words)
        if (words[at] != mark(at)) return print("witness: CHANGED: page at {:x}\n", 8 * at), 1;
    print("witness: nothing has changed\n");
    return 0;
}
