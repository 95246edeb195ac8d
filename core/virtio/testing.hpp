// A client's driver and a server for the tests: rings and buffers in the client's RAM, the calls of the server as a guest makes them.
#pragma once
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "abi/hypercalls.hpp"
#include "core/hypercall/hypercall.hpp"
#include "core/testing.hpp"
#include "core/virtio/device.hpp"

namespace tiffin::testing {

namespace v = abi::virtio;

/// The driver's side of one queue. Everything is public: a test may break it.
struct Driver {
    static constexpr std::uint64_t table = guest_ram + 0x8000, available = table + 0x400, used = table + 0x600;
    static constexpr std::uint64_t buffers = guest_ram + 0xa000;  // and further tables
    static constexpr std::uint16_t size = 8;

    virtio::Device& device;
    std::uint64_t offset;        // of this queue's areas from those above
    std::uint16_t next{0};       // free descriptor
    std::uint16_t seen_used{0};  // of the used ring

    explicit Driver(virtio::Device& d, unsigned index = 0) : device{d}, offset{index * 0x800ull} {
        std::memset(ram(table + offset), 0, 0x800);
    }

    template <class T = std::uint8_t>
    T* ram(std::uint64_t at) const {
        return reinterpret_cast<T*>(private_ram(*device.client, at));
    }
    v::Descriptor& descriptor(unsigned i) const { return ram<v::Descriptor>(table + offset)[i]; }
    std::uint16_t* ring() const { return ram<std::uint16_t>(available + offset); }
    std::uint16_t* used_ring() const { return ram<std::uint16_t>(used + offset); }

    /// The whole set-up as a driver does it, with `features` beside VERSION_1.
    void start(std::uint64_t features = 0) {
        virtio::set_status(device, v::acknowledge | v::driver);
        device.accepted = features | v::version_1;
        virtio::set_status(device, device.status | v::features_ok);
        start_queue(0);
        virtio::set_status(device, device.status | v::driver_ok);
    }
    void start_queue(unsigned index) {
        virtio::Queue& queue = device.queues[index];
        queue.setup = {.descriptors = table + offset, .available = available + offset, .used = used + offset, .size = size};
        virtio::set_ready(device, queue, true);
    }

    /// Makes a descriptor; returns its index.
    std::uint16_t add(std::uint64_t at, std::uint32_t length, std::uint16_t flags = 0, std::uint16_t next_index = 0) {
        descriptor(next) = {.address = at, .length = length, .flags = flags, .next = next_index};
        return next++;
    }
    void publish(std::uint16_t head) {
        ring()[2 + ring()[1] % size] = head;
        ++ring()[1];
    }
    /// A request that sends `text` and has `room` bytes for an answer; returns the head.
    std::uint16_t post(std::string_view text, std::uint32_t room = 0) {
        next %= size;
        auto const at = buffers + next * 0x200ull + offset;
        std::ranges::copy(text, ram(at));
        auto const more = static_cast<std::uint16_t>(room != 0 ? v::descriptor_next : 0);
        auto const head = add(at, static_cast<std::uint32_t>(text.size()), more, static_cast<std::uint16_t>(next + 1));
        if (room != 0) add(at + 0x100, room, v::descriptor_write);
        publish(head);
        return head;
    }
    [[nodiscard]] std::string answer(std::uint16_t head) const {
        auto const& d = descriptor(descriptor(head).next);
        return {reinterpret_cast<char const*>(ram(d.address)), d.length};
    }
    /// How many requests are done since last asked.
    unsigned done() {
        auto const now = used_ring()[1];
        return static_cast<std::uint16_t>(now - std::exchange(seen_used, now));
    }
    [[nodiscard]] v::UsedElement last_used() const {
        return reinterpret_cast<v::UsedElement const*>(used_ring() + 2)[(used_ring()[1] - 1) % size];
    }
};

/// What a hypercall answered.
struct Answer {
    std::int64_t x0;
    std::uint64_t x1, x2, x3;
};

/// A server's program: it makes calls, and has one buffer.
struct Server {
    static constexpr std::uint64_t buffer = guest_ram + 0x8000;

    Vcpu& vcpu;

    Answer call(abi::Call which, std::vector<std::uint64_t> const& arguments = {}) const {
        auto& x = vcpu.regs.x;
        std::fill(x, x + 8, 0);
        std::copy(arguments.begin(), arguments.end(), x + 1);
        hypercall::own_calls[static_cast<std::uint32_t>(which) - abi::hypercall_base](vcpu);
        return {static_cast<std::int64_t>(x[0]), x[1], x[2], x[3]};
    }
    [[nodiscard]] Answer start(std::uint64_t device = 0) const { return call(abi::Call::ServeStart, {device}); }
    [[nodiscard]] Answer next(std::uint64_t queue = 0, std::uint64_t capacity = 64) const {
        return call(abi::Call::ServeNext, {queue, buffer, capacity});
    }
    [[nodiscard]] Answer complete(std::int64_t handle, std::string_view text = {}, std::uint64_t more = 0) const {
        std::ranges::copy(text, bytes());
        return call(abi::Call::ServeComplete, {static_cast<std::uint64_t>(handle), 0, buffer, text.size(), more});
    }
    [[nodiscard]] std::uint8_t* bytes() const { return private_ram(*vcpu.vm, buffer); }
    [[nodiscard]] std::string text(std::size_t size) const { return {reinterpret_cast<char const*>(bytes()), size}; }
};

inline constexpr std::int64_t busy = static_cast<std::int64_t>(abi::Error::Busy);
inline constexpr std::int64_t gone = static_cast<std::int64_t>(abi::Error::NotRequired);
inline constexpr std::int64_t not_permitted = static_cast<std::int64_t>(abi::Error::NotPermitted);
inline constexpr std::int64_t invalid = static_cast<std::int64_t>(abi::Error::InvalidParameter);

/// VM 0 is the client of one device, VM 1 its server, which has started.
struct VirtioBoard : Board {
    explicit VirtioBoard(std::vector<VmSpec> const& specs = {VmSpec{.served_by = {1}}, VmSpec{}}) : Board{specs} {
        boot();
        std::ignore = server.start();
    }
    virtio::Device& device{machine.virtio[0]};
    Driver driver{device};
    Server server{vcpu(1)};
};

}  // namespace tiffin::testing
