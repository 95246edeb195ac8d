// For a VM that serves virtio devices of others. The clients' memory stays theirs: what they send is copied in, what they get is copied out.
//
//   class Echo : public Service {
//       bool serve(Device& device) override {
//           std::byte head[64];
//           while (auto request = device.next(0, head)) request->finish(0, request->first(), Tell::WhenIdle);
//           return false;
//       }
//   };
//   Server server{calls};  Echo echo;  server.run(echo);
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "abi/serve.hpp"
#include "abi/virtio.hpp"
#include "guest/sdk/serve_calls.hpp"

namespace tiffin::sdk {

/// When a client is told that a request is done. WhenIdle: as soon as Device::next finds nothing more in that queue, so that many
/// requests cost one interrupt.
enum class Tell : bool { Now, WhenIdle };

/// A request that a client posted: bytes that it sends, and room for what it gets. It stays this server's until finish(); if the server
/// dies before, it comes again. If the client resets its device, nothing is read or written any more.
class Request {
public:
    Request(ServeCalls& calls, ServeCalls::Next const& next, std::span<std::byte const> first)
        : calls_{&calls}, next_{next}, first_{first} {}

    /// Bytes that the client sends, and that it has room for.
    [[nodiscard]] std::uint64_t readable() const { return next_.readable; }
    [[nodiscard]] std::uint64_t writable() const { return next_.writable; }
    /// The first of those it sends, in the buffer that Device::next was given.
    [[nodiscard]] std::span<std::byte const> first() const { return first_; }

    /// Fills `into` with what the client sends from `offset` on. False if there is less, or some of it is not in the client's RAM.
    bool read(std::uint64_t offset, std::span<std::byte> into) const;
    /// Puts `from` into the client's room, from `offset` on. False as for read().
    bool write(std::uint64_t offset, std::span<std::byte const> from) const;
    /// write(), and the request is done: the client is told of `offset` and `last` bytes. If they don't fit, it is done with fewer.
    void finish(std::uint64_t offset, std::span<std::byte const> last, Tell tell) const;
    /// Done, and nothing written.
    void finish(Tell tell) const { finish(0, {}, tell); }

    /// Of a GPU device's RESOURCE_ATTACH_BACKING: what its entries from `first` on name may be looked at, at places `place` and on of the
    /// device, until Device::detach or the client's reset; this server's end changes nothing. `note` is kept with each of them. Answers
    /// how many of the `count` were kept: fewer if the client posted fewer, or there is no such place.
    [[nodiscard]] std::uint32_t attach(std::uint32_t first, std::uint32_t count, std::uint32_t place, std::uint64_t note) const;

private:
    ServeCalls* calls_;
    ServeCalls::Next next_;
    std::span<std::byte const> first_;
};

/// A client's device.
class Device {
public:
    Device() = default;
    Device(ServeCalls& calls, std::uint32_t index, abi::virtio::Type type) : calls_{&calls}, index_{index}, type_{type} {}

    /// Its place in the order of the description.
    [[nodiscard]] std::uint32_t index() const { return index_; }
    [[nodiscard]] abi::virtio::Type type() const { return type_; }
    /// The number of the VM that has it.
    [[nodiscard]] std::uint32_t client() const { return static_cast<std::uint32_t>(fact(abi::serve::Fact::Client)); }
    /// Feature bits: what the description gives it, and what the client's driver accepted of that.
    [[nodiscard]] std::uint64_t offered() const { return fact(abi::serve::Fact::Offered); }
    [[nodiscard]] std::uint64_t accepted() const { return fact(abi::serve::Fact::Features); }
    /// The client's driver has set it up.
    [[nodiscard]] bool in_use() const;
    /// Another number after each reset by the client.
    [[nodiscard]] std::uint64_t life() const { return fact(abi::serve::Fact::Life); }

    /// The client's next request in `queue`, with the first bytes that it sends in `buffer`. Nothing: the server is rung when one comes.
    [[nodiscard]] std::optional<Request> next(std::uint32_t queue, std::span<std::byte> buffer) const;

    /// Eight bytes of the configuration space; the client's driver gets a configuration interrupt.
    [[nodiscard]] std::uint64_t config(std::uint32_t offset) const;
    void set_config(std::uint32_t offset, std::uint64_t value) const { calls_->config(index_, offset, value); }

    using Attached = ServeCalls::Attached;
    /// Places from `place` on are empty.
    void detach(std::uint32_t place, std::uint32_t count) const;
    /// Copies what the client has in the piece at `place`, from `offset` on. False if there is less, or some of it is not in its RAM.
    [[nodiscard]] bool look(std::uint32_t place, std::uint32_t offset, std::span<std::byte> into) const;
    /// Nothing: the place is empty.
    [[nodiscard]] std::optional<Attached> attached(std::uint32_t place) const { return calls_->attached(index_, place); }

private:
    friend class Server;
    [[nodiscard]] std::uint64_t fact(abi::serve::Fact which) const { return calls_->info(index_, which).value_or(0); }

    ServeCalls* calls_{nullptr};
    std::uint32_t index_{0};
    abi::virtio::Type type_{};
    std::uint64_t seen_life_{0};
};

/// What a server does with its devices.
class Service {
public:
    /// The client started `device` anew: what was remembered of it is void.
    virtual void begin(Device& device) { (void)device; }
    /// Works on what the queues of `device` hold, a batch at most, so that every client has its turn. True: there may be more.
    virtual bool serve(Device& device) = 0;
    /// Whatever else a server has to do when it wakes: which device has a turn because of it, as Server::again has them.
    virtual std::uint64_t wake() { return 0; }

protected:
    ~Service() = default;
};

/// The VM's devices, in the order of the description, and the loop around them.
class Server {
public:
    /// Finds its devices. Requests wait until start().
    explicit Server(ServeCalls& calls);

    [[nodiscard]] std::span<Device> devices() { return {devices_.data(), count_}; }

    /// Takes up the devices: whoever waits is served from now on, first of all what an earlier life of this server left.
    void start();
    /// A batch of each device that has something to do. False if none has: the server may sleep until it is rung.
    bool round(Service& service);
    /// `device` has a turn in this round or the next, though it did not ring: what kept it waiting is there.
    void again(Device const& device) { busy_ |= 1ull << device.index(); }
    /// Rounds for ever, and sleep between them. In a VM only (virtio_doorbell.cpp).
    [[noreturn]] void run(Service& service);

private:
    void serve(Service& service, Device& device);

    ServeCalls* calls_;
    std::array<Device, abi::serve::max_devices> devices_{};
    std::size_t count_{0};
    std::uint64_t busy_{0};  // a bit for each device that may have more
};

/// Hypercalls. In a VM only.
ServeCalls& serve_calls();
/// Ends the server's sleep, from the handler of an interrupt of its own. In a VM only.
void wake_server();

}  // namespace tiffin::sdk
