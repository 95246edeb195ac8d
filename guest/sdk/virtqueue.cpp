#include "guest/sdk/virtqueue.hpp"

#include <atomic>

namespace tiffin::sdk {

namespace {

namespace virtio = abi::virtio;

/// What stands before it is seen by the device before what stands behind it, and the other way round. Devices are in the outer
/// shareable domain, which a fence of C++ does not reach.
void order() {
#ifdef __aarch64__
    asm volatile("dmb osh" : : : "memory");
#else
    std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

/// Read once, whatever the device does to it meanwhile.
template <class T>
T once(T const& from) {
    return const_cast<T const volatile&>(from);
}

}  // namespace

void Virtqueue::reset(std::uint16_t entries) {
    memory_ = {};
    chains_ = {};
    entries_ = free_count_ = entries;
    for (std::uint16_t i = 0; i < entries; ++i) next_[i] = i + 1u < entries ? i + 1 : none;
    free_ = entries == 0 ? none : 0;
    posted_ = available_ = used_ = 0;
    broken_ = false;
}

std::optional<std::uint16_t> Virtqueue::post(std::span<Piece const> chain) {
    if (chain.empty() || chain.size() > free_count_ || broken_) return std::nullopt;
    auto const head = free_;
    std::uint16_t last = none;
    std::uint32_t room = 0;
    for (auto const& piece : chain) {
        auto const at = free_;
        free_ = next_[at];
        auto const bytes = static_cast<std::uint32_t>(piece.bytes.size());
        auto const flags = static_cast<std::uint16_t>(piece.written ? virtio::descriptor_write : 0);
        memory_.descriptors[at] = {reinterpret_cast<std::uint64_t>(piece.bytes.data()), bytes, flags, 0};
        if (last != none) {
            memory_.descriptors[last].flags |= virtio::descriptor_next;
            memory_.descriptors[last].next = at;
        }
        room += piece.written ? bytes : 0;
        last = at;
    }
    next_[last] = none;
    free_count_ = static_cast<std::uint16_t>(free_count_ - chain.size());
    chains_[head] = {room, true};
    ++posted_;
    memory_.available.ring[available_ % entries_] = head;
    order();
    const_cast<std::uint16_t volatile&>(memory_.available.index) = ++available_;
    order();
    return head;
}

std::optional<Virtqueue::Done> Virtqueue::take() {
    auto const index = once(memory_.used.index);
    if (index == used_ || broken_) return std::nullopt;
    order();
    virtio::UsedElement const done{once(memory_.used.ring[used_ % entries_].id),
                                   once(memory_.used.ring[used_ % entries_].length)};
    auto const waiting = static_cast<std::uint16_t>(index - used_);
    broken_ = waiting > posted_ || done.id >= entries_ || !chains_[done.id].posted || done.length > chains_[done.id].room;
    if (broken_) return std::nullopt;
    ++used_;
    free(static_cast<std::uint16_t>(done.id));
    return Done{static_cast<std::uint16_t>(done.id), done.length};
}

void Virtqueue::free(std::uint16_t head) {
    chains_[head].posted = false;
    --posted_;
    auto last = head;
    for (++free_count_; next_[last] != none; last = next_[last]) ++free_count_;
    next_[last] = free_;
    free_ = head;
}

bool Virtqueue::wants_notification() const { return (once(memory_.used.flags) & virtio::no_notify) == 0; }

}  // namespace tiffin::sdk
