#include "guest/sdk/virtio_driver.hpp"

#include <algorithm>
#include <bit>

namespace tiffin::sdk {

namespace {

namespace virtio = abi::virtio;

constexpr std::uint8_t found = virtio::acknowledge | virtio::driver;

}  // namespace

char const* VirtioDriver::start(std::uint64_t wanted) {
    // An earlier life of this VM may have left it running, with queues that are no more: it is reset before it may reach memory.
    registers_.allow_dma(false);
    registers_.set_status(0);
    registers_.allow_dma(true);
    registers_.set_status(found);
    auto const* why = negotiate(wanted);
    if (why == nullptr) why = enable_queues();
    registers_.set_status(why == nullptr ? found | virtio::features_ok | virtio::driver_ok : virtio::failed);
    return why;
}

char const* VirtioDriver::negotiate(std::uint64_t wanted) {
    auto const offered = registers_.offered();
    if ((offered & virtio::version_1) == 0) return "it is no modern virtio device (of QEMU: disable-legacy=on)";
    if (registers_.is_fenced() && (offered & virtio::access_platform) == 0)
        return "it goes past the SMMU (of QEMU: iommu_platform=on)";
    features_ = offered & (wanted | virtio::version_1 | virtio::access_platform);
    registers_.accept(features_);
    registers_.set_status(found | virtio::features_ok);
    return (registers_.status() & virtio::features_ok) != 0 ? nullptr : "it does not work with these features";
}

char const* VirtioDriver::enable_queues() {
    std::uint16_t number = 0;
    for (auto& queue : queues_) {
        auto const entries = registers_.entries(number);
        if (entries == 0) return "it has too few queues";
        queue.reset(std::bit_floor(std::min(entries, max_queue_entries)));
        registers_.enable(number++, queue);
    }
    return nullptr;
}

bool VirtioDriver::failed() const {
    return (registers_.status() & (virtio::needs_reset | virtio::failed)) != 0 ||
           std::ranges::any_of(queues_, &Virtqueue::broken);
}

}  // namespace tiffin::sdk
