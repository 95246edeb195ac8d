// A client and a server of one virtio device that write what they like into rings, registers and calls, in any order, and into the rings
// also in the middle of a copy. EL2 never panics; nobody but the two is touched, and the boot image never.
#include "abi/guest_map.hpp"
#include "core/virtio/testing.hpp"
#include "tests/fuzz/bytes.hpp"
#include "vdev/virtio/virtio_mmio.hpp"

using namespace tiffin;
using namespace tiffin::testing;
using fuzz::Bytes, fuzz::require;

namespace {

constexpr std::uint64_t ram_bytes = 0x1'0000;

struct Machinery : VirtioBoard {
    Machinery() : VirtioBoard{{VmSpec{.served_by = {1}, .queues = 3, .device = v::Type::Gpu}, VmSpec{}, VmSpec{}}} {
        std::memset(private_ram(vm(2), guest_ram), 0x5a, ram_bytes);
        std::memcpy(image, image_at(), sizeof image);
    }

    [[nodiscard]] void const* image_at() const { return reinterpret_cast<void const*>(plan().header().load_address + 0x2'0000); }

    /// Eight bytes of the rings, of a table, or of a buffer.
    void poke(Bytes& in) {
        auto const at = in.take<std::uint16_t>() % 0x3000 & ~7u;
        auto const value = in.take<std::uint64_t>();
        std::memcpy(private_ram(vm(0), Driver::table + at), &value, sizeof value);
    }

    void write_register(Bytes& in) {
        auto const size = static_cast<std::uint8_t>(1u << (in.take<std::uint8_t>() & 3));
        auto const offset = in.take<std::uint16_t>() % 0x200 & ~(size - 1u);
        bus.write(vcpu(0), {.offset = offset, .size = size}, in.take<std::uint32_t>());
    }

    void read_register(Bytes& in) {
        auto const size = static_cast<std::uint8_t>(1u << (in.take<std::uint8_t>() & 3));
        std::ignore = bus.read(vcpu(0), {.offset = in.take<std::uint16_t>() % 0x400 & ~(size - 1u), .size = size});
    }

    /// A call of the server; the handle is mostly that of its last request.
    void call(Bytes& in) {
        auto const which = in.take<std::uint8_t>();
        auto const first = static_cast<std::uint32_t>(abi::Call::ServeStart),
                   pieces = static_cast<std::uint32_t>(abi::Call::ServeAttach);
        auto const kind = which % 12u;
        auto const number = static_cast<abi::Call>(kind < 8 ? first + kind : pieces + kind - 8);
        std::vector<std::uint64_t> arguments{(which & 0x80) != 0 ? in.take<std::uint64_t>() : handle, in.take<std::uint16_t>(),
                                             guest_ram + in.take<std::uint16_t>(), in.take<std::uint16_t>(),
                                             in.take<std::uint8_t>()};
        if (number == abi::Call::ServeNext) arguments = {which / 8u % 3u << 8, arguments[2], arguments[3]};
        if (number == abi::Call::ServeStart || number == abi::Call::ServeInfo || number == abi::Call::ServeConfig)
            arguments[0] %= 2;
        if (number == abi::Call::ServeAttach) arguments = {arguments[0], arguments[1] % 4, arguments[4] % 4, arguments[3] % 4, 1};
        if (number > abi::Call::ServeAttach) arguments[0] %= 2, arguments[1] %= 4;
        auto const answer = server.call(number, arguments);
        if (number == abi::Call::ServeNext && answer.x0 >= 0) handle = static_cast<std::uint64_t>(answer.x0);
    }

    void step(Bytes& in) {
        switch (in.take<std::uint8_t>() % 8) {
            case 0:
            case 1: return poke(in);
            case 2: return write_register(in);
            case 3: return read_register(in);
            case 4: return driver.publish(in.take<std::uint8_t>() % 16);
            case 5:
                return in.take<std::uint8_t>() % 8 == 0 ? virtio::leave(vm(in.take<std::uint8_t>() % 2))
                                                        : driver.start(in.take<std::uint64_t>());
            default: return call(in);
        }
    }

    void check() {
        auto const* const bystander = private_ram(vm(2), guest_ram);
        for (std::uint64_t i = 0; i < ram_bytes; ++i) require(bystander[i] == 0x5a);
        require(std::memcmp(image, image_at(), sizeof image) == 0);
    }

    vdev::VirtioMmio bus{vm(0)};
    std::uint64_t handle{0};
    std::uint8_t image[payload_size];
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    Bytes in{{data, size}};
    Machinery machinery;
    if ((in.take<std::uint8_t>() & 1) != 0) machinery.driver.start(v::ring_event_index);
    machinery.hw().on_copy = [&] {
        if ((in.take<std::uint8_t>() & 3) == 3) machinery.poke(in);
    };
    while (!in.empty()) machinery.step(in);
    machinery.check();
    return 0;
}
