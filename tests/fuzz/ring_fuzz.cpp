// A ring whose peer is the fuzzer: it writes what it likes into its half between our calls. Whatever it does, we stay inside our half
// and our buffers (AddressSanitizer), and never write its half.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "abi/ring.hpp"

namespace {

using tiffin::abi::Ring;
using tiffin::abi::RingStatus;

constexpr std::uint32_t half = 192;

struct Block {
    std::byte* bytes{static_cast<std::byte*>(::operator new(half, std::align_val_t{64}))};
    Block() { std::memset(bytes, 0, half); }
    ~Block() { ::operator delete(bytes, std::align_val_t{64}); }
    Block(Block const&) = delete;
    Block& operator=(Block const&) = delete;
};

}  // namespace

/// Three bytes a step: what, where or how much, and a value.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    Block own, hostile;
    Ring ring{own.bytes, hostile.bytes, half};
    ring.start();
    for (; size >= 3; data += 3, size -= 3) {
        auto const place = data[1] % half & ~3u;
        std::vector<std::byte> buffer(data[1]), before(hostile.bytes, hostile.bytes + half);
        std::size_t got = 0;
        switch (data[0] % 6) {
            case 0: std::memset(hostile.bytes + place, data[2], 4); continue;
            case 1: {  // a small number, as most that mean something are
                std::uint32_t const value = data[2];
                std::memcpy(hostile.bytes + place, &value, 4);
                continue;
            }
            case 2: {  // the link comes up
                auto& words = *reinterpret_cast<tiffin::abi::RingHalf*>(hostile.bytes);
                words.magic = tiffin::abi::ring_magic;
                words.session = data[2];
                words.accepted = reinterpret_cast<tiffin::abi::RingHalf const*>(own.bytes)->session;
                continue;
            }
            case 3:
                if (ring.receive(buffer, got) == RingStatus::Done && got > buffer.size()) std::abort();
                break;
            case 4: (void)ring.send(buffer); break;
            default: ring.will_sleep(); break;
        }
        if (std::memcmp(before.data(), hostile.bytes, half) != 0) std::abort();
    }
    return 0;
}
