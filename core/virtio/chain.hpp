// The buffers of one request: a chain of descriptors, maybe with the rest of it in an indirect table (virtio 1.2, "The Virtqueue Descriptor
// Table", "Indirect Descriptors"). Each descriptor is read once, when its turn comes. Whatever the client writes, a walk ends after as many
// buffers as the queue has entries.
#pragma once
#include <cstdint>
#include <optional>

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
        : client_{&client}, queue_{&queue}, next_{head}, left_{queue.size()} {}

    /// The next buffer; nothing at the end, or where the chain breaks a rule (broken()).
    std::optional<Buffer> next();
    /// What is wrong with it; nullptr: nothing so far.
    [[nodiscard]] char const* broken() const { return broken_; }

private:
    std::optional<abi::virtio::Descriptor> fetch();
    std::optional<Buffer> fail(char const* why) { return broken_ = why, std::nullopt; }
    bool enter_table(abi::virtio::Descriptor const& d);
    std::byte const* in_table(Ipa at);

    Vm* client_;
    Queue const* queue_;
    char const* broken_{nullptr};
    std::uint64_t table_{0};        // guest address of the indirect table the walk is in; 0: none
    std::uint32_t table_count_{0};  // its entries
    Ipa reached_{0};                // from here on EL2 knows where the table lies,
    std::uint64_t known_bytes_{0};  // so far,
    std::byte const* known_{nullptr};
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

}  // namespace tiffin::virtio
