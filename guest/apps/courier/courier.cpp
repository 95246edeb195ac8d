// Sends messages to a peer over a channel, and checks those that it gets: both directions at once, lengths and content from a generator,
// a number and a checksum in each. Boot arguments:
//   courier.channel=NAME    (default "post")
//   courier.messages=N      each way (default 1000); both sides are told the same
//   courier.longest=N       bytes of the longest (default 200)
//   courier.lives=N         goes on until the peer has started anew N - 1 times, and counts anew each time (default 1)
//   courier.reset_after=N   starts itself anew when it has got N messages, in each of its lives (0, the default: never)
//   courier.endure=1        takes whatever comes, never sleeps, and ends when the peer has; =2: sleeps when there is nothing
//   courier.cached=1        turns the caches on
// Exit status 0: everything came, whole and in order.
#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"
#include "guest/sdk/channel.hpp"
#include "guest/sdk/letter.hpp"

using namespace tiffin::sdk;

TIFFIN_APP_STACK(8192);

namespace {

class Courier {
public:
    Courier(Channel& channel, std::uint64_t messages, std::size_t longest, bool quiet)
        : channel_{channel}, messages_{messages}, longest_{longest}, quiet_{quiet} {}

    /// One step both ways. False: nothing could be done.
    bool step() {
        bool const got = take(), gone = give();
        return got || gone;
    }
    [[nodiscard]] bool done() const { return sent_ == messages_ && received_ == messages_; }
    [[nodiscard]] std::uint64_t received() const { return received_; }
    [[nodiscard]] std::uint64_t lives() const { return lives_; }
    [[nodiscard]] std::uint64_t wrong() const { return wrong_; }
    [[nodiscard]] std::uint64_t corrupt() const { return corrupt_; }

private:
    bool give() {
        if (sent_ == messages_) return false;
        out_.write(sent_, longest_);
        auto const status = channel_.try_send(out_.bytes());
        notice_new_life();
        if (status != Channel::Status::Done) return false;
        ++sent_;
        return true;
    }
    bool take() {
        std::size_t size = 0;
        auto const status = channel_.try_receive(in_.room(), size);
        notice_new_life();
        if (status == Channel::Status::Wait || status == Channel::Status::Down) return false;
        if (status == Channel::Status::Corrupt) ++corrupt_;
        bool const whole = status == Channel::Status::Done && in_.is_whole(size, received_);
        if (!whole && wrong_++ < 5 && !quiet_)
            print("courier: WRONG: letter {} says {}, {} bytes\n", received_, in_.number(), size);
        ++received_;
        return true;
    }
    void notice_new_life() {
        auto const accepted = channel_.ring().accepted();
        if (accepted == life_) return;
        life_ = accepted;
        if (++lives_ > 1 && !quiet_)
            print("courier: the peer has started anew: {} sent and {} received in its last life\n", sent_, received_);
        sent_ = received_ = 0;
    }

    Channel& channel_;
    std::uint64_t messages_;
    std::size_t longest_;
    bool quiet_;
    std::uint64_t corrupt_{0};
    std::uint64_t sent_{0}, received_{0}, lives_{0}, wrong_{0};
    std::uint32_t life_{0};
    Letter in_, out_;
};

constinit Channel channel{};

/// Before anybody has written to it, as the machine starts: nothing of what the RAM held before.
bool is_zero(DeviceTree::Range memory) {
    auto const* const words = reinterpret_cast<std::uint64_t const volatile*>(memory.base);
    std::uint64_t all = 0;
    for (std::uint64_t i = 0; i < memory.size / 8; ++i) all |= words[i];
    return all == 0;
}

/// Whatever the peer does.
unsigned outlive(Courier& courier, bool sleeps) {
    while (channel.peer_runs()) {
        if (courier.step()) continue;
        if (sleeps)
            channel.wait();
        else
            hypercall::Yield();
    }
    print("courier: outlived its peer: {} lives, {} letters wrong, {} times corrupt, {} doorbells\n", courier.lives(),
          courier.wrong(), courier.corrupt(), channel.rings());
    return 0;
}

}  // namespace

unsigned app_main() {
    auto const& arguments = boot().arguments;
    auto const messages = argument(arguments, "courier.messages", 1000), lives = argument(arguments, "courier.lives", 1);
    auto const longest = argument(arguments, "courier.longest", 200), reset_after = argument(arguments, "courier.reset_after", 0);
    auto const name = argument(arguments, "courier.channel").value_or("post");
    if (argument(arguments, "courier.cached", 0) != 0) turn_caches_on();
    if (longest < Letter::least_bytes || longest > Letter::most_bytes) panic("courier.longest is not 24..2048");
    auto const place = find_channel(boot().tree, name);
    if (!place) panic("there is no such channel");
    print("courier: the memory {}\n", is_zero(place->memory) ? "is zero" : "has been written");
    if (!channel.open(name)) panic("the channel can't be opened");
    print("courier: alive, side {}, {} bytes\n", channel.place().side, channel.place().memory.size);
    auto const endure = argument(arguments, "courier.endure", 0);
    static Courier courier{channel, messages, longest, endure != 0};
    if (endure != 0) return outlive(courier, endure == 2);
    while (!courier.done() || courier.lives() < lives) {
        if (!courier.step()) channel.wait();
        if (reset_after != 0 && courier.received() >= reset_after) call(psci::system_reset);
    }
    print("courier: {} messages each way, {} wrong, {} doorbells\n", messages, courier.wrong(), channel.rings());
    return courier.wrong() == 0 ? 0 : 1;
}
