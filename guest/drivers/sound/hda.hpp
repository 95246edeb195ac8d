// Intel High Definition Audio (Specification, revision 1.0a): the controller's registers ("Register Interface") and a codec's verbs and
// parameters ("Codec Features and Requirements"), as far as 48 kHz stereo output needs them.
#pragma once
#include <cstdint>

namespace tiffin::sound::hda {

/// Offsets. Those of a stream descriptor count from stream_base + n * stream_stride, input streams before output streams.
namespace reg {
inline constexpr std::uint32_t gcap = 0x00, gctl = 0x08, statests = 0x0e, intctl = 0x20, wall_clock = 0x30;
inline constexpr std::uint32_t immediate_command = 0x60, immediate_response = 0x64, immediate_status = 0x68;
inline constexpr std::uint32_t stream_base = 0x80, stream_stride = 0x20;
inline constexpr std::uint32_t ctl = 0x00, sts = 0x03, lpib = 0x04, cbl = 0x08, lvi = 0x0c, fmt = 0x12, bdpl = 0x18, bdpu = 0x1c;
}  // namespace reg

inline constexpr std::uint32_t out_of_reset = 1;                                               // GCTL.CRST
inline constexpr std::uint16_t command_busy = 1, response_valid = 2;                           // ICS
inline constexpr std::uint32_t stream_reset = 1, stream_run = 2, interrupt_on_completion = 4;  // SDnCTL
inline constexpr std::uint8_t stream_events = 0x1c;  // SDnSTS: buffer completed, FIFO error, descriptor error; written to clear
inline constexpr std::uint32_t global_interrupts = 1u << 31;  // INTCTL.GIE
constexpr unsigned input_streams(std::uint16_t gcap) { return gcap >> 8 & 0xf; }
constexpr unsigned output_streams(std::uint16_t gcap) { return gcap >> 12; }
/// SDnCTL: bits 23:20.
constexpr std::uint32_t stream_tag(std::uint32_t tag) { return tag << 20; }

/// "Stream Format Structure": 48 kHz, 16 bits, 2 channels.
inline constexpr std::uint16_t format_48k_s16_stereo = 0x0011;

/// "Buffer Descriptor List": entries of a list that starts on a boundary of 128 bytes.
struct BufferDescriptor {
    std::uint64_t address;  // on such a boundary too
    std::uint32_t length;
    std::uint32_t flags;  // interrupt_when_done
};
static_assert(sizeof(BufferDescriptor) == 16);
inline constexpr std::uint32_t interrupt_when_done = 1;

/// WALCLK ("Wall Clock Counter") counts at 24 MHz; a byte is a 192,000th of a second.
inline constexpr std::uint32_t wall_ticks_per_byte = 24'000'000 / 192'000;

/// A command to node `nid` of codec `codec`: a verb of 12 bits with 8 of payload, or one of 4 bits with 16.
struct Node {
    std::uint8_t codec, nid;
};
constexpr std::uint32_t verb(Node node, std::uint32_t verb, std::uint8_t payload) {
    return std::uint32_t{node.codec} << 28 | std::uint32_t{node.nid} << 20 | verb << 8 | payload;
}
constexpr std::uint32_t wide_verb(Node node, std::uint32_t verb, std::uint16_t payload) {
    return std::uint32_t{node.codec} << 28 | std::uint32_t{node.nid} << 20 | verb << 16 | payload;
}
static_assert(verb({2, 3}, 0x705, 0x11) == 0x2037'0511 && wide_verb({0, 2}, 0x2, 0x4011) == 0x0022'4011);

inline constexpr std::uint32_t set_format = 0x2, set_amplifier = 0x3;  // of 4 bits
inline constexpr std::uint32_t get_parameter = 0xf00, get_connections = 0xf02, get_configuration = 0xf1c;
inline constexpr std::uint32_t select_connection = 0x701, set_power = 0x705, set_stream = 0x706, set_pin = 0x707,
                               set_eapd = 0x70c;

/// Of get_parameter.
inline constexpr std::uint8_t subordinate_nodes = 0x04, group_type = 0x05, widget_capabilities = 0x09, pin_capabilities = 0x0c,
                              connection_count = 0x0e, output_amplifier = 0x12;

inline constexpr std::uint8_t audio_group = 1, pin_out = 0x40, eapd_on = 2;
constexpr std::uint8_t first_of(std::uint32_t subordinates) { return static_cast<std::uint8_t>(subordinates >> 16); }
constexpr std::uint8_t count_of(std::uint32_t subordinates) { return static_cast<std::uint8_t>(subordinates); }

/// "Audio Widget Capabilities".
enum class Widget : std::uint8_t { Output = 0, Input = 1, Mixer = 2, Selector = 3, Pin = 4 };
constexpr Widget type_of(std::uint32_t capabilities) { return static_cast<Widget>(capabilities >> 20 & 0xf); }
inline constexpr std::uint32_t has_output_amplifier = 1u << 2, has_own_amplifier_parameters = 1u << 3, is_digital = 1u << 9;
/// "Pin Capabilities".
inline constexpr std::uint32_t pin_can_output = 1u << 4, pin_has_eapd = 1u << 16;
/// "Configuration Default": something is connected to the pin, and it is a line out, a speaker or headphones.
constexpr bool leads_to_ears(std::uint32_t configuration) { return configuration >> 30 != 1 && (configuration >> 20 & 0xf) <= 2; }
/// set_amplifier: output, both sides, not muted, at 0 dB, which is what the amplifier's parameter calls its offset.
constexpr std::uint16_t amplifier_at_0_db(std::uint32_t parameter) {
    return static_cast<std::uint16_t>(0xb000 | (parameter & 0x7f));
}
/// set_stream: channels 0 and 1 of the stream with that tag.
constexpr std::uint8_t stream_of(std::uint32_t tag) { return static_cast<std::uint8_t>(tag << 4); }

}  // namespace tiffin::sound::hda
