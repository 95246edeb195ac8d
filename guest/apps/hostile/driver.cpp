#include "guest/apps/hostile/driver.hpp"

#include "guest/apps/hostile/hostile.hpp"

namespace hostile {

namespace mmio = v::mmio;

namespace {

std::uint64_t address(void const* of) { return reinterpret_cast<std::uint64_t>(of); }

void write_address(std::uint32_t low, std::uint64_t value) {
    Driver::write(low, static_cast<std::uint32_t>(value));
    Driver::write(low + 4, static_cast<std::uint32_t>(value >> 32));
}

}  // namespace

Driver& driver() {
    static constinit Driver the{};
    return the;
}

bool Driver::exists() {
    std::uint32_t magic = 0;
    auto const s = attempt([&] { magic = read(mmio::MagicValue); });
    return s.faults == 0 && magic == mmio::magic && read(mmio::DeviceId) == static_cast<std::uint32_t>(v::Type::Block);
}

void Driver::start(std::uint64_t at) {
    write(mmio::StatusRegister, 0);
    rings = {};
    write(mmio::StatusRegister, v::acknowledge | v::driver);
    write(mmio::DriverFeaturesSel, 1);
    write(mmio::DriverFeatures, 1);  // VERSION_1
    write(mmio::DriverFeaturesSel, 0);
    write(mmio::DriverFeatures, static_cast<std::uint32_t>(v::ring_indirect));
    write(mmio::StatusRegister, v::acknowledge | v::driver | v::features_ok);
    write(mmio::QueueSel, 0);
    write(mmio::QueueNum, Rings::size);
    write_address(mmio::QueueDescLow, at);
    write_address(mmio::QueueDriverLow, at + (address(&rings.available) - address(&rings)));
    write_address(mmio::QueueDeviceLow, at + (address(&rings.used) - address(&rings)));
    write(mmio::QueueReady, 1);
    write(mmio::StatusRegister, v::acknowledge | v::driver | v::features_ok | v::driver_ok);
}

void Driver::post(std::uint16_t head) {
    rings.available.ring[rings.available.index % Rings::size] = head;
    asm volatile("dmb ish" : : : "memory");
    rings.available.index = static_cast<std::uint16_t>(rings.available.index + 1);
    asm volatile("dsb sy" : : : "memory");
    write(mmio::QueueNotify, 0);
}

bool Driver::wait() {
    for (unsigned n = 0; n < 100'000; ++n) {
        if (*const_cast<std::uint16_t volatile*>(&rings.used.index) == rings.available.index) return true;
        if (needs_reset()) return false;
        tiffin::sdk::hypercall::Yield();
    }
    return false;
}

int Driver::read_sector(std::uint64_t sector) {
    header = {.type = v::block::in, .reserved = 0, .sector = sector};
    status = 0xff;
    rings.descriptors[0] = {address(&header), sizeof header, v::descriptor_next, 1};
    rings.descriptors[1] = {address(data), sizeof data, v::descriptor_next | v::descriptor_write, 2};
    rings.descriptors[2] = {address(&status), 1, v::descriptor_write, 0};
    post(0);
    return wait() ? *const_cast<std::uint8_t volatile*>(&status) : -1;
}

bool Driver::works() {
    start();
    return read_sector(0) == v::block::ok;
}

}  // namespace hostile
