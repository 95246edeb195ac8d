#include "core/virtio/chain.hpp"

#include <algorithm>

#include "core/mem/guest_memory.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::virtio {
namespace {

namespace v = abi::virtio;

enum class Direction : bool { ToServer, ToClient };

/// Buffers that one call touches: what is left over is for the next.
constexpr unsigned most_buffers = 4;

std::uint64_t transfer(Chain chain, Vm& client, std::uint64_t offset, Vm& server, Ipa at, std::uint64_t bytes,
                       Direction direction) {
    std::uint64_t done = 0;
    for (unsigned touched = 0; done < bytes && touched < most_buffers;) {
        auto const buffer = chain.next();
        if (!buffer) break;
        if (buffer->writable != (direction == Direction::ToClient)) continue;
        if (offset >= buffer->length) {
            offset -= buffer->length;
            continue;
        }
        auto const piece = std::min(bytes - done, buffer->length - offset);
        auto const theirs = buffer->at + offset, ours = at + done;
        auto const copied = direction == Direction::ToClient ? copy(client, theirs, server, ours, piece)
                                                             : copy(server, ours, client, theirs, piece);
        done += copied;
        if (copied != piece) break;
        offset = 0;
        ++touched;
    }
    return done;
}

}  // namespace

std::optional<v::Descriptor> Chain::fetch() {
    if (table_ == 0) {
        if (next_ >= queue_->size()) return std::nullopt;
        return queue_->descriptor(next_);
    }
    if (next_ >= table_count_) return std::nullopt;
    auto const* const found = in_table(Ipa{table_ + 16ull * next_});
    if (found == nullptr) return std::nullopt;
    return read_descriptor(found);
}

/// Where EL2 reaches the entry at `at`; nullptr: not in RAM, or across the end of a page.
std::byte const* Chain::in_table(Ipa at) {
    if (at < reached_ || !contains(reached_, known_bytes_, at, 16)) {
        auto const found = reach(*client_, at);
        reached_ = at, known_bytes_ = found.bytes, known_ = found.at;
        if (found.at == nullptr || found.bytes < 16) return nullptr;
    }
    return known_ + (at - reached_);
}

/// False if a table is not allowed there.
bool Chain::enter_table(v::Descriptor const& d) {
    if (table_ != 0 || (d.flags & v::descriptor_next) != 0 || d.address % 16 != 0 || d.length == 0 || d.length % 16 != 0)
        return false;
    table_ = d.address;
    table_count_ = d.length / 16;
    next_ = 0;
    return true;
}

std::optional<Buffer> Chain::next() {
    if (ended_ || broken_ != nullptr) return std::nullopt;
    if (left_-- == 0) return fail("a chain is longer than its queue");
    auto d = fetch();
    if (d && (d->flags & v::descriptor_indirect) != 0) {
        if (!enter_table(*d)) return fail("an indirect table is malformed, or inside another");
        d = fetch();
        if (d && (d->flags & v::descriptor_indirect) != 0) return fail("an indirect table is inside another");
    }
    if (!d) return fail("a chain leaves its table");
    bool const writable = (d->flags & v::descriptor_write) != 0;
    if (writable_ && !writable) return fail("a readable buffer follows a writable one");
    writable_ = writable;
    ended_ = (d->flags & v::descriptor_next) == 0;
    next_ = d->next;
    return Buffer{.at = Ipa{d->address}, .length = d->length, .writable = writable};
}

Extent measure(Vm& client, Queue const& queue, std::uint16_t head) {
    Extent all;
    Chain chain{client, queue, head};
    while (auto const buffer = chain.next()) (buffer->writable ? all.writable : all.readable) += buffer->length;
    all.broken = chain.broken();
    return all;
}

std::uint64_t read(Vm& client, Queue const& queue, std::uint16_t head, std::uint64_t offset, Vm& server, Ipa buffer,
                   std::uint64_t bytes) {
    return transfer({client, queue, head}, client, offset, server, buffer, bytes, Direction::ToServer);
}

std::uint64_t write(Vm& client, Queue const& queue, std::uint16_t head, std::uint64_t offset, Vm& server, Ipa buffer,
                    std::uint64_t bytes) {
    return transfer({client, queue, head}, client, offset, server, buffer, bytes, Direction::ToClient);
}

}  // namespace tiffin::virtio
