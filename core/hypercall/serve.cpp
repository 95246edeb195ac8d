#include "core/hypercall/serve.hpp"

#include <algorithm>
#include <utility>

#include "abi/hypercalls.hpp"
#include "abi/serve.hpp"
#include "core/mem/guest_memory.hpp"
#include "core/smp/guard.hpp"
#include "core/virtio/chain.hpp"
#include "core/virtio/device.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::hypercall {
namespace {

namespace serve = abi::serve;
using abi::Error;
using virtio::Device;
using virtio::Queue;
using virtio::Request;

constexpr std::uint64_t result(Error e) { return static_cast<std::uint64_t>(e); }

/// What a server calls a request: where it is, and the tag that says which use of that place.
///   [7:0] device  [15:8] queue  [31:16] place  [47:32] tag
struct Handle {
    std::uint64_t raw;

    static Handle make(std::uint32_t device, std::uint32_t queue, std::uint16_t place, std::uint16_t tag) {
        return {device | queue << 8 | std::uint64_t{place} << 16 | std::uint64_t{tag} << 32};
    }
    [[nodiscard]] std::uint32_t device() const { return raw & 0xff; }
    [[nodiscard]] std::uint32_t queue() const { return raw >> 8 & 0xff; }
    [[nodiscard]] std::uint16_t place() const { return static_cast<std::uint16_t>(raw >> 16); }
    [[nodiscard]] std::uint16_t tag() const { return static_cast<std::uint16_t>(raw >> 32); }
};

Device* device_of(Vcpu const& v, std::uint64_t number) {
    auto const& serves = v.vm->serves;
    return number < serves.size() ? serves[number] : nullptr;
}

/// The request behind a handle, and all that leads to it.
struct Found {
    Error error{Error::InvalidParameter};
    Device* device{nullptr};
    Queue* queue{nullptr};
    Request* request{nullptr};
};

Found find(Vcpu const& v, Handle handle) {
    Device* const d = device_of(v, handle.device());
    if (d == nullptr || handle.queue() >= d->queues.size()) return {};
    if (!d->serving) return {.error = Error::NotPermitted};
    Queue& queue = d->queues[handle.queue()];
    Request* const request = queue.find(handle.place(), handle.tag());
    if (request == nullptr || !d->alive()) return {.error = Error::NotRequired};
    return {.error = Error::Success, .device = d, .queue = &queue, .request = request};
}

/// Tells the client of what is done, if it wants to know.
void signal(Device& d, Queue& queue) {
    if (queue.take_signal()) virtio::interrupt(d, abi::virtio::mmio::used_buffer);
}

std::uint64_t take(Vcpu& v, Device& d, std::uint32_t index) {
    Queue& queue = d.queues[index];
    queue.disarm();
    auto place = queue.take();
    if (!place) {
        signal(d, queue);
        if (!queue.arm()) place = queue.take();
    }
    if (queue.broken() != nullptr) virtio::give_up(d, queue.broken());
    if (!place) return result(Error::Busy);
    Request const& request = queue.at(*place);
    auto const extent = virtio::measure(*d.client, queue, request.head);
    if (extent.broken != nullptr) {
        queue.break_it(extent.broken);
        virtio::give_up(d, extent.broken);
        return result(Error::Busy);
    }
    auto const wanted = std::min({v.regs.x[3], extent.readable, serve::max_copy});
    auto const copied = virtio::read(*d.client, queue, request.head, 0, *v.vm, Ipa{v.regs.x[2]}, wanted);
    v.regs.x[1] = extent.readable;
    v.regs.x[2] = extent.writable;
    v.regs.x[3] = copied;
    return Handle::make(d.record->server_device, index, *place, request.tag).raw;
}

/// x2 = offset, x3 = buffer, x4 = bytes.
std::uint64_t write_as_asked(Vcpu& v, Found const& f) {
    auto const& x = v.regs.x;
    return virtio::write(*f.device->client, *f.queue, f.request->head, x[2], *v.vm, Ipa{x[3]}, std::min(x[4], serve::max_copy));
}

bool has_places(Device const& d, std::uint64_t place, std::uint64_t count) {
    return place < d.pieces.size() && count <= d.pieces.size() - place;
}

struct FoundPiece {
    Error error;
    Device* device{nullptr};
    virtio::Piece const* piece{nullptr};
};

FoundPiece find_piece(Vcpu const& v, std::uint64_t device, std::uint64_t place) {
    Device* const d = device_of(v, device);
    if (d == nullptr || !has_places(*d, place, 1)) return {Error::InvalidParameter};
    if (!d->serving) return {Error::NotPermitted};
    auto const& piece = d->pieces[place];
    return piece.bytes == 0 || piece.life != d->life ? FoundPiece{Error::NotRequired} : FoundPiece{Error::Success, d, &piece};
}

}  // namespace

