// A VM that gives other VMs random bytes, those of the hypervisor's TRNG (Arm DEN 0098, "Arm True Random Number Generator Firmware
// Interface").
#include <cstring>

#include "guest/drivers/entropy/entropy.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

TIFFIN_APP_STACK(16384);

namespace {

constexpr std::uint32_t trng_rnd64 = 0xc400'0053;
constexpr std::uint64_t bits_a_call = 192;

/// 24 bytes a call, as long as there are any.
std::size_t random(std::span<std::byte> into) {
    std::size_t done = 0;
    while (done < into.size()) {
        auto const answer = call(trng_rnd64, bits_a_call);
        if (answer.failed()) break;
        std::uint64_t const words[] = {answer.x1, answer.x2, answer.x3};
        auto const size = into.size() - done < sizeof words ? into.size() - done : sizeof words;
        std::memcpy(into.data() + done, words, size);
        done += size;
    }
    return done;
}

}  // namespace

unsigned app_main() {
    turn_caches_on();
    Server server{serve_calls()};
    entropy::Entropy service{random};
    server.run(service);
}
