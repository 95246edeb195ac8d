#include "guest/drivers/sound/card.hpp"

#include <atomic>
#include <bit>

namespace tiffin::sound {

namespace {

using namespace hda;

/// Looks at a register until somebody gives up: far more than any of the specification's times takes.
constexpr unsigned patience = 200'000;
/// Number of the stream on the link; 0 would be none.
constexpr std::uint32_t tag = 1;
constexpr std::uint8_t root = 0;

/// What was written is in memory before the card is told to look.
void order() {
#ifdef __aarch64__
    asm volatile("dmb osh" : : : "memory");
#else
    std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

}  // namespace

bool Card::wait_for(std::uint32_t at, unsigned bytes, std::uint32_t bits, std::uint32_t value) {
    for (unsigned n = 0; n < patience; ++n)
        if ((registers_.read(at, bytes) & bits) == value) return true;
    return false;
}

std::optional<std::uint32_t> Card::command(std::uint32_t verb) {
    if (!wait_for(reg::immediate_status, 2, command_busy, 0)) return std::nullopt;
    registers_.write(reg::immediate_status, response_valid, 2);  // takes down an earlier one
    registers_.write(reg::immediate_command, verb, 4);
    registers_.write(reg::immediate_status, command_busy, 2);
    if (!wait_for(reg::immediate_status, 2, command_busy | response_valid, response_valid)) return std::nullopt;
    return registers_.read(reg::immediate_response, 4);
}

/// 0, as of a node that has nothing, if there was no answer.
std::uint32_t Card::ask(std::uint8_t codec, std::uint8_t nid, std::uint32_t verb, std::uint8_t payload) {
    return command(hda::verb({codec, nid}, verb, payload)).value_or(0);
}

bool Card::tell(std::uint8_t nid, std::uint32_t verb, std::uint8_t payload) {
    return command(hda::verb({path_.codec, nid}, verb, payload)).has_value();
}

char const* Card::reset() {
    registers_.write(reg::gctl, 0, 4);
    if (!wait_for(reg::gctl, 4, out_of_reset, 0)) return "does not go into reset";
    registers_.write(reg::gctl, out_of_reset, 4);
    if (!wait_for(reg::gctl, 4, out_of_reset, out_of_reset)) return "does not come out of reset";
    std::uint32_t codecs = 0;
    for (unsigned n = 0; n < patience && codecs == 0; ++n) codecs = registers_.read(reg::statests, 2) & 0x7fff;
    if (codecs == 0) return "has no codec";
    for (; codecs != 0; codecs &= codecs - 1)
        if (find_path(static_cast<std::uint8_t>(std::countr_zero(codecs)))) return nullptr;
    return "has no codec with a converter right behind a pin that leads out";
}

bool Card::find_path(std::uint8_t codec) {
    path_ = {.codec = codec};
    auto const groups = parameter(root, subordinate_nodes);
    for (unsigned n = 0; n < count_of(groups); ++n) {
        path_.group = static_cast<std::uint8_t>(first_of(groups) + n);
        if ((parameter(path_.group, group_type) & 0xff) == audio_group && find_path_in_group()) return true;
    }
    return false;
}

bool Card::find_path_in_group() {
    auto const nodes = parameter(path_.group, subordinate_nodes);
    auto const each = [&](auto found) {
        for (unsigned n = 0; n < count_of(nodes); ++n) {
            auto const nid = static_cast<std::uint8_t>(first_of(nodes) + n);
            if (found(nid, parameter(nid, widget_capabilities))) return true;
        }
        return false;
    };
    return each([&](std::uint8_t pin, std::uint32_t capabilities) {
        if (type_of(capabilities) != Widget::Pin || (parameter(pin, pin_capabilities) & pin_can_output) == 0) return false;
        if (!leads_to_ears(ask(path_.codec, pin, get_configuration, 0))) return false;
        return each([&](std::uint8_t converter, std::uint32_t what) {
            auto const fits = type_of(what) == Widget::Output && (what & is_digital) == 0;
            auto const input = fits ? input_from(pin, converter) : std::nullopt;
            if (input) path_.pin = pin, path_.converter = converter, path_.input = *input;
            return input.has_value();
        });
    });
}

/// Of short lists ("Connection List Entry Control"): four entries of 8 bits an answer, none of them a range.
std::optional<std::uint8_t> Card::input_from(std::uint8_t pin, std::uint8_t converter) {
    auto const count = parameter(pin, connection_count);
    if (count > 0x7f) return std::nullopt;
    for (unsigned n = 0; n < count; ++n) {
        auto const four = ask(path_.codec, pin, get_connections, n & 0xfc);
        if ((four >> 8 * (n % 4) & 0xff) == converter) return static_cast<std::uint8_t>(n);
    }
    return std::nullopt;
}

bool Card::open_amplifier(std::uint8_t nid) {
    auto const capabilities = parameter(nid, widget_capabilities);
    if ((capabilities & has_output_amplifier) == 0) return true;
    auto const whose = (capabilities & has_own_amplifier_parameters) != 0 ? nid : path_.group;
    auto const gain = amplifier_at_0_db(parameter(whose, output_amplifier));
    return command(wide_verb({path_.codec, nid}, set_amplifier, gain)).has_value();
}

bool Card::open_path() {
    for (auto const nid : {path_.group, path_.converter, path_.pin})
        if (!tell(nid, set_power, 0)) return false;
    if (parameter(path_.pin, connection_count) > 1 && !tell(path_.pin, select_connection, path_.input)) return false;
    if ((parameter(path_.pin, pin_capabilities) & pin_has_eapd) != 0 && !tell(path_.pin, set_eapd, eapd_on)) return false;
    return command(wide_verb({path_.codec, path_.converter}, hda::set_format, format_48k_s16_stereo)) &&
           tell(path_.converter, set_stream, stream_of(tag)) && open_amplifier(path_.converter) && open_amplifier(path_.pin) &&
           tell(path_.pin, set_pin, pin_out);
}

bool Card::reset_stream() {
    registers_.write(of_stream(reg::ctl), 0, 4);
    if (!wait_for(of_stream(reg::ctl), 4, stream_run, 0)) return false;
    registers_.write(of_stream(reg::ctl), stream_reset, 4);
    if (!wait_for(of_stream(reg::ctl), 4, stream_reset, stream_reset)) return false;
    registers_.write(of_stream(reg::ctl), 0, 4);
    return wait_for(of_stream(reg::ctl), 4, stream_reset, 0);
}

char const* Card::start() {
    auto const capabilities = static_cast<std::uint16_t>(registers_.read(reg::gcap, 2));
    if (output_streams(capabilities) == 0) return "has no output stream";
    auto const number = input_streams(capabilities);
    stream_ = reg::stream_base + number * reg::stream_stride;
    if (!reset_stream()) return "does not reset its stream";
    for (std::size_t n = 0; n < slots; ++n)
        memory_.list[n] = {reinterpret_cast<std::uintptr_t>(memory_.ring[n].data()), slot_bytes, interrupt_when_done};
    if (!open_path()) return "has a codec that does not answer";
    registers_.write(reg::intctl, global_interrupts | 1u << number, 4);
    return nullptr;
}

/// A stream that was reset begins at the start of its list.
void Card::play() {
    if (playing_ || !reset_stream()) return;
    auto const list = std::uint64_t{reinterpret_cast<std::uintptr_t>(memory_.list.data())};
    registers_.write(of_stream(reg::bdpl), static_cast<std::uint32_t>(list), 4);
    registers_.write(of_stream(reg::bdpu), static_cast<std::uint32_t>(list >> 32), 4);
    registers_.write(of_stream(reg::cbl), slots * slot_bytes, 4);
    registers_.write(of_stream(reg::lvi), slots - 1, 2);
    registers_.write(of_stream(reg::fmt), format_48k_s16_stereo, 2);
    order();
    registers_.write(of_stream(reg::ctl), stream_tag(tag) | interrupt_on_completion | stream_run, 4);
    taken_ = position_ = 0;
    clock_ = registers_.read(reg::wall_clock, 4);
    filled_ = slots;
    playing_ = true;
}

void Card::rest() {
    reset_stream();
    filled_ = 0;
    playing_ = false;
}

/// How far the card came. Its position says it but for whole rounds, and its clock, which may be some milliseconds off, how many of those.
void Card::look() {
    constexpr std::uint32_t ring = slots * slot_bytes;
    auto const position = registers_.read(of_stream(reg::lpib), 4) % ring, clock = registers_.read(reg::wall_clock, 4);
    auto const step = (position + ring - position_) % ring;
    auto const elapsed = (clock - clock_) / wall_ticks_per_byte;
    taken_ += step + (elapsed > step ? (elapsed - step + ring / 2) / ring * ring : 0);
    position_ = position, clock_ = clock;
}

/// While it plays, the ring is filled far ahead of the card, so the stores need no order among them but to be there in time. What the card
/// has come round to unfilled is past: the next slot is the one behind it.
std::span<Sample> Card::next() {
    if (!playing_) {
        if (filled_ == slots) return {};
        early_ = latency_bytes;  // nothing is due before play()
        return memory_.ring[filled_++];
    }
    look();
    auto const current = taken_ / slot_bytes;
    if (current >= filled_) late_ += current + 1 - filled_, filled_ = current + 1;
    if (filled_ == current + slots) return {};
    early_ = filled_ * slot_bytes - taken_;
    return memory_.ring[filled_++ % slots];
}

void Card::on_interrupt() { registers_.write(of_stream(reg::sts), stream_events, 1); }

}  // namespace tiffin::sound