std::uint64_t serve_start(Vcpu& v) {
    VirtioGuard const guard;
    Device* const d = device_of(v, v.regs.x[1]);
    if (d == nullptr) return result(Error::InvalidParameter);
    for (Queue& queue : d->queues) queue.revive();
    d->serving = true;
    v.vm->news &= ~(1ull << d->record->server_device);
    virtio::ring(*d);
    return result(Error::Success);
}

std::uint64_t serve_next(Vcpu& v) {
    VirtioGuard const guard;
    auto const which = v.regs.x[1];
    auto const index = static_cast<std::uint32_t>(which >> 8);
    Device* const d = device_of(v, which & 0xff);
    if (d == nullptr || which >> 16 != 0 || index >= d->queues.size()) return result(Error::InvalidParameter);
    if (!d->serving) return result(Error::NotPermitted);
    return d->alive() ? take(v, *d, index) : result(Error::Busy);
}

std::uint64_t serve_read(Vcpu& v) {
    VirtioGuard const guard;
    auto const f = find(v, {v.regs.x[1]});
    if (f.error != Error::Success) return result(f.error);
    auto const& x = v.regs.x;
    return virtio::read(*f.device->client, *f.queue, f.request->head, x[2], *v.vm, Ipa{x[3]}, std::min(x[4], serve::max_copy));
}

std::uint64_t serve_write(Vcpu& v) {
    VirtioGuard const guard;
    auto const f = find(v, {v.regs.x[1]});
    return f.error == Error::Success ? write_as_asked(v, f) : result(f.error);
}

std::uint64_t serve_complete(Vcpu& v) {
    VirtioGuard const guard;
    auto const f = find(v, {v.regs.x[1]});
    if (f.error != Error::Success) return result(f.error);
    auto const& x = v.regs.x;
    auto const written = write_as_asked(v, f);
    if (written != x[4]) return written;
    f.queue->complete(*f.request, static_cast<std::uint32_t>(x[2] + written));
    if (x[5] == 0) signal(*f.device, *f.queue);
    return written;
}

std::uint64_t serve_news(Vcpu& v) {
    VirtioGuard const guard;
    v.regs.x[1] = std::exchange(v.vm->news, 0);
    return result(Error::Success);
}

std::uint64_t serve_info(Vcpu& v) {
    VirtioGuard const guard;
    Device const* const d = device_of(v, v.regs.x[1]);
    if (d == nullptr) return result(Error::InvalidParameter);
    auto const fact = v.regs.x[2];
    auto const word = fact - static_cast<std::uint64_t>(serve::Fact::Config);
    auto& answer = v.regs.x[1];
    switch (static_cast<serve::Fact>(fact)) {
        case serve::Fact::Type: answer = static_cast<std::uint32_t>(d->record->type); break;
        case serve::Fact::Client: answer = d->client->id; break;
        case serve::Fact::Features: answer = d->accepted; break;
        case serve::Fact::Status: answer = d->status; break;
        case serve::Fact::Queues: answer = d->queues.size(); break;
        case serve::Fact::Life: answer = d->life; break;
        case serve::Fact::Offered: answer = d->record->features; break;
        default:
            if (word >= std::size(d->config)) return result(Error::InvalidParameter);
            answer = d->config[word];
    }
    return result(Error::Success);
}

