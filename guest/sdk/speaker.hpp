// An app's sound: the driver of a virtio sound device (virtio 1.2, "Sound Device") that another VM serves, such as guest/drivers/sound.
// 48 kHz, stereo, 16 bits, in periods of 10 ms, of which four wait for the server at most.
//
//   VirtioInSlot slot{*find_virtio_slot(boot().tree, abi::virtio::Type::Sound)};
//   Speaker speaker{slot};
//   if (auto const* why = speaker.open()) panic(why);
//   speaker.start();  while (more) speaker.play(samples);  speaker.drain();  speaker.stop();
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "abi/virtio.hpp"
#include "guest/sdk/virtio_driver.hpp"

namespace tiffin::sdk {

class Speaker {
public:
    using Sample = std::int16_t;
    static constexpr std::size_t periods = 4, period_samples = 960;
    static constexpr std::uint32_t period_bytes = period_samples * sizeof(Sample);

    /// It stays where it is while the device runs.
    explicit Speaker(VirtioRegisters& registers) : registers_{registers} {}
    Speaker(Speaker const&) = delete;
    Speaker& operator=(Speaker const&) = delete;

    /// Sets up the device and its stream, whatever it did before; nothing is heard yet. Nullptr, or why it can't be used.
    char const* open();
    /// What is posted is heard from now on, and what is posted later. False if the device does not do so.
    bool start() { return command(abi::virtio::sound::Code::PcmStart); }
    /// Nothing more is heard. What was posted and not taken yet stays, and comes first after start().
    bool stop() { return command(abi::virtio::sound::Code::PcmStop); }

    /// Posts whole frames, a period at most. False, at once, if four periods wait already (or the device has failed).
    bool offer(std::span<Sample const> samples);
    /// Posts all of it, and sleeps while there is no room. False if the device has failed.
    bool play(std::span<Sample const> samples);
    /// Sleeps until the server has taken all that was posted: it is heard within the next latency_bytes().
    bool drain();

    /// What the server said with the last period: bytes that are heard before what follows it.
    [[nodiscard]] std::uint32_t latency_bytes() const { return latency_; }
    /// Periods that the server did not play.
    [[nodiscard]] std::uint64_t refused() const { return refused_; }

private:
    struct Period {
        abi::virtio::sound::PcmTransfer transfer{};
        std::array<Sample, period_samples> samples{};
        abi::virtio::sound::PcmStatus status{};
        std::optional<std::uint16_t> chain{};  // while the device has it
    };

    bool command(abi::virtio::sound::Code code);
    template <class Request>
    bool ask(Request const& request);
    void collect();
    template <class Done>
    bool wait_until(Done done);

    static constexpr std::size_t used_queues = abi::virtio::sound::transmit_queue + 1;

    VirtioRegisters& registers_;
    std::array<QueueMemory, used_queues> memory_{};
    std::array<Virtqueue, used_queues> queues_{Virtqueue{memory_[0]}, Virtqueue{memory_[1]}, Virtqueue{memory_[2]}};
    VirtioDriver driver_{registers_, queues_};
    abi::virtio::sound::PcmSetParams request_{};  // longest of all
    abi::virtio::sound::Status answer_{};
    std::array<Period, periods> periods_{};
    std::uint32_t latency_{0};
    std::uint64_t refused_{0};
};

}  // namespace tiffin::sdk
