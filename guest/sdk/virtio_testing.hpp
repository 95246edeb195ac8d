// A virtio device made up by a test, and driven through VirtioRegisters. It works when the driver waits. For host tests only.
#pragma once
#include <cstring>
#include <functional>
#include <vector>

#include "guest/sdk/virtio_driver.hpp"

namespace tiffin::sdk::testing {

/// A chain as the device finds it: what it reads, and the room that it writes.
struct Offered {
    std::vector<std::span<std::byte const>> sent;
    std::vector<std::span<std::byte>> room;
};

class FakeVirtio final : public VirtioRegisters {
public:
    static constexpr unsigned queues = 4;
    using Used = abi::virtio::UsedElement;

    std::uint64_t features{abi::virtio::version_1 | abi::virtio::access_platform}, accepted{0};
    std::uint8_t state{0};
    std::uint16_t size{max_queue_entries};
    bool dma{false}, refuses{false}, fenced{true};
    unsigned resets{0}, notified{0};
    std::array<std::byte, 64> space{};
    /// What it does with a chain of a queue: how many bytes it wrote; nothing: it keeps the chain.
    std::function<std::optional<std::uint32_t>(std::uint16_t, Offered const&)> serve;
    /// What it says of a chain that it is done with, in place of the truth.
    std::function<void(Used&)> lie;

    std::uint8_t status() override { return state; }
    void set_status(std::uint8_t bits) override {
        if (bits == 0) ++resets, rings_ = {};
        state = refuses ? bits & ~abi::virtio::features_ok : bits;
    }
    std::uint64_t offered() override { return features; }
    void accept(std::uint64_t of) override { accepted = of; }
    std::uint16_t entries(std::uint16_t queue) override { return queue < queues ? size : 0; }
    void enable(std::uint16_t queue, Virtqueue const& what) override {
        rings_[queue] = {const_cast<QueueMemory*>(&what.memory()), what.entries(), 0};
    }
    void notify(std::uint16_t) override { ++notified; }
    std::uint64_t config(std::uint32_t offset) override {
        std::uint64_t word = 0;
        std::memcpy(&word, space.data() + offset, sizeof word);
        return word;
    }
    void allow_dma(bool allowed) override { dma = allowed; }
    [[nodiscard]] bool is_fenced() const override { return fenced; }
    void wait() override {
        for (std::uint16_t q = 0; q < queues; ++q) work(q);
    }

    void work(std::uint16_t queue) {
        auto& [memory, entries, seen] = rings_[queue];
        while (memory != nullptr && dma && seen != memory->available.index) {
            auto const head = memory->available.ring[seen % entries];
            auto const wrote = serve(queue, chain(*memory, head));
            if (!wrote) return;
            ++seen;
            finish(queue, {head, *wrote});
        }
    }
    void finish(std::uint16_t queue, Used used) {
        auto& [memory, entries, seen] = rings_[queue];
        if (lie) lie(used);
        memory->used.ring[memory->used.index % entries] = used;
        ++memory->used.index;
    }

private:
    struct Ring {
        QueueMemory* memory{nullptr};
        std::uint16_t entries{0}, seen{0};
    };

    static Offered chain(QueueMemory const& memory, std::uint16_t at) {
        Offered all;
        for (bool more = true; more; at = memory.descriptors[at].next) {
            auto const& d = memory.descriptors[at];
            auto* const bytes = reinterpret_cast<std::byte*>(d.address);
            if ((d.flags & abi::virtio::descriptor_write) != 0)
                all.room.emplace_back(bytes, d.length);
            else
                all.sent.emplace_back(bytes, d.length);
            more = (d.flags & abi::virtio::descriptor_next) != 0;
        }
        return all;
    }

    std::array<Ring, queues> rings_{};
};

}  // namespace tiffin::sdk::testing
