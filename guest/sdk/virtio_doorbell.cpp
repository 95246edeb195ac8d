// The part of a virtio server that only a VM has: hypercalls, and sleep until the doorbell rings.
#include "abi/guest_map.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/virtio_server.hpp"

namespace tiffin::sdk {

namespace {

constinit bool volatile rung = false;

/// Requests until the server starts anew, with the last one in its hands; 0: never. For tests of what that leaves behind.
constinit std::uint64_t die_after = 0;

void on_doorbell(std::uint32_t, void*) { rung = true; }

std::uint64_t address(void const* at) { return reinterpret_cast<std::uint64_t>(at); }

class Hypercalls final : public ServeCalls {
public:
    bool start(std::uint32_t device) override { return !hypercall::ServeStart(device).failed(); }
    std::optional<Next> next(std::uint32_t device, std::uint32_t queue, std::span<std::byte> buffer) override {
        auto const a = hypercall::ServeNext(abi::serve::queue_of(device, queue), address(buffer.data()), buffer.size());
        if (a.failed()) return std::nullopt;
        if (die_after != 0 && --die_after == 0) call(psci::system_reset);
        return Next{a.x0, a.x1, a.x2, a.x3};
    }
    Copied read(std::uint64_t handle, std::uint64_t offset, std::span<std::byte> into) override {
        return copied(hypercall::ServeRead(handle, offset, address(into.data()), into.size()));
    }
    Copied write(std::uint64_t handle, std::uint64_t offset, std::span<std::byte const> from) override {
        return copied(hypercall::ServeWrite(handle, offset, address(from.data()), from.size()));
    }
    Copied complete(std::uint64_t handle, std::uint64_t offset, std::span<std::byte const> last, bool more) override {
        return copied(hypercall::ServeComplete(handle, offset, address(last.data()), last.size(), more ? 1 : 0));
    }
    std::uint64_t news() override { return hypercall::ServeNews().x1; }
    std::optional<std::uint64_t> info(std::uint32_t device, abi::serve::Fact fact) override {
        auto const a = hypercall::ServeInfo(device, static_cast<std::uint32_t>(fact));
        if (a.failed()) return std::nullopt;
        return a.x1;
    }
    void config(std::uint32_t device, std::uint32_t offset, std::uint64_t value) override {
        hypercall::ServeConfig(device, offset, value);
    }
    Copied attach(std::uint64_t handle, std::uint32_t first, std::uint32_t count, std::uint32_t place,
                  std::uint64_t note) override {
        return copied(hypercall::ServeAttach(handle, first, count, place, note));
    }
    void detach(std::uint32_t device, std::uint32_t place, std::uint32_t count) override {
        hypercall::ServeDetach(device, place, count);
    }
    Copied look(std::uint32_t device, std::uint32_t place, std::uint32_t offset, std::span<std::byte> into) override {
        return copied(hypercall::ServeLook(device, abi::serve::look_at(place, offset), address(into.data()), into.size()));
    }
    std::optional<Attached> attached(std::uint32_t device, std::uint32_t place) override {
        auto const a = hypercall::ServeAttached(device, place);
        if (a.failed()) return std::nullopt;
        return Attached{static_cast<std::uint32_t>(a.x1), a.x2};
    }

private:
    static Copied copied(Answer const& a) { return a.failed() ? Copied{} : Copied{a.x0}; }
};

constinit Hypercalls hypercalls;

void sleep_until_rung() {
    InterruptsMasked const masked;
    while (!rung) wait_for_interrupt();
}

}  // namespace

void wake_server() { rung = true; }

ServeCalls& serve_calls() { return hypercalls; }

void Server::run(Service& service) {
    interrupts::set_edge(abi::guest_map::server_intid);
    if (!interrupts::enable(abi::guest_map::server_intid, 0x80, on_doorbell)) panic("no doorbell");
    die_after = argument(boot().arguments, "server.dies-after", 0);
    start();
    for (;;) {
        rung = false;  // before the look around: whoever rings from here on is seen
        if (!round(service)) sleep_until_rung();
    }
}

}  // namespace tiffin::sdk
