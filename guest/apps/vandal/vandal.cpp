// The peer that nobody wants: fills its half of a channel with garbage, some of it plausible, and rings without end. First it tries to write
// to the other half. Boot arguments:
//   vandal.channel=NAME  (default "post")
//   vandal.rounds=N      (default 10000)
//   vandal.seed=N
// Exit status 0: the other half could not be written.
#include "guest/sdk/app.hpp"
#include "guest/sdk/channel.hpp"
#include "guest/sdk/exception.hpp"

using namespace tiffin::sdk;
using tiffin::abi::RingHalf;

namespace {

constinit unsigned aborts = 0;

bool step_over(Frame& frame, FaultKind) {
    ++aborts;
    frame.pc += 4;
    return true;
}

/// Does stage 2 let this side write where only the peer should?
bool trespasses(ChannelPlace const& place) {
    auto const before = set_fault_hook(step_over);
    auto const was = mmio_read<std::uint64_t>(place.other());
    mmio_write<std::uint64_t>(place.other(), ~was);
    bool const changed = mmio_read<std::uint64_t>(place.other()) != was;
    set_fault_hook(before);
    return changed || aborts != 1;
}

class Vandal {
public:
    Vandal(ChannelPlace const& place, std::uint64_t seed)
        : own_{reinterpret_cast<std::uint32_t volatile*>(place.own())},
          other_{reinterpret_cast<RingHalf const volatile*>(place.other())},
          words_{static_cast<std::uint32_t>(place.half() / 4)},
          state_{seed * 2 + 1} {}

    void round() {
        if (random() % 4 == 0) return nonsense();
        plausible();
    }

private:
    std::uint32_t random() {  // Marsaglia, "Xorshift RNGs"
        state_ ^= state_ << 13, state_ ^= state_ >> 7, state_ ^= state_ << 17;
        return static_cast<std::uint32_t>(state_ >> 16);
    }
    void put(std::size_t offset, std::uint32_t value) { own_[offset / 4] = value; }
    /// A place in the ring, or almost one.
    std::uint32_t place() { return random() % 8 == 0 ? random() : random() % (words_ * 4) & ~7u; }

    void nonsense() {
        for (int n = 0; n < 8; ++n) put(random() % sizeof(RingHalf) & ~3u, random());
        for (int n = 0; n < 16; ++n) own_[random() % words_] = random();
    }
    /// The link comes up; what follows is lies.
    void plausible() {
        put(offsetof(RingHalf, magic), tiffin::abi::ring_magic);
        if (random() % 4 == 0) put(offsetof(RingHalf, session), random() | 1);
        put(offsetof(RingHalf, accepted), other_->session);
        for (int n = 0; n < 16; ++n) own_[(sizeof(RingHalf) + place()) / 4 % words_] = random() % 2 == 0 ? random() % 256 : 0;
        put(offsetof(RingHalf, head), place());
        put(offsetof(RingHalf, tail), place());
        put(offsetof(RingHalf, sleeps), random());
    }

    std::uint32_t volatile* own_;
    RingHalf const volatile* other_;
    std::uint32_t words_;
    std::uint64_t state_;
};

}  // namespace

unsigned app_main() {
    auto const& arguments = boot().arguments;
    auto const place = find_channel(boot().tree, argument(arguments, "vandal.channel").value_or("post"));
    if (!place) panic("there is no such channel");
    bool const trespassed = trespasses(*place);
    print("vandal: {}\n", trespassed ? "TRESPASSED" : "kept out of the other half");
    Vandal vandal{*place, argument(arguments, "vandal.seed", 1)};
    auto const rounds = argument(arguments, "vandal.rounds", 10'000);
    for (std::uint64_t n = 0; n < rounds; ++n) {
        vandal.round();
        mmio_write<std::uint32_t>(place->doorbell.base, 1);
        if (n % 4 == 0) hypercall::Yield();  // so that the other side sees it
    }
    print("vandal: {} rounds\n", rounds);
    return trespassed ? 1 : 0;
}
