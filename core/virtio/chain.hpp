// The buffers of one request: a chain of descriptors, maybe with the rest of it in an indirect table (virtio 1.2, "The Virtqueue Descriptor
// Table", "Indirect Descriptors"). Each descriptor is read once, when its turn comes. Whatever the client writes, a walk ends after as many
// buffers as the queue has entries.
#pragma once
#include <cstdint>

#include "core/virtio/queue.hpp"

namespace tiffin::virtio {

struct Buffer {
    Ipa at{0};
    std::uint32_t length{0};
    bool writable{false};  // by the device
};

class Chain {
public:
    Chain(Vm& client, Queue const& queue, std::uint16_t head)
        : client_{&client}, entries_{queue.descriptors()}, count_{queue.size()}, next_{head}, left_{queue.size()} {}

    /// The next buffer into `buffer`. False at the end, or where the chain breaks a rule (broken()).
    bool next(Buffer& buffer) {
        if (ended_) return false;
        if (left_ == 0) [[unlikely]]
            return fail("a chain is longer than its queue");
        if (next_ >= count_) [[unlikely]]
            return fail("a chain leaves its table");
        return take(read_descriptor(entries_ + 16ull * next_), buffer);
    }
    /// Passes over buffers that are not `writable`, or are and end before `offset`, which is less by those: as far as that is simple.
    void skip(bool writable, std::uint64_t& offset);
    /// What is wrong with it; nullptr: nothing so far.
    [[nodiscard]] char const* broken() const { return broken_; }

private:
    [[gnu::noinline]] bool fail(char const* why) { return broken_ = why, false; }
    bool enter_table(abi::virtio::Descriptor const& d);

    bool take(abi::virtio::Descriptor const& d, Buffer& buffer) {
        if ((d.flags & abi::virtio::descriptor_indirect) != 0) [[unlikely]]
            return enter_table(d) && next(buffer);
        bool const writable = (d.flags & abi::virtio::descriptor_write) != 0;
        if (writable_ && !writable) [[unlikely]]
            return fail("a readable buffer follows a writable one");
        writable_ = writable;
        ended_ = (d.flags & abi::virtio::descriptor_next) == 0;
        next_ = d.next;
        --left_;
        buffer = {.at = Ipa{d.address}, .length = d.length, .writable = writable};
        return true;
    }

    Vm* client_;
    std::byte const* entries_;  // of the table that the walk is in, where EL2 reaches them:
    std::uint32_t count_;       // so many
    bool in_table_{false};      // it is an indirect one
    char const* broken_{nullptr};
    std::uint16_t next_;
    std::uint16_t left_;    // buffers that may still come
    bool ended_{false};     // the last one has been given
    bool writable_{false};  // a buffer for the device to write has been seen
};

/// Bytes of a whole request, and whether its chain keeps the rules.
struct Extent {
    std::uint64_t readable{0}, writable{0};
    char const* broken{nullptr};
};
Extent measure(Vm& client, Queue const& queue, std::uint16_t head);

/// Copies between `server`'s memory at `buffer` and the readable (or the writable) part of the request, from `offset` in that part on.
/// Returns the bytes copied: fewer than asked at the part's end, where a range leaves RAM, or where a page had to be copied first.
std::uint64_t read(Vm& client, Queue const& queue, std::uint16_t head, std::uint64_t offset, Vm& server, Ipa buffer,
                   std::uint64_t bytes);
std::uint64_t write(Vm& client, Queue const& queue, std::uint16_t head, std::uint64_t offset, Vm& server, Ipa buffer,
                    std::uint64_t bytes);

/// Reads the readable part of the request from `offset` on, each byte once, into EL2's own copy. False if there is less, or in pieces too
/// small for one call.
bool read_once(Vm& client, Queue const& queue, std::uint16_t head, std::uint64_t offset, void* into, std::uint64_t bytes);

}  // namespace tiffin::virtio
