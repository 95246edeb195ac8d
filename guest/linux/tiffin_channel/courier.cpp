// The courier (guest/apps/courier) for Linux: exchanges messages with a peer over /dev/tiffin-NAME, and checks them.
//   tiffin-courier NAME MESSAGES [LONGEST]
// Counts anew when the peer starts anew. Exit status 0: everything came, whole and in order.
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/ring.hpp"
#include "guest/sdk/letter.hpp"

namespace {

using tiffin::abi::Ring;
using tiffin::abi::RingStatus;
using tiffin::sdk::Letter;

[[noreturn]] void fail(std::string const& what) {
    std::perror(("courier: " + what).c_str());
    std::exit(2);
}

std::uint64_t attribute(std::string const& name, char const* which) {
    auto const path = "/sys/class/misc/tiffin-" + name + "/" + which;
    std::FILE* const file = std::fopen(path.c_str(), "r");
    unsigned long long value = 0;
    if (file == nullptr || std::fscanf(file, "%llu", &value) != 1) fail(path);
    std::fclose(file);
    return value;
}

/// The device: memory mapped as the module allows it, and doorbells.
class Channel {
public:
    explicit Channel(std::string const& name) : file_{open(("/dev/tiffin-" + name).c_str(), O_RDWR | O_NONBLOCK)} {
        if (file_ < 0) fail("/dev/tiffin-" + name);
        auto const half = attribute(name, "size") / 2, side = attribute(name, "side");
        ring = Ring{map(half, side, PROT_READ | PROT_WRITE), map(half, 1 - side, PROT_READ), static_cast<std::uint32_t>(half)};
        ring.start();
        ring_if_needed();
    }
    void ring_if_needed() {
        char const byte = 1;
        if (ring.take_bell() && write(file_, &byte, 1) != 1) fail("ringing");
    }
    /// Until a doorbell comes. What was rung before the last read of the count is over.
    void sleep() {
        pollfd wanted{file_, POLLIN, 0};
        if (poll(&wanted, 1, -1) < 0) fail("poll");
        forget_doorbells();
    }
    void forget_doorbells() {
        std::uint32_t rings = 0;
        while (read(file_, &rings, sizeof rings) == sizeof rings) doorbells = rings;
    }

    Ring ring;
    std::uint32_t doorbells{0};

private:
    [[nodiscard]] std::byte* map(std::uint64_t half, std::uint64_t number, int rights) const {
        void* const at = mmap(nullptr, half, rights, MAP_SHARED, file_, static_cast<off_t>(number * half));
        if (at == MAP_FAILED) fail("mmap");
        return static_cast<std::byte*>(at);
    }
    int file_;
};

struct Counts {
    std::uint64_t sent{0}, received{0}, wrong{0};
    std::uint32_t life{0};
};

/// What was on the way to or from the peer's last life is lost.
void notice_new_life(Channel const& channel, Counts& counts) {
    if (channel.ring.accepted() == counts.life) return;
    if (counts.life != 0)
        std::printf("courier: the peer has started anew: %llu sent and %llu received in its last life\n",
                    static_cast<unsigned long long>(counts.sent), static_cast<unsigned long long>(counts.received));
    counts = {.sent = 0, .received = 0, .wrong = counts.wrong, .life = channel.ring.accepted()};
}

/// One step both ways. False: nothing could be done.
bool step(Channel& channel, Counts& counts, std::uint64_t messages, std::size_t longest) {
    static Letter in, out;
    bool moved = false;
    if (counts.sent < messages) {
        out.write(counts.sent, longest);
        auto const sent = channel.ring.send(out.bytes());
        notice_new_life(channel, counts);
        if (sent == RingStatus::Done) ++counts.sent, moved = true;
    }
    std::size_t size = 0;
    auto const status = channel.ring.receive(in.room(), size);
    notice_new_life(channel, counts);
    if (status != RingStatus::Wait && status != RingStatus::Down) {
        if (status != RingStatus::Done || !in.is_whole(size, counts.received)) ++counts.wrong;
        ++counts.received, moved = true;
    }
    channel.ring_if_needed();
    return moved;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) return std::fprintf(stderr, "usage: tiffin-courier NAME MESSAGES [LONGEST]\n"), 2;
    auto const messages = std::strtoull(argv[2], nullptr, 10);
    auto const longest = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 200;
    Channel channel{argv[1]};
    Counts counts;
    while (counts.sent < messages || counts.received < messages) {
        if (step(channel, counts, messages, longest)) continue;
        channel.ring.will_sleep();
        if (!step(channel, counts, messages, longest)) channel.sleep();
    }
    std::printf("courier: %llu messages each way, %llu wrong, %u doorbells\n", messages,
                static_cast<unsigned long long>(counts.wrong), channel.doorbells);
    return counts.wrong == 0 ? 0 : 1;
}
