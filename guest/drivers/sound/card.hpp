// A sound card of the board's that speaks Intel High Definition Audio: its first codec that has a way out, and one output stream, which
// plays a ring in this VM's memory. Commands go by the immediate registers, one at a time.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "guest/drivers/sound/hda.hpp"
#include "guest/drivers/sound/output.hpp"

namespace tiffin::sound {

/// The controller's registers (BAR 0).
class CardRegisters {
public:
    /// `bytes`: 1, 2 or 4.
    virtual std::uint32_t read(std::uint32_t at, unsigned bytes) = 0;
    virtual void write(std::uint32_t at, std::uint32_t value, unsigned bytes) = 0;

protected:
    ~CardRegisters() = default;
};

class Card final : public Output {
public:
    /// What the card reads.
    struct Memory {
        alignas(128) std::array<std::array<Sample, slot_samples>, slots> ring{};
        alignas(128) std::array<hda::BufferDescriptor, slots> list{};
    };
    static_assert(slot_bytes % 128 == 0);

    Card(CardRegisters& registers, Memory& memory) : registers_{registers}, memory_{memory} {}
    Card(Card const&) = delete;
    Card& operator=(Card const&) = delete;

    /// Stops whatever it does, and finds its codecs. Nullptr, or why it can't be used. Before it may reach memory.
    char const* reset();
    /// Opens the way out, and rests. Nullptr, or why not.
    char const* start();
    std::span<Sample> next() override;
    void play() override;
    void rest() override;
    [[nodiscard]] std::uint64_t early() const override { return early_; }
    [[nodiscard]] std::uint64_t late() const override { return late_; }
    /// Its interrupt is a level: takes down what raised it.
    void on_interrupt();

    /// Of the codec that is used, for who wants to tell.
    [[nodiscard]] std::uint8_t converter() const { return path_.converter; }
    [[nodiscard]] std::uint8_t pin() const { return path_.pin; }

private:
    struct Path {
        std::uint8_t codec{0}, group{0}, converter{0}, pin{0}, input{0};  // input: of the pin, that leads to the converter
    };

    /// A codec's answer; nothing if it gave none.
    std::optional<std::uint32_t> command(std::uint32_t verb);
    std::uint32_t ask(std::uint8_t codec, std::uint8_t nid, std::uint32_t verb, std::uint8_t payload);
    std::uint32_t parameter(std::uint8_t nid, std::uint8_t which) { return ask(path_.codec, nid, hda::get_parameter, which); }
    bool tell(std::uint8_t nid, std::uint32_t verb, std::uint8_t payload);
    bool find_path(std::uint8_t codec);
    bool find_path_in_group();
    std::optional<std::uint8_t> input_from(std::uint8_t pin, std::uint8_t converter);
    bool open_amplifier(std::uint8_t nid);
    bool open_path();
    bool reset_stream();
    void look();
    bool wait_for(std::uint32_t at, unsigned bytes, std::uint32_t bits, std::uint32_t value);
    [[nodiscard]] std::uint32_t of_stream(std::uint32_t at) const { return stream_ + at; }

    CardRegisters& registers_;
    Memory& memory_;
    Path path_{};
    std::uint32_t stream_{0};  // offset of its descriptor
    bool playing_{false};
    // Since play(): bytes that the card has taken, and slots that next() gave (those before it too).
    std::uint64_t taken_{0}, filled_{0};
    std::uint32_t position_{0}, clock_{0};  // of the card, at the last look
    std::uint64_t early_{0}, late_{0};
};

}  // namespace tiffin::sound
