// Sends messages to a peer over a channel, and checks those that it gets: both directions at once, lengths and content from a generator,
// a number and a checksum in each. Boot arguments:
//   courier.channel=NAME    (default "post")
//   courier.messages=N      each way (default 1000); both sides are told the same
//   courier.longest=N       bytes of the longest (default 200)
//   courier.lives=N         goes on until the peer has started anew N - 1 times, and counts anew each time (default 1)
//   courier.reset_after=N   starts itself anew when it has got N messages, in each of its lives (0, the default: never)
//   courier.cached=1        turns the caches on
// Exit status 0: everything came, whole and in order.
#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"
#include "guest/sdk/channel.hpp"

using namespace tiffin::sdk;

TIFFIN_APP_STACK(8192);

namespace {

constexpr std::size_t most_words = 256;

/// Number, words, checksum.
struct Message {
    std::uint64_t words[most_words];
    std::size_t count;

    [[nodiscard]] std::span<std::byte const> bytes() const { return std::as_bytes(std::span{words, count}); }
};

std::uint64_t mixed(std::uint64_t z) {  // splitmix64
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
}

std::uint64_t checksum(std::uint64_t const* words, std::size_t count) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum = mixed(sum ^ words[i]);
    return sum;
}

void write(Message& m, std::uint64_t number, std::size_t longest) {
    auto const words = longest / 8;
    m.count = 2 + mixed(number) % (words - 1);
    m.words[0] = number;
    for (std::size_t i = 1; i + 1 < m.count; ++i) m.words[i] = mixed(number << 20 | i);
    m.words[m.count - 1] = checksum(m.words, m.count - 1);
}

class Courier {
public:
    Courier(Channel& channel, std::uint64_t messages, std::size_t longest)
        : channel_{channel}, messages_{messages}, longest_{longest} {}

    /// One step both ways. False: nothing could be done.
    bool step() {
        bool const got = take(), gone = give();
        return got || gone;
    }
    [[nodiscard]] bool done() const { return sent_ == messages_ && received_ == messages_; }
    [[nodiscard]] std::uint64_t received() const { return received_; }
    [[nodiscard]] std::uint64_t lives() const { return lives_; }
    [[nodiscard]] std::uint64_t wrong() const { return wrong_; }

private:
    bool give() {
        if (sent_ == messages_) return false;
        write(out_, sent_, longest_);
        auto const status = channel_.try_send(out_.bytes());
        notice_new_life();
        if (status != Channel::Status::Done) return false;
        ++sent_;
        return true;
    }
    bool take() {
        std::size_t size = 0;
        auto const status = channel_.try_receive(std::as_writable_bytes(std::span{in_.words}), size);
        notice_new_life();
        if (status == Channel::Status::Wait || status == Channel::Status::Down) return false;
        in_.count = size / 8;
        check(status);
        return true;
    }
    void check(Channel::Status status) {
        bool const whole = status == Channel::Status::Done && in_.count >= 2 &&
                           in_.words[in_.count - 1] == checksum(in_.words, in_.count - 1) && in_.words[0] == received_;
        ++received_;
        if (whole) return;
        if (wrong_++ < 5) print("courier: WRONG: message {} says {}, {} words\n", received_ - 1, in_.words[0], in_.count);
    }
    void notice_new_life() {
        auto const accepted = channel_.ring().accepted();
        if (accepted == life_) return;
        life_ = accepted;
        if (++lives_ > 1)
            print("courier: the peer has started anew: {} sent and {} received in its last life\n", sent_, received_);
        sent_ = received_ = 0;
    }

    Channel& channel_;
    std::uint64_t messages_;
    std::size_t longest_;
    std::uint64_t sent_{0}, received_{0}, lives_{0}, wrong_{0};
    std::uint32_t life_{0};
    Message in_{}, out_{};
};

constinit Channel channel{};

}  // namespace

unsigned app_main() {
    auto const& arguments = boot().arguments;
    auto const messages = argument(arguments, "courier.messages", 1000), lives = argument(arguments, "courier.lives", 1);
    auto const longest = argument(arguments, "courier.longest", 200), reset_after = argument(arguments, "courier.reset_after", 0);
    auto const name = argument(arguments, "courier.channel").value_or("post");
    if (argument(arguments, "courier.cached", 0) != 0) turn_caches_on();
    if (longest < 24 || longest > most_words * 8) panic("courier.longest is not 24..2048");
    if (!channel.open(name)) panic("there is no such channel");
    print("courier: alive, side {}, {} bytes\n", channel.place().side, channel.place().memory.size);
    static Courier courier{channel, messages, longest};
    while (!courier.done() || courier.lives() < lives) {
        if (!courier.step()) channel.wait();
        if (reset_after != 0 && courier.received() >= reset_after) call(psci::system_reset);
    }
    print("courier: {} messages each way, {} wrong, {} doorbells\n", messages, courier.wrong(), channel.rings());
    return courier.wrong() == 0 ? 0 : 1;
}
