// What a virtio server asks of the hypervisor (abi/serve.hpp), as an interface: hypercalls in a VM, and a client made up by a test on
// the host (serve_testing.hpp).
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "abi/serve.hpp"

namespace tiffin::sdk {

class ServeCalls {
public:
    /// A request as ServeNext hands it over.
    struct Next {
        std::uint64_t handle;
        std::uint64_t readable, writable;  // bytes
        std::uint64_t got;                 // bytes of the readable ones that are in the buffer
    };
    /// Bytes copied; nothing if there is no such request any more.
    using Copied = std::optional<std::uint64_t>;

    virtual bool start(std::uint32_t device) = 0;
    virtual std::optional<Next> next(std::uint32_t device, std::uint32_t queue, std::span<std::byte> buffer) = 0;
    virtual Copied read(std::uint64_t handle, std::uint64_t offset, std::span<std::byte> into) = 0;
    virtual Copied write(std::uint64_t handle, std::uint64_t offset, std::span<std::byte const> from) = 0;
    /// The request is done if all of `last` was copied. `more`: the client need not be told before the queue is empty.
    virtual Copied complete(std::uint64_t handle, std::uint64_t offset, std::span<std::byte const> last, bool more) = 0;
    virtual std::uint64_t news() = 0;
    /// Nothing behind the last device.
    virtual std::optional<std::uint64_t> info(std::uint32_t device, abi::serve::Fact fact) = 0;
    virtual void config(std::uint32_t device, std::uint32_t offset, std::uint64_t value) = 0;

    /// Memory that the client of a GPU device has attached (abi/serve.hpp, max_pieces).
    struct Attached {
        std::uint32_t bytes;
        std::uint64_t note;
    };
    virtual Copied attach(std::uint64_t handle, std::uint32_t first_entry, std::uint32_t count, std::uint32_t place,
                          std::uint64_t note) = 0;
    virtual void detach(std::uint32_t device, std::uint32_t place, std::uint32_t count) = 0;
    virtual Copied look(std::uint32_t device, std::uint32_t place, std::uint32_t offset, std::span<std::byte> into) = 0;
    virtual std::optional<Attached> attached(std::uint32_t device, std::uint32_t place) = 0;

protected:
    ~ServeCalls() = default;
};

}  // namespace tiffin::sdk
