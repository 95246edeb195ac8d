// Where a virtio device on PCI has its registers (virtio 1.2, "Virtio Structure PCI Capabilities").
#pragma once
#include <cstdint>
#include <optional>

#include "abi/virtio.hpp"
#include "base/pci.hpp"

namespace tiffin::sdk {

struct VirtioPlaces {
    struct Place {
        std::uint64_t at{0};
        std::uint32_t bytes{0};  // 0: it has none
    };
    Place common, notify, isr, device;
    std::uint32_t notify_multiplier{0};
};

/// Of a `Function` as PciFunction is one. The first of each kind counts, as the device prefers it. Nothing if one that a driver needs is
/// missing, or in no BAR.
template <class Function>
std::optional<VirtioPlaces> find_virtio(Function const& function) {
    namespace virtio = abi::virtio::pci;
    VirtioPlaces places;
    auto const note = [&](VirtioPlaces::Place& place, std::uint32_t capability) {
        auto const bar = function.read(capability + virtio::bar_at) & 0xff;
        auto const base = bar < pci::bars ? function.bar(bar) : 0;
        if (base == 0 || place.bytes != 0) return;
        place = {base + function.read(capability + virtio::offset_at), function.read(capability + virtio::length_at)};
        if (&place == &places.notify) places.notify_multiplier = function.read(capability + virtio::notify_multiplier_at);
    };
    auto at = function.read(pci::capabilities) & 0xfc;
    for (unsigned n = 0; n < pci::max_capabilities && at >= pci::header_bytes; ++n) {
        auto const head = function.read(at);
        using enum virtio::Structure;
        if ((head & 0xff) == pci::vendor_capability) switch (static_cast<virtio::Structure>(head >> 24)) {
                case Common: note(places.common, at); break;
                case Notify: note(places.notify, at); break;
                case Isr: note(places.isr, at); break;
                case Device: note(places.device, at); break;
            }
        at = head >> 8 & 0xfc;
    }
    if (places.common.bytes < virtio::CommonBytes || places.notify.bytes < 2 || places.isr.bytes == 0) return std::nullopt;
    return places;
}

}  // namespace tiffin::sdk
