// Clients that post anything in any order, to each server. Nothing may be read or written outside (AddressSanitizer), a round must end, and no
// client may reach what is another's.
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "guest/drivers/disk/block.hpp"
#include "guest/drivers/display/gpu.hpp"
#include "guest/drivers/entropy/entropy.hpp"
#include "guest/drivers/input/input.hpp"
#include "guest/drivers/ports/ports.hpp"
#include "guest/drivers/sockets/sockets.hpp"
#include "guest/drivers/sound/sound.hpp"
#include "guest/drivers/switch/switch.hpp"
#include "guest/sdk/serve_testing.hpp"

namespace {

using namespace tiffin;
using abi::virtio::Type;
using sdk::testing::Bytes;
using sdk::testing::Clients;

constexpr unsigned devices = 3, most_posted = 256, most_rounds = 1000;

class Input {
public:
    Input(std::uint8_t const* data, std::size_t size) : rest_{data, size} {}
    [[nodiscard]] bool empty() const { return rest_.empty(); }
    std::uint8_t byte() {
        if (rest_.empty()) return 0;
        auto const b = rest_.front();
        rest_ = rest_.subspan(1);
        return b;
    }
    Bytes bytes(std::size_t n) {
        Bytes all(n);
        for (auto& b : all) b = static_cast<std::byte>(byte());
        return all;
    }

private:
    std::span<std::uint8_t const> rest_;
};

void require(bool holds) {
    if (!holds) std::abort();
}

/// A buffer of samples, or a request that is well-formed but for a bit here and there.
Bytes likely_sound(Input& in) {
    using namespace sdk::testing;
    namespace p = abi::virtio::sound;
    constexpr p::Code codes[] = {p::Code::PcmPrepare, p::Code::PcmStart, p::Code::PcmStop,        p::Code::PcmRelease,
                                 p::Code::JackInfo,   p::Code::PcmInfo,  p::Code::ChannelMapInfo, p::Code::PcmSetParams};
    auto const which = in.byte();
    if (which % 2 == 0) return bytes_of(p::PcmTransfer{which / 128u}) + Bytes(in.byte() * 40u);
    auto const code = codes[which / 2 % 8];
    if (code == p::Code::PcmSetParams)
        return bytes_of(p::PcmSetParams{{code, 0}, in.byte() * 128u, in.byte() * 64u, 0, 2, p::format_s16, p::rate_48000, 0});
    return bytes_of(p::PcmRequest{code, which / 128u}) + bytes_of(in.byte() % 4u) + bytes_of(in.byte() % 40u);
}

/// A request of a screen's driver: few pictures, so that they meet, and numbers that are sometimes far too large.
Bytes likely_gpu(Input& in) {
    using namespace sdk::testing;
    namespace p = abi::virtio::gpu;
    auto const number = [&] { return in.byte() % 16 == 0 ? ~0u - in.byte() : in.byte() % 80u; };
    auto const head = [](p::Code type) { return p::Header{type, p::fenced, 7, 0, 0}; };
    auto const which = in.byte();
    auto const id = which / 16u % 4;
    auto const part = [&] { return p::Rectangle{number(), number(), number(), number()}; };
    switch (which % 10) {
        case 0: return bytes_of(head(p::Code::GetDisplayInfo));
        case 1:
            return bytes_of(p::ResourceCreate2d{head(p::Code::ResourceCreate2d), id, p::Format::B8G8R8X8, number(), number()});
        case 2: return bytes_of(p::OfResource{head(p::Code::ResourceUnref), id, 0});
        case 3: return bytes_of(p::OfResource{head(p::Code::ResourceDetachBacking), id, 0});
        case 4: return bytes_of(p::SetScanout{head(p::Code::SetScanout), part(), which / 200u, id});
        case 5: return bytes_of(p::TransferToHost2d{head(p::Code::TransferToHost2d), part(), number(), id, 0});
        case 6: {
            auto request = bytes_of(p::AttachBacking{head(p::Code::ResourceAttachBacking), id, in.byte() % 70u});
            for (auto n = in.byte() % 70u; n != 0; --n)
                request = request + bytes_of(p::MemoryEntry{number() * 64ull, number() * 64, 0});
            return request;
        }
        case 7: return bytes_of(p::Cursor{head(p::Code::UpdateCursor), 0, number(), number(), 0, id, 0, 0, 0});
        case 8: return bytes_of(p::Cursor{head(p::Code::MoveCursor), 0, number(), number(), 0, id, 0, 0, 0});
        default: return bytes_of(p::ResourceFlush{head(p::Code::ResourceFlush), part(), id, 0});
    }
}

/// What a driver might post, with a number or two that it would not.
Bytes likely(Input& in, Type type, std::uint64_t device) {
    using namespace sdk::testing;
    switch (type) {
        case Type::Block: {
            abi::virtio::block::Request const head{in.byte() % 10u, 0, in.byte() % 8u};
            return bytes_of(head) + Bytes(in.byte() % 5 * 512u, std::byte{'x'});
        }
        case Type::Net: {
            auto frame = Bytes(net_switch::header + net_switch::shortest + in.byte() * 6u);
            frame[net_switch::header] = static_cast<std::byte>(3 + in.byte() % 4);
            frame[net_switch::header + 6] = static_cast<std::byte>(3 + device);
            return frame;
        }
        case Type::Console: return bytes_of(ports::Control{in.byte() % 5u, static_cast<ports::Event>(in.byte() % 8), 1});
        case Type::Rng: return {};
        case Type::Vsock: {
            auto const length = in.byte() * 4u;
            sockets::Header const h{
                3 + device, 3u + in.byte() % 4, 1, 2, length, sockets::stream, static_cast<sockets::Op>(in.byte() % 9), 0, 0, 0};
            Bytes packet(sockets::header_bytes);
            sockets::put(h, packet);
            return packet + Bytes(length);
        }
        case Type::Sound: return likely_sound(in);
        case Type::Gpu: return likely_gpu(in);
        case Type::Input: return Bytes(in.byte() % 16u);
    }
    return {};
}

/// One operation of a client: a request, a reset, another state of its driver, or buffers that are suddenly no RAM.
void act(Input& in, Clients& clients) {
    auto const what = in.byte();
    auto const device = in.byte() % devices;
    auto& made = clients.made[device];
    switch (what % 8) {
        case 0: return clients.reset(device);
        case 1: made.status = in.byte(); return;
        case 2: made.accepted = in.byte(); return;
        case 3: clients.no_ram = in.byte() % 4 == 0; return;
        default: break;
    }
    auto const queue = in.byte() % 4;
    auto const room = in.byte() * 24u + in.byte() % 2;
    auto sent = what % 8 == 7 ? in.bytes(in.byte() % 96u) : likely(in, made.type, device);
    if (made.queues[queue].size() < most_posted) clients.post(device, static_cast<std::uint32_t>(queue), std::move(sent), room);
}

void serve(Input& in, Clients& clients, sdk::Server& server, sdk::Service& service) {
    while (!in.empty()) {
        act(in, clients);
        unsigned rounds = 0;
        while (server.round(service)) require(++rounds < most_rounds);
    }
}

void serve_disk(Input& in, Clients& clients, sdk::Server& server) {
    clients.made[2].offered = abi::virtio::block::read_only;
    Bytes memory(3 * 2048, std::byte{'-'});
    disk::MemoryStore store{memory, in.byte() % 2 == 0 ? disk::MemoryStore::Place::Ram : disk::MemoryStore::Place::Shared};
    disk::BlockService service{store, *disk::Parts::make({}, memory.size(), devices)};
    serve(in, clients, server, service);
    require(std::all_of(memory.begin() + 4096, memory.end(), [](std::byte b) { return b == std::byte{'-'}; }));
}

void serve_switch(Input& in, Clients& clients, sdk::Server& server) {
    auto const service = std::make_unique<net_switch::Switch>(
        server.devices(), net_switch::Rules{.ports_of_any_mac = in.byte()}, [] { return std::uint64_t{7}; }, 1000);
    serve(in, clients, server, *service);
}

/// A card that plays a slot each time that somebody looks twice.
struct Clockwork final : sound::Output {
    std::array<sound::Sample, sound::slot_samples> slot{};
    unsigned looks{0};
    [[nodiscard]] std::uint64_t early() const override { return looks; }
    [[nodiscard]] std::uint64_t late() const override { return 0; }
    std::span<sound::Sample> next() override {
        return ++looks % 2 != 0 ? std::span<sound::Sample>{slot} : std::span<sound::Sample>{};
    }
    void play() override {}
    void rest() override {}
};

void serve_sound(Input& in, Clients& clients, sdk::Server& server) {
    Clockwork card;
    auto const service = std::make_unique<sound::Sound>(server.devices(), card);
    serve(in, clients, server, *service);
}

/// A small screen: what is drawn lies on it, and nobody draws in another's window.
struct Wall final : display::Output {
    static constexpr std::int32_t wide = 90, high = 60;
    [[nodiscard]] std::int32_t width() const override { return wide; }
    [[nodiscard]] std::int32_t height() const override { return high; }
    void show(sdk::Rect const& where, std::span<std::uint32_t const> pixels) override {
        auto const end = where.x + where.width;
        require(where.x >= 0 && where.y >= 0 && where.height > 0 && where.y + where.height <= high && end <= wide &&
                std::ssize(pixels) == std::ptrdiff_t{where.width} * where.height);
        require(is_nobodys(where, pixels) || (where.x / 60 == (end - 1) / 60 && (enlarged || where.x / 30 == (end - 1) / 30)));
    }
    /// Black, where no window is: each begins a line below the one to its left.
    static bool is_nobodys(sdk::Rect const& where, std::span<std::uint32_t const> pixels) {
        return where.height == 1 && where.y < where.x / 30 && std::ranges::all_of(pixels, [](auto p) { return p == 0; });
    }
    bool enlarged{false};  // one of the first two may have the other's place too; what is on top is always whole
};

/// Windows beside each other, the last one on top and partly beyond the edge; perhaps with whose they are over them.
void serve_display(Input& in, Clients& clients, sdk::Server& server) {
    for (std::uint16_t n = 0; n < devices; ++n) {
        abi::virtio::gpu::Window const window{static_cast<std::uint16_t>(30 * n), n, 30, 70, n == 2, 0, {}};
        std::memcpy(&clients.made[n].config[abi::virtio::gpu::window_at / 8], &window, sizeof window);
        clients.made[n].memory = Bytes(4096, std::byte{'m'});
    }
    Wall wall;
    auto const service = std::make_unique<display::Gpu>(server.devices(), wall);
    auto const how = in.empty() ? 0u : in.byte();
    service->show_owners(how % 2 != 0);
    wall.enlarged = how / 2 % 2 != 0 && service->enlarge(how / 4 % 4) != nullptr;
    serve(in, clients, server, *service);
}

/// A keyboard that types what the fuzzer says, a key each time that somebody looks twice.
struct Typist final : sdk::KeySource {
    explicit Typist(Input& from) : in{from} {}
    std::optional<sdk::Key> next() override {
        waiting = !waiting && !in.empty();
        if (!waiting) return std::nullopt;
        auto const what = in.byte();
        return sdk::Key{static_cast<std::uint16_t>(what % 8 == 0 ? input::f12 : what / 8), what % 3u};
    }
    Input& in;
    bool waiting{false};
};

void serve_input(Input& in, Clients& clients, sdk::Server& server) {
    Typist typist{in};
    auto const service = std::make_unique<input::Input>(server.devices(), &typist);
    serve(in, clients, server, *service);
    require(service->focused() < devices);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    constexpr Type types[] = {Type::Block, Type::Net, Type::Console, Type::Rng, Type::Vsock, Type::Sound, Type::Input, Type::Gpu};
    Input in{data, size};
    auto const which = in.byte() % std::size(types);
    Clients clients;
    for (std::uint64_t n = 0; n < devices; ++n) clients.made[clients.add(types[which], n)].config[0] = 3 + n;
    sdk::Server server{clients};
    server.start();
    switch (types[which]) {
        case Type::Block: serve_disk(in, clients, server); break;
        case Type::Net: serve_switch(in, clients, server); break;
        case Type::Console: {
            auto const service = std::make_unique<ports::Ports>([](std::uint32_t, std::uint32_t, std::string_view) {});
            serve(in, clients, server, *service);
            break;
        }
        case Type::Rng: {
            entropy::Entropy service{[](std::span<std::byte> into) { return into.size(); }};
            serve(in, clients, server, service);
            break;
        }
        case Type::Vsock: {
            auto const service = std::make_unique<sockets::Sockets>(server);
            service->announce();
            serve(in, clients, server, *service);
            break;
        }
        case Type::Sound: serve_sound(in, clients, server); break;
        case Type::Input: serve_input(in, clients, server); break;
        case Type::Gpu: serve_display(in, clients, server); break;
    }
    return 0;
}
