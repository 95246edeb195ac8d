// Behind which port an address is: those that the description gives, for ever, and those that were seen, for a while. Of a fixed size,
// and what one port fills it with takes nothing from another.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "guest/drivers/switch/frame.hpp"

namespace tiffin::net_switch {

class MacTable {
public:
    /// Ticks after which an address that was not seen again is forgotten.
    explicit MacTable(std::uint64_t lifetime) : lifetime_{lifetime} {}

    /// `mac` is behind `port` for ever. False if the table has no room for it.
    bool pin(Mac mac, std::uint32_t port) { return place(mac, port, 0, true); }

    /// `mac` was seen at `port`. False if it is another port's for ever: somebody lies.
    bool learn(Mac mac, std::uint32_t port, std::uint64_t now) {
        Entry* const known = look(mac);
        if (known != nullptr && known->pinned) return known->port == port;
        if (known != nullptr)
            *known = {mac, now, port, true, false};
        else
            place(mac, port, now, false);
        return true;
    }

    [[nodiscard]] std::optional<std::uint32_t> find(Mac mac, std::uint64_t now) const {
        for (Entry const& e : bucket(mac))
            if (e.used && e.mac == mac && alive(e, now)) return e.port;
        return std::nullopt;
    }

private:
    struct Entry {
        Mac mac;
        std::uint64_t seen{0};
        std::uint32_t port{0};
        bool used{false}, pinned{false};
    };
    static constexpr std::size_t buckets = 64, ways = 8;
    using Bucket = std::array<Entry, ways>;

    [[nodiscard]] static constexpr std::size_t hash(Mac mac) { return (mac.bits * 0x9e37'79b9'7f4a'7c15) >> 58; }
    static_assert(buckets == 1 << 6);
    [[nodiscard]] Bucket const& bucket(Mac mac) const { return table_[hash(mac)]; }
    [[nodiscard]] bool alive(Entry const& e, std::uint64_t now) const { return e.pinned || now - e.seen <= lifetime_; }

    Entry* look(Mac mac) {
        for (Entry& e : table_[hash(mac)])
            if (e.used && e.mac == mac) return &e;
        return nullptr;
    }

    /// In a free place, one that has aged, or the oldest of the same port's.
    bool place(Mac mac, std::uint32_t port, std::uint64_t now, bool pinned) {
        Entry* best = nullptr;
        for (Entry& e : table_[hash(mac)]) {
            if (!e.used || !alive(e, now)) {
                best = &e;
                break;
            }
            bool const own = e.port == port && !e.pinned;
            if (own && (best == nullptr || e.seen < best->seen)) best = &e;
        }
        if (best != nullptr) *best = {mac, now, port, true, pinned};
        return best != nullptr;
    }

    std::uint64_t lifetime_;
    std::array<Bucket, buckets> table_{};
};

}  // namespace tiffin::net_switch
