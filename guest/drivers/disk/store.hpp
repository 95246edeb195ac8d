// What a disk keeps its bytes in.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "guest/sdk/virtio_server.hpp"

namespace tiffin::disk {

class Store {
public:
    /// Ram: the VM's own, lost when it starts anew; requests are copied straight from and to it. Shared: memory that outlives the VM, to
    /// which the hypervisor copies nothing; it goes through a page of ours.
    enum class Place : bool { Ram, Shared };
    Store(std::span<std::byte> bytes, Place place) : bytes_{bytes}, place_{place} {}

    [[nodiscard]] std::size_t size() const { return bytes_.size(); }

    /// Takes what the client sends behind `head` bytes of the request, or gives it what it reads. `at` and `size` are inside the store
    /// (Part::find). False: not all of it is in the client's RAM.
    bool take(sdk::Request const& request, std::uint64_t head, std::uint64_t at, std::uint64_t size);
    bool give(sdk::Request const& request, std::uint64_t at, std::uint64_t size);

private:
    std::span<std::byte> bytes_;
    Place place_;
    alignas(8) std::array<std::byte, 4096> page_{};
};

}  // namespace tiffin::disk
