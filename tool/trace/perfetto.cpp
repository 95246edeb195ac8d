#include "tool/trace/perfetto.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace tiffin {
namespace {

// Field numbers of Perfetto's protos/perfetto/trace: trace.proto, trace_packet.proto, track_event/track_descriptor.proto,
// track_event/track_event.proto.
namespace field {
constexpr unsigned trace_packet = 1;
constexpr unsigned packet_timestamp = 8, packet_sequence_id = 10, packet_track_event = 11, packet_track_descriptor = 60;
constexpr unsigned track_uuid = 1, track_name = 2, track_parent = 5;
constexpr unsigned event_type = 9, event_track = 11, event_category = 22, event_name = 23;
}  // namespace field

enum class EventType : std::uint64_t { SliceBegin = 1, SliceEnd = 2, Instant = 3 };

/// A message under construction (Protocol Buffers, "Encoding": base-128 varints, and length-delimited fields).
class Message {
public:
    Message& number(unsigned field, std::uint64_t value) {
        varint(field << 3 | 0);
        varint(value);
        return *this;
    }
    Message& text(unsigned field, std::string_view value) {
        varint(field << 3 | 2);
        varint(value.size());
        bytes_ += value;
        return *this;
    }
    Message& message(unsigned field, Message const& value) { return text(field, value.bytes_); }
    [[nodiscard]] std::string const& bytes() const { return bytes_; }

private:
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
        bytes_ += static_cast<char>(value);
    }

    std::string bytes_;
};

constexpr std::uint64_t cores_track = 1, vms_track = 2;
std::uint64_t core_track(std::uint32_t core) { return 0x100 + core; }
std::uint64_t el2_track(std::uint32_t core) { return 0x200 + core; }
std::uint64_t vcpu_track(std::uint16_t who) { return 0x1'0000ull + who; }
std::uint64_t wait_track(std::uint16_t who) { return 0x2'0000ull + who; }

class Writer {
public:
    Writer(TraceFile const& file, Timeline const& timeline) : file_{file}, timeline_{timeline} {}

    std::string run() {
        describe_cores();
        describe_vcpus();
        for (auto const& turn : timeline_.turns) add_turn(turn);
        for (auto const& path : timeline_.paths)
            slice(el2_track(path.core), "EL2", file_.path_name(path.kind, path.argument), path.from, path.to);
        for (auto const& wait : timeline_.waits) slice(wait_track(wait.who), "wait", "ready", wait.woke, wait.entered);
        for (auto const& moment : timeline_.moments) add_moment(moment);
        // Perfetto wants the events of a track in order; slices were made pair by pair.
        sort_by_time(events_, &Event::time);
        for (auto const& event : events_) add_packet(event);
        return trace_.bytes();
    }

private:
    struct Event {
        std::uint64_t time, track;
        EventType type;
        std::string_view category;
        std::string name;
    };

    void describe_cores() {
        describe(cores_track, 0, "Cores");
        for (auto const& core : timeline_.cores) {
            describe(core_track(core.core), cores_track, fmt::format("core {}", core.core));
            describe(el2_track(core.core), cores_track, fmt::format("core {}: EL2", core.core));
        }
    }

    void describe_vcpus() {
        describe(vms_track, 0, "Virtual machines");
        std::set<std::uint16_t> all;
        for (auto const& turn : timeline_.turns) all.insert(turn.who);
        for (auto const& moment : timeline_.moments) all.insert(moment.who);
        for (auto const& wait : timeline_.waits) all.insert(wait.who);
        all.erase(abi::trace_nobody);
        for (auto const who : all) {
            describe(vcpu_track(who), vms_track, file_.name_of(who));
            describe(wait_track(who), vms_track, file_.name_of(who) + ": ready");
        }
    }

    void describe(std::uint64_t uuid, std::uint64_t parent, std::string const& name) {
        Message descriptor;
        descriptor.number(field::track_uuid, uuid).text(field::track_name, name);
        if (parent != 0) descriptor.number(field::track_parent, parent);
        Message packet;
        packet.number(field::packet_sequence_id, 1).message(field::packet_track_descriptor, descriptor);
        trace_.message(field::trace_packet, packet);
    }

    void add_turn(Turn const& turn) {
        auto const idle = turn.who == abi::trace_nobody;
        slice(core_track(turn.core), "turn", file_.name_of(turn.who), turn.from, turn.to);
        if (!idle) slice(vcpu_track(turn.who), "turn", fmt::format("core {}", turn.core), turn.from, turn.to);
    }

    void add_moment(Moment const& moment) {
        if (moment.kind == abi::TraceKind::Timer || moment.who == abi::trace_nobody) return;
        events_.push_back({timeline_.since_start(moment.at), vcpu_track(moment.who), EventType::Instant, "moment",
                           std::string{abi::name(moment.kind)}});
    }

    void slice(std::uint64_t track, std::string_view category, std::string name, std::uint64_t from, std::uint64_t to) {
        events_.push_back({timeline_.since_start(from), track, EventType::SliceBegin, category, std::move(name)});
        events_.push_back({timeline_.since_start(to), track, EventType::SliceEnd, category, {}});
    }

    void add_packet(Event const& e) {
        Message event;
        event.number(field::event_type, static_cast<std::uint64_t>(e.type)).number(field::event_track, e.track);
        if (e.type != EventType::SliceEnd) event.text(field::event_category, e.category).text(field::event_name, e.name);
        Message packet;
        packet.number(field::packet_timestamp, e.time)
            .number(field::packet_sequence_id, 1)
            .message(field::packet_track_event, event);
        trace_.message(field::trace_packet, packet);
    }

    TraceFile const& file_;
    Timeline const& timeline_;
    std::vector<Event> events_;
    Message trace_;
};

}  // namespace

std::string to_perfetto(TraceFile const& file, Timeline const& timeline) { return Writer{file, timeline}.run(); }

}  // namespace tiffin
