#include "core/virtio/chain.hpp"

#include <algorithm>

#include "core/mem/guest_memory.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::virtio {
namespace {

namespace v = abi::virtio;

/// Buffers that one call touches: what is left over is for the next.
constexpr unsigned most_buffers = 3;

/// The other side of a transfer: the server's memory at `at`, or EL2's own.
struct Other {
    Vm* server;
    Ipa at{0};
    std::byte* own{nullptr};
};

std::uint64_t transfer(Chain chain, Vm& client, std::uint64_t offset, Other other, std::uint64_t bytes, bool to_client) {
    std::uint64_t done = 0;
    Copier copier;
    Buffer buffer;
    for (unsigned touched = 0; done < bytes && touched < most_buffers;) {
        chain.skip(to_client, offset);
        if (!chain.next(buffer)) break;
        if (buffer.writable != to_client) continue;
        if (offset >= buffer.length) {
            offset -= buffer.length;
            continue;
        }
        auto const piece = std::min(bytes - done, buffer.length - offset);
        auto const theirs = buffer.at + offset, ours = other.at + done;
        auto const copied = other.own != nullptr ? (tiffin::read_once(client, theirs, other.own + done, piece) ? piece : 0)
                            : to_client          ? copier.copy(client, theirs, *other.server, ours, piece)
                                                 : copier.copy(*other.server, ours, client, theirs, piece);
        done += copied;
        if (copied != piece) break;
        offset = 0;
        ++touched;
    }
    client.copied += done;
    return done;
}

}  // namespace

bool Chain::enter_table(v::Descriptor const& d) {
    if (in_table_ || (d.flags & v::descriptor_next) != 0 || d.length == 0 || (d.address | d.length) % 16 != 0)
        return fail("an indirect table is malformed, or inside another");
    entries_ = d.length > page_size ? nullptr : private_piece(*client_, Ipa{d.address}, d.length);
    if (entries_ == nullptr)
        return fail("an indirect table is longer than a page, not in its RAM, or on pages that it never wrote");
    count_ = d.length / 16;
    in_table_ = true;
    next_ = 0;
    return true;
}

/// Most of a long request is passed over once for each page of it: in registers, and what needs a second thought is left to next().
void Chain::skip(bool writable, std::uint64_t& offset) {
    auto left = left_;
    auto next = next_;
    auto left_behind = offset;
    bool seen_writable = writable_;
    for (; left != 0 && next < count_; --left) {
        auto const d = read_descriptor(entries_ + 16ull * next);
        bool const is_writable = (d.flags & v::descriptor_write) != 0;
        if ((d.flags & (v::descriptor_next | v::descriptor_indirect)) != v::descriptor_next || is_writable < seen_writable) break;
        if (is_writable == writable) {
            if (left_behind < d.length) break;
            left_behind -= d.length;
        }
        seen_writable = is_writable;
        next = d.next;
    }
    left_ = left;
    next_ = next;
    writable_ = seen_writable;
    offset = left_behind;
}

Extent measure(Vm& client, Queue const& queue, std::uint16_t head) {
    Extent all;
    Chain chain{client, queue, head};
    Buffer buffer;
    while (chain.next(buffer)) (buffer.writable ? all.writable : all.readable) += buffer.length;
    all.broken = chain.broken();
    return all;
}

std::uint64_t read(Vm& client, Queue const& queue, std::uint16_t head, std::uint64_t offset, Vm& server, Ipa buffer,
                   std::uint64_t bytes) {
    return transfer({client, queue, head}, client, offset, {&server, buffer}, bytes, false);
}

std::uint64_t write(Vm& client, Queue const& queue, std::uint16_t head, std::uint64_t offset, Vm& server, Ipa buffer,
                    std::uint64_t bytes) {
    return transfer({client, queue, head}, client, offset, {&server, buffer}, bytes, true);
}

bool read_once(Vm& client, Queue const& queue, std::uint16_t head, std::uint64_t offset, void* into, std::uint64_t bytes) {
    Other const own{.server = nullptr, .own = static_cast<std::byte*>(into)};
    return transfer({client, queue, head}, client, offset, own, bytes, false) == bytes;
}

}  // namespace tiffin::virtio
