// One split virtqueue as the device's side sees it (virtio 1.2, "Split Virtqueues"): three areas in the client's RAM, of which the client
// may change any byte at any time. So every field is read once, and what it says is checked where it is used.
//
//   descriptors  [size]                       what the client posts: chains of buffers
//   available    flags, index, ring[size], used event      heads of chains, written by the client
//   used         flags, index, ring[size], available event what is done, written here
//
// A request is out from take() to complete(). Who holds it is remembered here, so that a server which dies loses nothing: revive() gives
// its requests to the next one, in the order in which they were posted. Neither reset() nor revive() looks at each request.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "abi/serve.hpp"
#include "abi/virtio.hpp"
#include "base/addr.hpp"

namespace tiffin {
struct Vm;
}

namespace tiffin::virtio {

/// A chain that the server has, or had before it died.
struct Request {
    std::uint16_t head{0};   // descriptor at which the chain starts
    std::uint16_t tag{0};    // counts the uses of this place: an old handle does not fit
    std::uint32_t order{0};  // posted before those with a larger one
    std::uint32_t epoch{0};  // the queue's when it was posted; any other: this place is free
    std::uint32_t life{0};   // the server's to which it was given; any other: it is to be given again
};

/// One look at a descriptor (8-byte aligned) that the client may be changing.
inline abi::virtio::Descriptor read_descriptor(void const* at) {
    auto const* const words = static_cast<std::uint64_t const volatile*>(at);
    std::uint64_t const address = words[0], rest = words[1];
    return {.address = address,
            .length = static_cast<std::uint32_t>(rest),
            .flags = static_cast<std::uint16_t>(rest >> 32),
            .next = static_cast<std::uint16_t>(rest >> 48)};
}

class Queue {
public:
    /// What the driver sets before the queue is ready; addresses are guest-physical.
    struct Setup {
        std::uint64_t descriptors{0}, available{0}, used{0};
        std::uint32_t size{0};
    };

    Queue() = default;
    /// `requests` outlives it, and is as long as the queue may be.
    explicit Queue(std::span<Request> requests) : requests_{requests} { setup.size = max_size(); }

    Setup setup;

    /// Takes the rings into use. False if an area is misaligned, not RAM, or has never been written by the VM (drivers zero it).
    bool start(Vm& client, bool with_event_index);
    /// Forgets everything; handles of its requests fit no more.
    void reset();
    /// The server's requests are given anew, before later ones.
    void revive();

    [[nodiscard]] bool ready() const { return ready_; }
    /// The client has broken the rules: nothing more is taken until reset().
    [[nodiscard]] char const* broken() const { return broken_; }
    void break_it(char const* why) {
        if (broken_ == nullptr) broken_ = why;
    }
    [[nodiscard]] std::uint16_t max_size() const { return static_cast<std::uint16_t>(requests_.size()); }
    [[nodiscard]] std::uint16_t size() const { return size_; }

    /// The next request of the client: its place in the table; nothing if there is none, or the queue is broken.
    std::optional<std::uint16_t> take();
    /// The request at `place` if it is still what `tag` was given for; nullptr otherwise.
    [[nodiscard]] Request* find(std::uint16_t place, std::uint16_t tag);
    [[nodiscard]] Request const& at(std::uint16_t place) const { return requests_[place]; }
    /// Puts it into the used ring.
    void complete(Request& request, std::uint32_t written);

    /// Asks the client to notify of the next request. False if one has come meanwhile.
    bool arm();
    /// The client has notified, or might have: it need not, until arm().
    void disarm();
    [[nodiscard]] bool armed() const { return armed_; }

    /// Does the client want an interrupt for what was completed since the last one? Then that one is now.
    bool take_signal();

    /// The descriptor table, of size() entries.
    [[nodiscard]] std::byte const* descriptors() const { return descriptors_; }

private:
    std::optional<std::uint16_t> take_again();
    std::optional<std::uint16_t> take_new();
    [[nodiscard]] std::uint16_t posted() const;

    std::span<Request> requests_;
    std::byte const* descriptors_{nullptr};
    std::uint16_t* available_{nullptr};
    std::uint16_t* used_{nullptr};
    char const* broken_{nullptr};
    std::uint32_t order_{0};
    std::uint32_t epoch_{1};  // counts resets: what stems from an earlier one is over
    std::uint32_t life_{1};   // counts the server's lives
    std::uint16_t size_{0};
    std::uint16_t taken_{0};      // of the available ring, running freely
    std::uint16_t published_{0};  // of the used ring
    std::uint16_t signalled_{0};  // `published_` at the last interrupt
    std::uint16_t out_{0};        // requests that have been posted and are not done
    std::uint16_t again_{0};      // of those, how many are to be given again
    bool ready_{false}, event_index_{false}, armed_{false};
};

}  // namespace tiffin::virtio
