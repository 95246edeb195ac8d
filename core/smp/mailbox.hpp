// How one core asks another for something: lock-free, without waiting, and nothing asked is ever lost.
//
//   any core                                        the core whose mailbox it is
//   post: requests |= what                          SGI: serve: first -> nullptr
//         was it 0? then it is in no mailbox:       for each item: read next, then requests -> 0, then act
//         put it in front of the list
//         was the list empty? send an SGI
//
// An item is in at most one mailbox, once. `next` belongs to whoever moved `requests` from 0, until they are 0 again: the reader
// takes `next` first. mailbox_test.cpp runs this code through every interleaving of its steps.
#pragma once
#include <atomic>
#include <cstdint>

namespace tiffin {

template <class Item>
class Mailbox {
public:
    /// `item` has `requests` (atomic) and `next`. True: the core must be told, by an SGI.
    bool post(Item& item, std::uint32_t what) {
        if (item.requests.fetch_or(what, std::memory_order_acq_rel) != 0) return false;  // its sender is on the way
        Item* head = first_.load(std::memory_order_relaxed);
        do {
            item.next = head;
        } while (!first_.compare_exchange_strong(head, &item, std::memory_order_release, std::memory_order_relaxed));
        return head == nullptr;
    }
    /// Calls `act(item, requests)` for at most `most` items. True: there may be more, and the core must be told again. Only for the
    /// core whose mailbox it is.
    template <class Act>
    bool serve(int most, Act act) {
        for (int n = 0; n < most; ++n) {
            if (unread_ == nullptr) unread_ = first_.exchange(nullptr, std::memory_order_acquire);
            if (unread_ == nullptr) return false;
            Item& item = *unread_;
            unread_ = item.next;  // before its requests become 0: from then on another core may post it again
            act(item, item.requests.exchange(0, std::memory_order_acq_rel));
        }
        return true;
    }

private:
    typename Item::template Atomic<Item*> first_{nullptr};
    Item* unread_{nullptr};  // taken out, and not yet served; its core's alone
};

}  // namespace tiffin
