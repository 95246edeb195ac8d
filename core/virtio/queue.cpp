#include "core/virtio/queue.hpp"

#include "base/result.hpp"
#include "core/mem/guest_memory.hpp"

namespace tiffin::virtio {
namespace {

namespace v = abi::virtio;

// Offsets in 16-bit words of the available and the used ring.
constexpr std::size_t flags = 0, index = 1, ring = 2;

/// The client, or the core that it runs on, may write at the same time: one load, one store.
std::uint16_t load(std::uint16_t const* at) { return __atomic_load_n(at, __ATOMIC_ACQUIRE); }
void store(std::uint16_t* at, std::uint16_t value) {  // NOLINT(readability-non-const-parameter): the builtin writes
    __atomic_store_n(at, value, __ATOMIC_RELEASE);
}

/// "Used Buffer Notification Suppression": has the index passed `event` on its way from `before` to `now`?
constexpr bool passed(std::uint16_t event, std::uint16_t now, std::uint16_t before) {
    return static_cast<std::uint16_t>(now - event - 1) < static_cast<std::uint16_t>(now - before);
}
static_assert(passed(3, 4, 3) && !passed(4, 4, 3) && passed(0xffff, 0, 0xffff) && passed(5, 9, 4));

}  // namespace

bool Queue::start(Vm& client, bool with_event_index) {
    auto const n = setup.size;
    if (n == 0 || n > max_size() || (n & (n - 1)) != 0) return false;
    if (setup.descriptors % 16 != 0 || setup.available % 2 != 0 || setup.used % 4 != 0) return false;
    auto* const table = private_piece(client, Ipa{setup.descriptors}, 16ull * n);
    auto* const available = private_piece(client, Ipa{setup.available}, 6 + 2ull * n);
    auto* const used = private_piece(client, Ipa{setup.used}, 6 + 8ull * n);
    if (table == nullptr || available == nullptr || used == nullptr) return false;
    reset();
    descriptors_ = table;
    available_ = reinterpret_cast<std::uint16_t*>(available);
    used_ = reinterpret_cast<std::uint16_t*>(used);
    size_ = static_cast<std::uint16_t>(n);
    event_index_ = with_event_index;
    ready_ = true;
    return true;
}

void Queue::reset() {
    ++epoch_;
    ready_ = armed_ = false;
    broken_ = nullptr;
    taken_ = published_ = signalled_ = out_ = again_ = 0;
}

void Queue::revive() {
    ++life_;
    armed_ = false;
    again_ = out_;
}

std::uint16_t Queue::posted() const { return load(available_ + index); }

std::optional<std::uint16_t> Queue::take() {
    if (!ready_ || broken_ != nullptr) return std::nullopt;
    return again_ != 0 ? take_again() : take_new();
}

std::optional<std::uint16_t> Queue::take_again() {
    Request* first = nullptr;
    for (Request& r : requests_) {
        if (r.epoch != epoch_ || r.life == life_) continue;
        if (first == nullptr || static_cast<std::int32_t>(r.order - first->order) < 0) first = &r;
    }
    TIFFIN_INVARIANT(first != nullptr);
    first->life = life_;
    ++first->tag;
    --again_;
    return static_cast<std::uint16_t>(first - requests_.data());
}

std::optional<std::uint16_t> Queue::take_new() {
    auto const waiting = static_cast<std::uint16_t>(posted() - taken_);
    if (waiting == 0) return std::nullopt;
    if (waiting > size_) return break_it("the available index jumped"), std::nullopt;
    auto const head = load(available_ + ring + taken_ % size_);
    if (head >= size_) return break_it("a chain starts behind the descriptor table"), std::nullopt;
    if (out_ == size_) return break_it("more requests are out than the queue has entries"), std::nullopt;
    auto place = static_cast<std::uint16_t>(order_ % size_);  // free, unless requests are done out of order
    while (requests_[place].epoch == epoch_) place = static_cast<std::uint16_t>((place + 1) % size_);
    Request& r = requests_[place];
    r = {.head = head, .tag = static_cast<std::uint16_t>(r.tag + 1), .order = order_++, .epoch = epoch_, .life = life_};
    ++taken_;
    ++out_;
    return place;
}

Request* Queue::find(std::uint16_t place, std::uint16_t tag) {
    if (place >= max_size()) return nullptr;
    Request& r = requests_[place];
    return r.epoch == epoch_ && r.life == life_ && r.tag == tag ? &r : nullptr;
}

void Queue::complete(Request& request, std::uint32_t written) {
    auto* const elements = reinterpret_cast<v::UsedElement*>(used_ + ring);
    elements[published_ % size_] = {.id = request.head, .length = written};
    request.epoch = 0;
    --out_;
    store(used_ + index, ++published_);
}

bool Queue::arm() {
    if (!ready_ || broken_ != nullptr) return true;
    if (event_index_) {
        store(used_ + ring + 4 * size_, taken_);
    } else {
        store(used_ + flags, 0);
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);  // the client writes its index, then reads ours; we the other way round
    if (posted() != taken_) return false;
    armed_ = true;
    return true;
}

void Queue::disarm() {
    if (!armed_) return;
    armed_ = false;
    if (!event_index_) store(used_ + flags, v::no_notify);  // with the index, the old one stands where nothing passes it
}

bool Queue::take_signal() {
    if (signalled_ == published_ || !ready_) return false;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    bool const wanted = event_index_ ? passed(load(available_ + ring + size_), published_, signalled_)
                                     : (load(available_ + flags) & v::no_interrupt) == 0;
    signalled_ = published_;
    return wanted;
}

}  // namespace tiffin::virtio
