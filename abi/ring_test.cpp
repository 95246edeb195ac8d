// The ring between two sides that keep to the rules, one that does not, one that starts anew, and two threads.
#include "abi/ring.hpp"

#include <atomic>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

namespace tiffin::abi {
namespace {

using Bytes = std::vector<std::byte>;

/// A half in a block of its own, so that AddressSanitizer sees each step beyond its end.
class Half {
public:
    explicit Half(std::uint32_t size) : bytes_{static_cast<std::byte*>(::operator new(size, std::align_val_t{64}))} {
        std::memset(bytes_.get(), 0, size);
    }
    [[nodiscard]] std::byte* data() const { return bytes_.get(); }
    [[nodiscard]] RingHalf& words() const { return *reinterpret_cast<RingHalf*>(bytes_.get()); }

private:
    struct Delete {
        void operator()(std::byte* at) const { ::operator delete(at, std::align_val_t{64}); }
    };
    std::unique_ptr<std::byte, Delete> bytes_;
};

struct Pair {
    explicit Pair(std::uint32_t size = 256) : a{size}, b{size}, left{a.data(), b.data(), size}, right{b.data(), a.data(), size} {
        left.start();
        right.start();
        EXPECT_FALSE(left.link()) << "not accepted yet";
        EXPECT_FALSE(right.link()) << "it has just come";
        EXPECT_TRUE(right.link());
        EXPECT_TRUE(left.link());
    }
    Half a, b;
    Ring left, right;
};

Bytes message(std::size_t size, unsigned first) {
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::byte>(first++ & 0xff);
    return bytes;
}

/// What comes out, or what status says that nothing does.
struct Got {
    RingStatus status;
    Bytes bytes;
};
Got take(Ring& ring, std::size_t room = 4096) {
    Bytes into(room);
    std::size_t size = 0;
    auto const status = ring.receive(into, size);
    into.resize(status == RingStatus::Done ? size : 0);
    return {status, into};
}

TEST(Ring, MessagesOfEveryLengthComeWholeAndInOrderAroundTheEnd) {
    Pair pair;
    for (unsigned n = 0; n < 1000; ++n) {
        auto const sent = message(n % (pair.left.max_message() + 1), n);
        ASSERT_EQ(pair.left.send(sent), RingStatus::Done) << n;
        auto const got = take(pair.right);
        ASSERT_EQ(got.status, RingStatus::Done) << n;
        ASSERT_EQ(got.bytes, sent) << n;
        EXPECT_EQ(take(pair.right).status, RingStatus::Wait);
    }
}

TEST(Ring, AFullRingTakesNoMoreUntilSomethingIsRead) {
    Pair pair;
    unsigned sent = 0;
    while (pair.left.send(message(8, sent)) == RingStatus::Done) ++sent;
    EXPECT_EQ(sent, (256u - 64u) / 16u - 1u) << "a full ring is not an empty one";
    EXPECT_EQ(take(pair.right).bytes, message(8, 0));
    EXPECT_EQ(pair.left.send(message(8, sent)), RingStatus::Done);
    EXPECT_EQ(pair.left.send(message(8, sent)), RingStatus::Wait);
    for (unsigned n = 1; n <= sent; ++n) EXPECT_EQ(take(pair.right).bytes, message(8, n));
}

TEST(Ring, TheLongestMessageFitsAndAByteMoreDoesNot) {
    for (std::uint32_t size = 128; size <= 1024; size += 64) {
        Pair pair{size};
        auto const longest = pair.left.max_message();
        EXPECT_EQ(pair.left.send(message(longest + 1, 0)), RingStatus::TooLong);
        for (unsigned n = 0; n < 20; ++n) {
            ASSERT_EQ(pair.left.send(message(longest, n)), RingStatus::Done) << size;
            ASSERT_EQ(take(pair.right).bytes, message(longest, n)) << size;
        }
    }
}

TEST(Ring, NothingIsSentOrTakenBeforeBothHaveAccepted) {
    Half a{256}, b{256};
    Ring left{a.data(), b.data(), 256}, right{b.data(), a.data(), 256};
    left.start();
    EXPECT_EQ(left.send(message(8, 0)), RingStatus::Down);
    right.start();
    EXPECT_EQ(take(left).status, RingStatus::Down);
    EXPECT_EQ(take(left).status, RingStatus::Down) << "not accepted yet";
    EXPECT_EQ(right.send(message(8, 7)), RingStatus::Down) << "it has just come";
    EXPECT_EQ(right.send(message(8, 7)), RingStatus::Done);
    EXPECT_EQ(take(left).bytes, message(8, 7));
}

TEST(Ring, WhoeverStartsAnewFindsAnEmptyRingAndSoDoesItsPeer) {
    Pair pair;
    for (unsigned life = 0; life < 10; ++life) {
        for (unsigned n = 0; n < 3 + life; ++n) (void)pair.left.send(message(8, n)), (void)pair.right.send(message(16, n));
        take(pair.right);
        Ring& who = life % 2 == 0 ? pair.left : pair.right;
        Ring& other = life % 2 == 0 ? pair.right : pair.left;
        who = life % 2 == 0 ? Ring{pair.a.data(), pair.b.data(), 256} : Ring{pair.b.data(), pair.a.data(), 256};
        who.start();
        EXPECT_EQ(who.send(message(8, 0)), RingStatus::Down) << "the other one does not know yet";
        EXPECT_EQ(who.send(message(8, 0)), RingStatus::Down);
        auto const before = other.accepted();
        EXPECT_EQ(other.send(message(8, 50)), RingStatus::Down) << "meant for the last life";
        EXPECT_EQ(take(other).status, RingStatus::Wait) << "nothing of the last life";
        EXPECT_NE(other.accepted(), before);
        EXPECT_EQ(take(who).status, RingStatus::Wait);
        EXPECT_EQ(who.send(message(8, 100)), RingStatus::Done);
        EXPECT_EQ(take(other).bytes, message(8, 100));
    }
}

TEST(Ring, AMessageLongerThanTheBufferIsDroppedAndTheNextComes) {
    Pair pair;
    (void)pair.left.send(message(40, 1));
    (void)pair.left.send(message(8, 2));
    EXPECT_EQ(take(pair.right, 39).status, RingStatus::TooLong);
    EXPECT_EQ(take(pair.right, 8).bytes, message(8, 2));
}

TEST(Ring, APlaceThatIsNoneIsCorruptAndTheLinkComesUpAgain) {
    for (auto const place : {1u, 4u, 192u, 200u, ~0u, 0x8000'0000u}) {
        Pair pair;
        (void)pair.left.send(message(8, 1));
        pair.a.words().tail = place;
        EXPECT_EQ(take(pair.right).status, RingStatus::Corrupt) << place;
        EXPECT_EQ(take(pair.right).status, RingStatus::Down) << place;
        EXPECT_EQ(pair.left.send(message(8, 2)), RingStatus::Down) << "an honest side accepts the new session";
        EXPECT_EQ(pair.left.send(message(8, 2)), RingStatus::Done);
        EXPECT_EQ(take(pair.right).bytes, message(8, 2)) << place;
        pair.b.words().head = place;
        EXPECT_EQ(pair.left.send(message(8, 3)), RingStatus::Corrupt) << place;
    }
}

TEST(Ring, ALengthBeyondWhatIsThereIsCorrupt) {
    for (auto const length : {9ull, 16ull, 176ull, 192ull, 1ull << 31, (1ull << 32) - 8, (1ull << 32) + 8, ~0ull, ~7ull}) {
        Pair pair;
        (void)pair.left.send(message(8, 1));
        std::memcpy(pair.a.data() + 64, &length, 8);
        EXPECT_EQ(take(pair.right).status, RingStatus::Corrupt) << length;
    }
}

TEST(Ring, ASideThatIsNotThereIsDown) {
    Pair pair;
    pair.a.words().magic = 0;
    EXPECT_EQ(take(pair.right).status, RingStatus::Down);
    pair.a.words().magic = ring_magic;
    pair.a.words().session = 0;
    EXPECT_EQ(take(pair.right).status, RingStatus::Down);
}

TEST(Ring, OneBellForEachSleep) {
    Pair pair;
    pair.left.take_bell(), pair.right.take_bell();
    (void)pair.left.send(message(8, 0));
    EXPECT_FALSE(pair.left.take_bell()) << "the other side is awake";
    pair.right.will_sleep();
    (void)pair.left.send(message(8, 1));
    EXPECT_TRUE(pair.left.take_bell());
    (void)pair.left.send(message(8, 2));
    EXPECT_FALSE(pair.left.take_bell());
    pair.left.will_sleep();
    take(pair.right);
    EXPECT_TRUE(pair.right.take_bell()) << "there is room again";
}

TEST(Ring, AHostilePeerCanDoNothingButLoseMessages) {
    std::mt19937 random{1};
    for (int machine = 0; machine < 200; ++machine) {
        auto const size = static_cast<std::uint32_t>(128 + 64 * (random() % 4));
        Half own{size}, hostile{size};
        Ring ring{own.data(), hostile.data(), size};
        ring.start();
        for (int step = 0; step < 500; ++step) {
            auto& words = hostile.words();
            if (random() % 4 != 0) words.magic = ring_magic, words.accepted = own.words().session;
            std::uint32_t* const fields[] = {&words.session, &words.tail, &words.head, &words.sleeps, &words.accepted};
            *fields[random() % 5] = random() % 2 == 0 ? random() : random() % size & ~7u;
            auto const at = 64 + random() % (size - 64);
            hostile.data()[at] = static_cast<std::byte>(random());
            Bytes const before(hostile.data(), hostile.data() + size);
            Bytes into(random() % size);
            std::size_t got = 0;
            bool const done = ring.receive(into, got) == RingStatus::Done;
            EXPECT_TRUE(!done || got <= into.size());
            (void)ring.send(message(random() % (ring.max_message() + 2), 0));
            EXPECT_EQ(std::memcmp(before.data(), hostile.data(), size), 0) << "only its own half is written";
        }
    }
}

/// What a doorbell is between threads.
class Doorbell {
public:
    void ring() {
        rings_.fetch_add(1);
        rings_.notify_one();
    }
    void wait() {
        rings_.wait(seen_);
        seen_ = rings_.load();
    }

private:
    std::atomic<std::uint32_t> rings_{0};
    std::uint32_t seen_{0};
};

/// Sends and takes `count` messages, and sleeps when there is nothing to do; the numbers in them must be in order.
void exchange(Ring& ring, Doorbell& own, Doorbell& other, std::uint64_t count) {
    std::uint64_t sent = 0, received = 0, wrong = 0;
    auto const step = [&] {
        bool moved = false;
        if (sent < count) {
            std::uint64_t words[4] = {sent, sent * 3, sent * 5, sent * 7};
            auto const length = 8 * (1 + sent % 4);
            if (ring.send(std::as_bytes(std::span{words}).first(length)) == RingStatus::Done) ++sent, moved = true;
        }
        std::uint64_t words[4];
        std::size_t size = 0;
        if (ring.receive(std::as_writable_bytes(std::span{words}), size) == RingStatus::Done) {
            if (size != 8 * (1 + received % 4) || words[0] != received ||
                words[size / 8 - 1] != received * (size == 8 ? 1 : size / 8 * 2 - 1))
                ++wrong;
            ++received, moved = true;
        }
        if (ring.take_bell()) other.ring();
        return moved;
    };
    ring.start();
    other.ring();
    while (sent < count || received < count) {
        if (step()) continue;
        ring.will_sleep();
        if (!step()) own.wait();
    }
    EXPECT_EQ(wrong, 0u);
}

TEST(Ring, TwoThreadsThatSleepLoseNoMessageAndNoWakeUp) {
    Half a{256}, b{256};
    Ring left{a.data(), b.data(), 256}, right{b.data(), a.data(), 256};
    Doorbell of_left, of_right;
    std::thread other{[&] { exchange(right, of_right, of_left, 100'000); }};
    exchange(left, of_left, of_right, 100'000);
    other.join();
}

TEST(Ring, AReaderNeverSeesAMessageOfTwoLives) {
    Half a{256}, b{256};
    Ring reader{a.data(), b.data(), 256};
    reader.start();
    std::atomic<bool> over{false};
    std::thread writer{[&] {  // a life of ten messages, numbered, and anew
        for (std::uint64_t life = 1; life <= 20'000; ++life) {
            Ring ring{b.data(), a.data(), 256};
            ring.start();
            for (std::uint64_t n = 1; n <= 10;) {
                std::uint64_t const words[3] = {life, n, life ^ n};
                if (ring.send(std::as_bytes(std::span{words})) == RingStatus::Done)
                    ++n;
                else
                    std::this_thread::yield();
            }
        }
        over = true;
    }};
    std::uint64_t life = 0, number = 0, mixed = 0, again = 0, corrupt = 0, got = 0;
    while (!over) {
        std::uint64_t words[3] = {};
        std::size_t size = 0;
        auto const status = reader.receive(std::as_writable_bytes(std::span{words}), size);
        if (status == RingStatus::Corrupt) ++corrupt;
        if (status != RingStatus::Done) continue;
        ++got;
        if (size != 24 || words[2] != (words[0] ^ words[1])) ++mixed;
        if (words[0] < life || (words[0] == life && words[1] <= number)) ++again;
        life = words[0], number = words[1];
    }
    writer.join();
    EXPECT_EQ(corrupt, 0u) << "an honest peer";
    EXPECT_EQ(mixed, 0u);
    EXPECT_EQ(again, 0u) << "nothing comes twice, or from a life that is over";
    EXPECT_GT(got, 10'000u);
}

}  // namespace
}  // namespace tiffin::abi
