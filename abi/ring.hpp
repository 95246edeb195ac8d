// A ring of messages in each direction over a channel's memory: one writer and one reader each, without locks, for two sides of which
// neither trusts the other. Both sides use this code: apps, Linux programs, tests, the fuzzer.
//
//   half 0, written by side 0                        half 1, written by side 1
//   +-------------------------------+ 0              +-------------------------------+ 0
//   | RingHalf                      |                | RingHalf                      |
//   +-------------------------------+ 64             +-------------------------------+ 64
//   | messages from side 0 to 1     |                | messages from side 1 to 0     |
//   +-------------------------------+ half           +-------------------------------+ half
//
//   a message, at a multiple of 8: 8 bytes of length, then the bytes, padded to a multiple of 8; it may wrap around the end
//
// A side only ever writes its own half (stage 2 sees to that), and keeps what it needs of it in private. Of the other half every word is
// read once and checked; a message is copied out before anybody looks at it. So a side that lies can make its peer lose messages and
// start the link anew, and nothing else.
//
// A link is up when each side has accepted the other's session. A side that starts anew takes the next session; the other one
// sees that, forgets what was on the way in both directions, and accepts it:
//
//   starting: accepted = 0, tail = head = 0, session = next     seeing another session: tail = head = 0, accepted = that session
//
// tail and head mean something only under the session that their side has accepted. A reader therefore looks at the sessions again when it
// has copied a message: if they have changed, what it copied may be of two lives, and is dropped.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tiffin::abi {

inline constexpr std::uint32_t ring_magic = 0x3147'4e52;  // "RNG1"

/// What a side tells the other.
struct alignas(64) RingHalf {
    std::uint32_t magic;     // ring_magic, once it is there
    std::uint32_t session;   // of its own; 0: not there yet
    std::uint32_t accepted;  // the other side's session that the next two belong to; 0: none
    std::uint32_t tail;      // in this half: where the next message goes
    std::uint32_t head;      // in the other half: where it reads next
    std::uint32_t sleeps;    // how often it has gone to sleep: ring once for each
    std::uint32_t reserved[10];
};
static_assert(sizeof(RingHalf) == 64);

enum class RingStatus : std::uint8_t {
    Done,
    Wait,     // no message, or no room for one
    Down,     // the other side is not there, or has not accepted this one yet, or has just started anew (see accepted())
    TooLong,  // the message does not fit: into the ring (not sent), or into the buffer (dropped)
    Corrupt   // the other side's words make no sense: the link starts anew
};

/// One side's view. Its memory must be 64-byte aligned; not to be used by two threads.
class Ring {
public:
    Ring() = default;
    /// `own` and `other` are halves of `bytes` each, a multiple of 64, at least 128.
    Ring(std::byte* own, std::byte const* other, std::uint32_t bytes)
        : own_{reinterpret_cast<RingHalf*>(own)},
          other_{reinterpret_cast<RingHalf const*>(other)},
          data_{own + sizeof(RingHalf)},
          other_data_{other + sizeof(RingHalf)},
          capacity_{bytes - static_cast<std::uint32_t>(sizeof(RingHalf))} {}

    /// Appears, or appears anew.
    void start() {
        session_ = load(own_->session) + 1;
        if (session_ == 0) session_ = 1;
        store(own_->accepted, 0);
        accepted_ = 0;
        rewind();
        store(own_->magic, ring_magic);
        store(own_->session, session_);
        bell_ = true;
    }

    /// Is the other side there? Accepts it if it has started anew, and says no once: what its last life was told, this one was not.
    bool link() {
        auto const session = load(other_->session);
        if (session == 0 || load(other_->magic) != ring_magic) return false;
        if (session == accepted_) return load(other_->accepted) == session_;
        accept(session);
        return false;
    }

    RingStatus send(std::span<std::byte const> message) {
        if (message.size() > max_message()) return RingStatus::TooLong;
        if (!link()) return RingStatus::Down;
        auto const head = load(other_->head);
        if (!is_place(head)) return give_up();
        auto const size = static_cast<std::uint32_t>(message.size());
        if (whole(size) + header_bytes > capacity_ - distance(head, tail_))
            return RingStatus::Wait;  // a full ring is not an empty one
        put_length(size);
        put(advance(tail_, header_bytes), message);
        tail_ = advance(tail_, whole(size));
        store(own_->tail, tail_);
        look_for_sleep();
        return RingStatus::Done;
    }

