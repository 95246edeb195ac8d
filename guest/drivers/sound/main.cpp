// A VM that plays the sound of other VMs, mixed, on a sound card of the board's: the PCI function it was given, of Intel High Definition
// Audio.
#include "guest/drivers/sound/card.hpp"
#include "guest/drivers/sound/sound.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"
#include "guest/sdk/pci.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

TIFFIN_APP_STACK(16384);

namespace {

/// QEMU's `intel-hda`, which calls itself an ICH6.
constexpr std::uint32_t ich6 = 0x2668'8086;

class Registers final : public sound::CardRegisters {
public:
    explicit Registers(std::uint64_t base) : base_{base} {}
    std::uint32_t read(std::uint32_t at, unsigned bytes) override {
        if (bytes == 1) return mmio_read<std::uint8_t>(base_ + at);
        return bytes == 2 ? mmio_read<std::uint16_t>(base_ + at) : mmio_read<std::uint32_t>(base_ + at);
    }
    void write(std::uint32_t at, std::uint32_t value, unsigned bytes) override {
        if (bytes == 1) return mmio_write(base_ + at, static_cast<std::uint8_t>(value));
        if (bytes == 2) return mmio_write(base_ + at, static_cast<std::uint16_t>(value));
        mmio_write(base_ + at, value);
    }

private:
    std::uint64_t base_;
};

constinit sound::Card::Memory memory;

void on_interrupt(std::uint32_t, void* card) {
    static_cast<sound::Card*>(card)->on_interrupt();
    wake_server();
}

void must(char const* why) {
    if (why != nullptr) print("sound: the board's sound card {}\n", why), panic("the card can't be used");
}

/// Of a stream that has stopped. `late`: slots that the card played again, for this server came too late.
void tell(std::uint32_t device, sound::Ledger const& ledger, std::uint64_t late) {
    print("sound: device {}: {} periods of 10 ms, {} underruns, filled at least {} ms early, {} too late\n", device,
          ledger.slots(), ledger.underruns(), ledger.early_ms(), late);
}

/// Reset before it may reach memory: what an earlier life of this VM left running ends here.
void start(sound::Card& card, PciFunction const& function) {
    must(card.reset());
    function.enable(true);
    must(card.start());
    auto const intid = pci_interrupt(boot().tree, function);
    if (!intid || !interrupts::enable(*intid, 0x80, on_interrupt, &card)) panic("sound: no interrupt of the card's");
}

}  // namespace

unsigned app_main() {
    turn_caches_on();
    Server server{serve_calls()};
    server.start();
    auto const function = find_pci(boot().tree, ich6);
    if (!function) panic("sound: the VM has no sound card (QEMU's intel-hda)");
    function->enable(false);
    Registers registers{function->bar(0)};
    sound::Card card{registers, memory};
    start(card, *function);
    alignas(sound::Sound) static constinit std::byte place[sizeof(sound::Sound)]{};  // far too large for a stack
    auto& service = *new (place) sound::Sound{server.devices(), card, tell};
    print("sound: {} devices, a card whose converter {} plays on pin {}\n", server.devices().size(), card.converter(),
          card.pin());
    server.run(service);
}
