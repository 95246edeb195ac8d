#include "core/virtio/chain.hpp"

#include <algorithm>

#include "core/mem/guest_memory.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::virtio {
namespace {

namespace v = abi::virtio;

/// Buffers that one call touches: what is left over is for the next.
constexpr unsigned most_buffers = 3;

std::uint64_t transfer(Chain chain, Vm& client, std::uint64_t offset, Vm& server, Ipa at, std::uint64_t bytes, bool to_client) {
    std::uint64_t done = 0;
    Copier copier;
    Buffer buffer;
    for (unsigned touched = 0; done < bytes && touched < most_buffers && chain.next(buffer);) {
        if (buffer.writable != to_client) continue;
        if (offset >= buffer.length) {
            offset -= buffer.length;
            continue;
        }
        auto const piece = std::min(bytes - done, buffer.length - offset);
        auto const theirs = buffer.at + offset, ours = at + done;
        auto const copied =
            to_client ? copier.copy(client, theirs, server, ours, piece) : copier.copy(server, ours, client, theirs, piece);
        done += copied;
        if (copied != piece) break;
        offset = 0;
        ++touched;
    }
    return done;
}

}  // namespace

/// Looks for the entry at `next_`, which is not among those known. False: the chain is broken.
bool Chain::find_entry() {
    if (left_ == 0) return fail("a chain is longer than its queue");
    if (next_ < count_) {
        auto const found = reach(*client_, Ipa{table_ + 16ull * next_});
        entry_ = found.bytes < 16 ? nullptr : found.at;
        if (entry_ != nullptr) return true;
    }
    return fail("a chain leaves its table");
}

bool Chain::enter_table(v::Descriptor const& d) {
    if (table_ != 0 || (d.flags & v::descriptor_next) != 0 || d.address == 0 || d.length == 0 || (d.address | d.length) % 16 != 0)
        return fail("an indirect table is malformed, or inside another");
    auto const found = reach(*client_, Ipa{d.address});
    table_ = d.address;
    entries_ = found.at;
    count_ = d.length / 16;
    known_ = std::min(count_, static_cast<std::uint32_t>(found.bytes / 16));
    next_ = 0;
    return true;
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
    return transfer({client, queue, head}, client, offset, server, buffer, bytes, false);
}

std::uint64_t write(Vm& client, Queue const& queue, std::uint16_t head, std::uint64_t offset, Vm& server, Ipa buffer,
                    std::uint64_t bytes) {
    return transfer({client, queue, head}, client, offset, server, buffer, bytes, true);
}

}  // namespace tiffin::virtio