    /// The oldest message goes to `into`, and its length to `size`.
    RingStatus receive(std::span<std::byte> into, std::size_t& size) {
        if (!link()) return RingStatus::Down;
        auto const tail = load(other_->tail);
        if (tail == head_) return RingStatus::Wait;
        if (!is_place(tail)) return give_up();
        auto const there = distance(head_, tail);
        auto const length = get_length();
        if (length > max_message() || whole(static_cast<std::uint32_t>(length)) > there) return give_up();
        size = length;
        bool const fits = length <= into.size();
        if (fits) get(advance(head_, header_bytes), into.first(length));
        if (!is_still_linked()) return RingStatus::Down;
        head_ = advance(head_, whole(static_cast<std::uint32_t>(length)));
        store(own_->head, head_);
        look_for_sleep();
        return fits ? RingStatus::Done : RingStatus::TooLong;
    }

    /// Before it sleeps: the other side will ring when something has changed. What has changed before that must be looked at once more.
    void will_sleep() { store(own_->sleeps, ++sleeps_); }
    /// Is the other side to be rung for what was done since this was last asked?
    bool take_bell() {
        bool const bell = bell_;
        bell_ = false;
        return bell;
    }
    [[nodiscard]] std::uint32_t max_message() const { return capacity_ - 2 * header_bytes; }
    /// Of the other side; another one: it has started anew.
    [[nodiscard]] std::uint32_t accepted() const { return accepted_; }

private:
    static constexpr std::uint32_t header_bytes = 8;

    // Sequentially consistent, so that whoever writes and then looks for a sleeper, and whoever goes to sleep and then looks for what was
    // written, cannot miss each other.
    static std::uint32_t load(std::uint32_t const& word) { return __atomic_load_n(&word, __ATOMIC_SEQ_CST); }
    static void store(std::uint32_t& word, std::uint32_t value) { __atomic_store_n(&word, value, __ATOMIC_SEQ_CST); }

    /// Of a message with its header and padding.
    static std::uint32_t whole(std::uint32_t size) { return header_bytes + ((size + 7) & ~7u); }
    [[nodiscard]] bool is_place(std::uint32_t at) const { return at < capacity_ && at % 8 == 0; }
    [[nodiscard]] std::uint32_t advance(std::uint32_t at, std::uint32_t by) const {
        return by < capacity_ - at ? at + by : at + by - capacity_;
    }
    [[nodiscard]] std::uint32_t distance(std::uint32_t from, std::uint32_t to) const {
        return to >= from ? to - from : to + capacity_ - from;
    }

    void rewind() {
        tail_ = head_ = 0;
        store(own_->tail, 0);
        store(own_->head, 0);
    }
    void accept(std::uint32_t session) {
        rewind();
        accepted_ = session;
        store(own_->accepted, session);
        bell_ = true;
    }
    [[nodiscard]] bool is_still_linked() const {
        std::atomic_thread_fence(std::memory_order_acquire);  // what was copied was read before
        // In this order: a side that has started anew accepts this session again, but only under its own next one.
        return load(other_->accepted) == session_ && load(other_->session) == accepted_;
    }
    /// The other side's words make no sense; or it has just begun to start anew.
    RingStatus give_up() {
        if (!is_still_linked()) return RingStatus::Down;
        start();
        return RingStatus::Corrupt;
    }
    void look_for_sleep() {
        auto const sleeps = load(other_->sleeps);
        if (sleeps == rung_for_) return;
        rung_for_ = sleeps;
        bell_ = true;
    }

    void put_length(std::uint64_t length) {
        __atomic_store_n(reinterpret_cast<std::uint64_t*>(data_ + tail_), length, __ATOMIC_RELAXED);
    }
    [[nodiscard]] std::uint64_t get_length() const {
        return __atomic_load_n(reinterpret_cast<std::uint64_t const*>(other_data_ + head_), __ATOMIC_RELAXED);
    }
    void put(std::uint32_t at, std::span<std::byte const> bytes) {
        if (bytes.empty()) return;
        auto const before_end = bytes.size() < capacity_ - at ? bytes.size() : capacity_ - at;
        __builtin_memcpy(data_ + at, bytes.data(), before_end);
        __builtin_memcpy(data_, bytes.data() + before_end, bytes.size() - before_end);
    }
    void get(std::uint32_t at, std::span<std::byte> bytes) const {
        if (bytes.empty()) return;
        auto const before_end = bytes.size() < capacity_ - at ? bytes.size() : capacity_ - at;
        __builtin_memcpy(bytes.data(), other_data_ + at, before_end);
        __builtin_memcpy(bytes.data() + before_end, other_data_, bytes.size() - before_end);
    }

    RingHalf* own_{nullptr};
    RingHalf const* other_{nullptr};
    std::byte* data_{nullptr};
    std::byte const* other_data_{nullptr};
    std::uint32_t capacity_{0};
    std::uint32_t session_{0}, accepted_{0}, tail_{0}, head_{0}, sleeps_{0}, rung_for_{0};
    bool bell_{false};
};

}  // namespace tiffin::abi
