// What a disk keeps its bytes in.
#pragma once
#include <cstddef>
#include <span>

namespace tiffin::disk {

/// Memory of the VM's own. Lost when the VM starts anew.
class Store {
public:
    explicit Store(std::span<std::byte> bytes) : bytes_{bytes} {}

    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    /// Requests are copied straight from and to here. Inside the store: Part has checked it.
    [[nodiscard]] std::span<std::byte> at(std::size_t offset, std::size_t size) const { return bytes_.subspan(offset, size); }

private:
    std::span<std::byte> bytes_;
};

}  // namespace tiffin::disk
