#include "tool/check/virtio.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <map>

#include "abi/guest_map.hpp"
#include "tool/description/read_virtio.hpp"

namespace tiffin {
namespace {

namespace v = abi::virtio;
using v::Type;

class Linker {
public:
    Linker(Description const& description, Problems& problems) : description_{description}, problems_{problems} {}

    std::vector<abi::VirtioRecord> run() {
        auto const& domains = description_.domains;
        for (std::uint32_t client = 0; client < domains.size(); ++client) {
            if (domains[client].virtio.size() > abi::guest_map::virtio_slots)
                problems_.add(
                    domains[client].virtio.back().at,
                    fmt::format("domain \"{}\" has {} virtio devices", domains[client].name.value, domains[client].virtio.size()),
                    "at most 32");
            std::uint32_t slot = 0;
            for (auto const& use : domains[client].virtio) add(client, slot++, use);
        }
        if (out_.size() > abi::max_virtio)
            problems_.add({}, fmt::format("the description has {} virtio devices", out_.size()),
                          fmt::format("at most {}", abi::max_virtio));
        return std::move(out_);
    }

private:
    void add(std::uint32_t client, std::uint32_t slot, VirtioUse const& use) {
        auto const server = find_server(client, use);
        if (!server) return;
        abi::VirtioRecord record{};
        record.client = client, record.server = *server, record.type = use.type, record.slot = slot;
        record.server_device = served_[*server]++, record.line = use.at.line;
        if (record.server_device == abi::serve::max_devices)
            problems_.add(
                use.at,
                fmt::format("domain \"{}\" serves more than {} virtio devices", use.server.value, abi::serve::max_devices),
                "a second server");
        fill(record, use);
        out_.push_back(record);
    }

    std::optional<std::uint32_t> find_server(std::uint32_t client, VirtioUse const& use) {
        auto const& domains = description_.domains;
        auto const found = std::ranges::find(domains, use.server.value, [](Domain const& d) { return d.name.value; });
        if (found == domains.end()) {
            problems_.add(use.server.at,
                          fmt::format("the server of a virtio device is \"{}\", and there is no such domain", use.server.value),
                          "the name of a domain",
                          "a domain that runs a server: image: {elf: \"${BUILD}/guest/drivers/disk/disk.elf\"}");
            return std::nullopt;
        }
        auto const index = static_cast<std::uint32_t>(found - domains.begin());
        if (index != client) return index;
        problems_.add(use.server.at, fmt::format("domain \"{}\" serves its own virtio device", use.server.value),
                      "another domain");
        return std::nullopt;
    }

    void fill(abi::VirtioRecord& record, VirtioUse const& use) {
        auto* const config = reinterpret_cast<char*>(record.config);
        auto const put = [&](std::uint32_t at, auto value) { std::memcpy(config + at, &value, sizeof value); };
        record.queue_size = abi::serve::max_queue_size;
        switch (use.type) {
            case Type::Block:
                record.queues = 1;
                record.features = v::block::has_segment_max | v::block::has_block_size | v::block::can_flush;
                if (use.read_only) record.features |= v::block::read_only;
                put(v::block::segment_max_at, abi::serve::max_queue_size - 2);  // a header, and a status
                put(v::block::block_size_at, std::uint32_t{512});
                return;
            case Type::Net:
                record.queues = 2;
                record.features = v::net::has_mac | v::net::has_status;
                put(v::net::mac_at, use.mac.value_or(made_up_mac(record)));
                return;
            case Type::Console:
                record.queues = 2 * (static_cast<std::uint32_t>(use.ports) + 1);
                record.features = v::console::has_multiport;
                put(v::console::max_ports_at, static_cast<std::uint32_t>(use.ports));
                return;
            case Type::Rng: record.queues = 1, record.queue_size = 8; return;
            case Type::Vsock:
                record.queues = 3;
                put(v::vsock::guest_cid_at, cid_of(use));
                return;
            case Type::Sound:
                record.queues = v::sound::queues;
                put(v::sound::streams_at, std::uint32_t{1});
                put(v::sound::channel_maps_at, std::uint32_t{1});
                put(v::sound::volume_at, static_cast<std::uint32_t>(use.volume));
                return;
            case Type::Gpu:
                record.queues = v::gpu::queues;
                put(v::gpu::scanouts_at, std::uint32_t{1});
                put(v::gpu::window_at, window_of(use));
                description_.domains[record.client].name.value.copy(config + v::gpu::owner_at, v::gpu::owner_size - 1);
                return;
            case Type::Input: record.queues = v::input::queues; return;
        }
    }

    /// All 0: as large as the screen is, which only the server knows.
    v::gpu::Window window_of(VirtioUse const& use) {
        v::gpu::Window out{};
        if (use.window) {
            out.x = static_cast<std::uint16_t>(use.window->x), out.y = static_cast<std::uint16_t>(use.window->y);
            out.width = static_cast<std::uint16_t>(use.window->width),
            out.height = static_cast<std::uint16_t>(use.window->height);
        }
        out.on_top = use.on_top ? 1 : 0;
        if (use.on_top) check_top(use);
        return out;
    }

    void check_top(VirtioUse const& use) {
        constexpr Window everything{.x = 0, .y = 0, .width = ~0u, .height = ~0u};
        auto const place = use.window.value_or(everything);
        for (auto const* other : on_top_) {
            if (other->server.value != use.server.value || !overlap(place, other->window.value_or(everything))) continue;
            problems_.add(use.at,
                          fmt::format("two windows of server \"{}\" are both on top and overlap; the other is in line {}",
                                      use.server.value, other->at.line),
                          "windows beside each other, or one \"on-top\" less");
        }
        on_top_.push_back(&use);
    }

    static bool overlap(Window const& a, Window const& b) {
        auto const meet = [](std::uint64_t at, std::uint64_t size, std::uint64_t other, std::uint64_t other_size) {
            return at < other + other_size && other < at + size;
        };
        return meet(a.x, a.width, b.x, b.width) && meet(a.y, a.height, b.y, b.height);
    }

    /// Locally administered: "TIF" in lower case, then client and slot.
    static std::array<std::uint8_t, 6> made_up_mac(abi::VirtioRecord const& record) {
        return {0x52,
                0x54,
                0x74,
                static_cast<std::uint8_t>(record.client >> 8),
                static_cast<std::uint8_t>(record.client),
                static_cast<std::uint8_t>(record.slot)};
    }

    std::uint64_t cid_of(VirtioUse const& use) {
        auto& next = next_cid_[use.server.value];
        next = std::max(next, v::vsock::first_guest_cid);
        auto const cid = use.cid.value != 0 ? use.cid.value : next++;
        if (!cids_.insert({{use.server.value, cid}, use.at.line}).second)
            problems_.add(use.cid.value != 0 ? use.cid.at : use.at,
                          fmt::format("cid {} is used twice at server \"{}\"", cid, use.server.value), "a cid of its own");
        return cid;
    }

    Description const& description_;
    Problems& problems_;
    std::map<std::uint32_t, std::uint32_t> served_;  // devices, by server
    std::map<std::string, std::uint64_t> next_cid_;
    std::map<std::pair<std::string, std::uint64_t>, std::uint32_t> cids_;  // and the line
    std::vector<VirtioUse const*> on_top_;
    std::vector<abi::VirtioRecord> out_;
};

}  // namespace

std::vector<abi::VirtioRecord> check_virtio(Description const& description, Problems& problems) {
    return Linker{description, problems}.run();
}

}  // namespace tiffin
