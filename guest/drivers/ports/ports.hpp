// The console device with several ports (virtio 1.2, "Console Device"): what a client writes to a port comes out line by line. Ports have
// queues 0 and 1, 4 and 5, 6 and 7, ...; messages about them go through 2 and 3.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "guest/drivers/ports/line.hpp"
#include "guest/drivers/ports/typed.hpp"
#include "guest/sdk/virtio_server.hpp"

namespace tiffin::ports {

inline constexpr std::uint32_t max_ports = 4;

/// "Multiport Device Operation".
enum class Event : std::uint16_t { DeviceReady = 0, PortAdd = 1, PortReady = 3, ConsolePort = 4, PortOpen = 6, PortName = 7 };
struct Control {
    std::uint32_t port;
    Event event;
    std::uint16_t value;
};
static_assert(sizeof(Control) == 8);

class Ports final : public sdk::Service {
public:
    /// A line of a port of the device.
    using Say = void (*)(std::uint32_t device, std::uint32_t port, std::string_view line);
    explicit constexpr Ports(Say say) : say_{say} {}

    void begin(sdk::Device& device) override;
    bool serve(sdk::Device& device) override;
    std::uint64_t wake() override;

    /// From now on port 0 of each device is a console (Linux: /dev/hvc0), whose driver echoes what is typed.
    void make_consoles() { consoles_first_ = true; }
    /// A key of the server's own console; also from an interrupt's handler.
    void type(char c) { keys_.put(c); }

private:
    struct Input {
        std::array<char, 256> text{};
        std::size_t used{0};
    };
    struct Console {
        /// Messages that the client has yet to get, of each port: a bit each, in the order in which they go out. However often it asks,
        /// there is no more to remember.
        std::array<std::uint8_t, max_ports> owed{};
        std::array<Line, max_ports> lines{};
        /// What was typed for a port and has yet to reach it: whole lines, one after the other. Linux throws away what comes to a port
        /// that nobody has opened, so it waits for that.
        std::array<Input, max_ports> inputs{};
        std::array<bool, max_ports> opened{};
    };

    bool take_control(sdk::Device const& device);
    void hear(sdk::Device const& device, Control const& message);
    bool send_owed(sdk::Device const& device);
    bool take_output(sdk::Device const& device, std::uint32_t port);
    [[nodiscard]] bool is_open(sdk::Device const& device, std::uint32_t port) const;
    void give_input(sdk::Device const& device, std::uint32_t port);
    [[nodiscard]] std::optional<Typed> addressed(std::string_view line);
    bool keep(Typed const& typed);

    Say say_;
    bool consoles_first_{false};
    std::optional<Typed> chosen_{};
    Keys keys_{};
    Line typing_{};
    std::array<Console, abi::serve::max_devices> consoles_{};
};

}  // namespace tiffin::ports
