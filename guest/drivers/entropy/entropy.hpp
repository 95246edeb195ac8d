// The entropy device (virtio 1.2, "Entropy Device"): room is filled with random bytes.
#pragma once
#include <cstddef>
#include <span>

#include "guest/sdk/virtio_server.hpp"

namespace tiffin::entropy {

class Entropy final : public sdk::Service {
public:
    /// Fills the span; how many bytes it could: 0 if there are none now.
    using Source = std::size_t (*)(std::span<std::byte> into);
    explicit Entropy(Source source) : source_{source} {}

    bool serve(sdk::Device& device) override {
        for (unsigned n = 0; n < batch; ++n) {
            auto const request = device.next(0, {});
            if (!request) return false;
            std::byte bytes[most]{};
            auto const wanted = std::span{bytes}.first(request->writable() < most ? request->writable() : most);
            request->finish(0, wanted.first(source_(wanted)), sdk::Tell::WhenIdle);
        }
        return true;
    }

private:
    /// Requests a turn, and bytes a request: a driver that wants more asks again.
    static constexpr unsigned batch = 4;
    static constexpr std::size_t most = 256;

    Source source_;
};

}  // namespace tiffin::entropy
