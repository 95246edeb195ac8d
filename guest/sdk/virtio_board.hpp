// A server's hardware: the board's virtio device of one type that its VM was given, whatever it is attached by. In a VM only.
#pragma once
#include <new>

#include "guest/sdk/app.hpp"
#include "guest/sdk/virtio_pci.hpp"
#include "guest/sdk/virtio_slot.hpp"

namespace tiffin::sdk {

/// One of each kind, made where it is: a VM has no heap.
template <class T, class... Arguments>
T& keep(Arguments&&... arguments) {
    alignas(T) static constinit std::byte place[sizeof(T)]{};
    return *new (place) T{static_cast<Arguments&&>(arguments)...};
}

/// The first PCI function that is such a device, or else the first slot that holds one; nullptr if the VM was given none. `called` runs on
/// each of its interrupts, with interrupts masked. Once in a VM's life.
inline VirtioRegisters* find_board_virtio(abi::virtio::Type type, void (*called)() = nullptr) {
    auto const& tree = boot().tree;
    if (auto const function = find_virtio_pci(tree, type)) return &keep<VirtioPci>(*function, tree, called);
    if (auto const slot = find_virtio_slot(tree, type)) return &keep<VirtioInSlot>(*slot, called);
    return nullptr;
}

}  // namespace tiffin::sdk