std::uint64_t serve_config(Vcpu& v) {
    VirtioGuard const guard;
    Device* const d = device_of(v, v.regs.x[1]);
    auto const offset = v.regs.x[2];
    if (d == nullptr || offset % 8 != 0 || offset / 8 >= std::size(d->config)) return result(Error::InvalidParameter);
    if (!d->serving) return result(Error::NotPermitted);
    d->config[offset / 8] = v.regs.x[3];
    ++d->generation;
    if (d->alive()) virtio::interrupt(*d, abi::virtio::mmio::configuration_change);
    return result(Error::Success);
}

std::uint64_t serve_attach(Vcpu& v) {
    VirtioGuard const guard;
    auto const f = find(v, {v.regs.x[1]});
    if (f.error != Error::Success) return result(f.error);
    auto const first = v.regs.x[2], count = v.regs.x[3], place = v.regs.x[4];
    if (count == 0 || count > serve::max_attach || !has_places(*f.device, place, count)) return result(Error::InvalidParameter);
    auto const read = [&](std::uint64_t offset, void* into, std::uint64_t bytes) {
        return virtio::read_once(*f.device->client, *f.queue, f.request->head, offset, into, bytes);
    };
    namespace gpu = abi::virtio::gpu;
    gpu::AttachBacking request;
    gpu::MemoryEntry entries[serve::max_attach];
    if (!read(0, &request, sizeof request) || request.header.type != gpu::Code::ResourceAttachBacking ||
        first > request.entries || count > request.entries - first ||
        !read(sizeof request + first * sizeof *entries, entries, count * sizeof *entries))
        return result(Error::InvalidParameter);
    for (std::uint64_t i = 0; i < count; ++i)
        f.device->pieces[place + i] = {
            .at = Ipa{entries[i].address}, .bytes = entries[i].length, .life = f.device->life, .note = v.regs.x[5]};
    return count;
}

std::uint64_t serve_detach(Vcpu& v) {
    VirtioGuard const guard;
    Device* const d = device_of(v, v.regs.x[1]);
    auto const place = v.regs.x[2], count = v.regs.x[3];
    if (d == nullptr || count == 0 || count > serve::max_detach || !has_places(*d, place, count))
        return result(Error::InvalidParameter);
    if (!d->serving) return result(Error::NotPermitted);
    for (virtio::Piece& piece : d->pieces.subspan(place, count)) piece.bytes = 0;
    return result(Error::Success);
}

std::uint64_t serve_look(Vcpu& v) {
    VirtioGuard const guard;
    auto const& x = v.regs.x;
    auto const f = find_piece(v, x[1], x[2] & 0xffff'ffff);
    if (f.error != Error::Success) return result(f.error);
    auto const offset = x[2] >> 32;
    if (offset > f.piece->bytes) return result(Error::InvalidParameter);
    auto const bytes = std::min({x[4], f.piece->bytes - offset, serve::max_look});
    auto const copied = Copier{}.copy(*v.vm, Ipa{x[3]}, *f.device->client, f.piece->at + offset, bytes);
    f.device->client->copied += copied;
    return copied;
}

std::uint64_t serve_attached(Vcpu& v) {
    VirtioGuard const guard;
    auto const f = find_piece(v, v.regs.x[1], v.regs.x[2]);
    if (f.error != Error::Success) return result(f.error);
    v.regs.x[1] = f.piece->bytes;
    v.regs.x[2] = f.piece->note;
    return result(Error::Success);
}

}  // namespace tiffin::hypercall
