// Anything, in any order: calls, device registers, system registers, rings. The same seed does the same again.
#include "guest/sdk/random.hpp"

#include "abi/serve.hpp"
#include "guest/apps/hostile/driver.hpp"
#include "guest/apps/hostile/hostile.hpp"

namespace hostile {
namespace {

using namespace tiffin::sdk;
namespace map = tiffin::abi::guest_map;
using tiffin::abi::Call;
using tiffin::abi::hypercall_base;

#define X(number, name, arguments, text) +1
constexpr unsigned hypercall_count = TIFFIN_HYPERCALLS(X);
#undef X

struct Random : tiffin::sdk::Random {
    using tiffin::sdk::Random::Random;
    /// Small, large, an address, or anything. What the disk's server writes to such an address must not be this program.
    std::uint64_t argument() {
        auto const any = next();
        switch (any >> 60 & 7) {
            case 0: return any & 0xff;
            case 1: return 0;
            case 2: return ~0ull - (any & 0xff);
            case 3: return map::ram + 0x8'0000 + (any & 0x7'ffff);
            case 4: return (any & 63) == 30 ? 0 : 1ull << (any & 63);
            default: return any;
        }
    }
};

struct Region {
    std::uint64_t base, size;
};

/// Emulated devices. Of the distributor and the redistributor the parts that would only silence this VM's own console are in, too.
constexpr Region regions[] = {{map::gicd, map::gicd_size},           {map::gicr, map::gicr_stride},
                              {map::pl011 + 4, map::pl011_size - 4},  // but for UARTDR: its text is read by tests
                              {map::pl031, map::pl031_size},         {map::virtio, map::virtio_stride},
                              {map::channel_doorbells, 0x1000},      {0x0904'0000, 0x3000}};  // watchdog, and the manager's page

/// Calls that end or reset this VM would only end the test.
bool is_safe(std::uint32_t function) {
    return function != static_cast<std::uint32_t>(Call::Exit) && function != static_cast<std::uint32_t>(Call::ConsoleWrite);
}

class Player {
public:
    explicit Player(std::uint64_t seed) : random_{seed} {}

    void play() {
        switch (random_.below(8)) {
            case 0:
            case 1: return call_something();
            case 2:
            case 3: return touch_a_device();
            case 4: return touch_a_register();
            case 5: return change_a_ring();
            case 6: return ask_the_firmware();
            default: return use_the_disk();
        }
    }

    Tally tally;

private:
    void call_something() {
        auto const number = static_cast<std::uint32_t>(random_.below(hypercall_count + 2));
        if (!is_safe(hypercall_base + number)) return;
        if (number < hypercall_count) seen_calls_ |= 1ull << number;
        (void)call(hypercall_base + number, random_.argument(), random_.argument(), random_.argument(), random_.argument(),
                   random_.argument(), random_.argument(), random_.argument());
    }

    void touch_a_device() {
        auto const which = random_.below(std::size(regions));
        auto const& region = regions[which];
        auto const at = region.base + random_.below(region.size);
        auto const value = random_.argument();
        seen_regions_ |= 1u << which;
        switch (random_.below(6)) {
            case 0: return void(mmio_read<std::uint8_t>(at));
            case 1: return void(mmio_read<std::uint32_t>(at & ~3ull));
            case 2: return void(mmio_read<std::uint64_t>(at & ~7ull));
            case 3: return mmio_write<std::uint8_t>(at, static_cast<std::uint8_t>(value));
            case 4: return mmio_write<std::uint32_t>(at & ~3ull, static_cast<std::uint32_t>(value));
            default: return mmio_write<std::uint64_t>(at & ~7ull, value);
        }
    }

    /// Reads any; writes those that are not its own (see register_cases.cpp), and its interrupt controller's.
    void touch_a_register() {
        auto const encoding = static_cast<std::uint32_t>(0x10'0000 | random_.below(0x1'0000) << 5);
        unsigned const op1 = encoding >> 16 & 7, crn = encoding >> 12 & 15, crm = encoding >> 8 & 15;
        bool const gic = op1 == 0 && crn == 12 && crm >= 8;
        if (random_.below(4) == 0 && (op1 >= 4 || crn == 11 || crn == 15 || crn == 9 || gic)) {
            write_register(encoding, random_.argument());
        } else {
            (void)read_register(encoding);
        }
        auto& word = seen_registers_[encoding >> 5 & 0x3ff];
        auto const bit = 1ull << (encoding >> 15 & 63);
        tally.registers += (word & bit) == 0 ? 1 : 0;
        word |= bit;
    }

    void change_a_ring() {
        auto* const words = reinterpret_cast<std::uint64_t*>(&driver().rings);
        words[random_.below(sizeof(Rings) / 8)] = random_.argument();
    }

    /// Questions only: what starts, stops or puts to sleep would end the test, or wait for ever.
    void ask_the_firmware() {
        constexpr std::uint32_t functions[] = {psci::version, psci::affinity_info, psci::features, psci::cpu_on, 0x8000'0000,
                                               0x8000'0001,   0x8400'0050,         0x8400'0051,    0xc400'0053,  0xc500'0020,
                                               0xc500'0021,   0x8600'ff01,         0x8400'ffff,    0xbf00'0000};
        auto const function = functions[random_.below(std::size(functions))];
        if (function == psci::cpu_on)
            return void(call(function, random_.argument() | 1ull << 40, random_.argument(), random_.argument()));
        (void)call(function, random_.argument(), random_.argument(), random_.argument());
    }

    void use_the_disk() {
        if (!has_disk_) return;
        if (random_.below(64) == 0) return driver().start();
        driver().post(static_cast<std::uint16_t>(random_.argument()));
        if (random_.below(8) == 0) hypercall::Yield();
    }

    Random random_;
    bool has_disk_{Driver::exists()};
    std::uint64_t seen_calls_{0};
    std::uint32_t seen_regions_{0};
    static inline constinit std::uint64_t seen_registers_[0x400]{};

    friend Tally finish(Player& player);
};

unsigned count_ones(std::uint64_t bits) {
    unsigned n = 0;
    for (; bits != 0; bits &= bits - 1) ++n;
    return n;
}

Tally finish(Player& player) {
    player.tally.hypercalls = count_ones(player.seen_calls_);
    player.tally.regions = count_ones(player.seen_regions_);
    return player.tally;
}

constexpr std::uint64_t round = 1000;  // operations for each verdict of the fault hook, which gives up after too many

}  // namespace

Tally run_at_random(std::uint64_t seed, std::uint64_t count) {
    mask_interrupts();  // what it enables must not be taken by handlers that are not there
    Player player{seed};
    while (player.tally.operations < count) {
        auto const s = attempt([&] {
            for (std::uint64_t n = 0; n < round; ++n) player.play();
        });
        player.tally.operations += round;
        player.tally.faults += s.faults;
    }
    return finish(player);
}

void lie_at_random(std::uint64_t seed) {
    print("hostile: a server that lies, of seed {}\n", seed);
    Random random{seed};
    std::uint64_t handle = 0;
    std::uint64_t const first = static_cast<std::uint32_t>(Call::ServeStart);
    (void)hypercall::ServeStart(0);
    for (std::uint64_t n = 0;; ++n) {
        auto const got = hypercall::ServeNext(0, map::ram + 0x8'0000 + random.below(0x2'0000), random.below(8192));
        if (!got.failed()) handle = got.x0;
        auto const number = static_cast<std::uint32_t>(first + random.below(8));
        (void)call(number, random.below(2) != 0 ? handle : random.argument(), random.argument(), random.argument(),
                   random.argument(), random.argument());
        if (n % 64 == 0) hypercall::Yield();
    }
}

}  // namespace hostile
