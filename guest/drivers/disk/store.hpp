// What a disk keeps its bytes in.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "guest/drivers/disk/drive.hpp"
#include "guest/sdk/virtio_server.hpp"

namespace tiffin::disk {

class Store {
public:
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    /// Takes what the client sends behind `head` bytes of the request, or gives it what it reads. `at` and `size` are inside the store
    /// (Part::find). False: not all of it is in the client's RAM, or the store can't.
    virtual bool take(sdk::Request const& request, std::uint64_t head, std::uint64_t at, std::uint64_t size) = 0;
    virtual bool give(sdk::Request const& request, std::uint64_t at, std::uint64_t size) = 0;
    /// What it took so far stays, whatever happens.
    virtual bool flush() = 0;

protected:
    ~Store() = default;
};

class MemoryStore final : public Store {
public:
    /// Ram: the VM's own, lost when it starts anew; requests are copied straight from and to it. Shared: memory that outlives the VM, to
    /// which the hypervisor copies nothing; it goes through a page of ours. Flash: the same, and nobody writes.
    enum class Place { Ram, Shared, Flash };
    MemoryStore(std::span<std::byte> bytes, Place place) : bytes_{bytes}, place_{place} {}

    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
    bool take(sdk::Request const& request, std::uint64_t head, std::uint64_t at, std::uint64_t size) override;
    bool give(sdk::Request const& request, std::uint64_t at, std::uint64_t size) override;
    bool flush() override { return true; }

private:
    std::span<std::byte> bytes_;
    Place place_;
    alignas(8) std::array<std::byte, 4096> page_{};
};

/// A drive of the board's. A request goes through `buffer`, which is whole sectors, a piece after the other.
class DriveStore final : public Store {
public:
    DriveStore(Drive& drive, std::span<std::byte> buffer) : drive_{drive}, buffer_{buffer} {}

    [[nodiscard]] std::uint64_t size() const override;
    bool take(sdk::Request const& request, std::uint64_t head, std::uint64_t at, std::uint64_t size) override;
    bool give(sdk::Request const& request, std::uint64_t at, std::uint64_t size) override;
    bool flush() override { return drive_.flush(); }

private:
    Drive& drive_;
    std::span<std::byte> buffer_;
};

}  // namespace tiffin::disk
