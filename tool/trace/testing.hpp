// A trace made by hand, for tests. Host only.
#pragma once
#include <cstring>
#include <vector>

#include "plan/testing.hpp"
#include "tool/trace/trace_file.hpp"

namespace tiffin::testing {

/// One core's ring; times are in ticks of 1 ns.
class Ring {
public:
    explicit Ring(std::uint32_t core = 0, std::uint32_t capacity = 256) : events_(capacity) {
        header_.magic = abi::trace_magic;
        header_.version = abi::trace_version;
        header_.core = core;
        header_.frequency = 1'000'000'000;
        header_.capacity = capacity;
    }
    Ring& add(abi::TraceKind kind, std::uint64_t time, std::uint16_t who, std::uint32_t argument = 0, std::uint16_t detail = 0) {
        events_[header_.written++ % header_.capacity] = {time << 8 | static_cast<std::uint64_t>(kind), argument, who, detail};
        return *this;
    }
    Ring& turn(std::uint64_t time, std::uint16_t who, abi::TraceReason why = abi::TraceReason::Preempted) {
        return add(abi::TraceKind::Switch, time, who, 0, static_cast<std::uint16_t>(why));
    }
    /// A path that ends at `time`.
    Ring& path(abi::TraceKind kind, std::uint64_t time, std::uint16_t who, std::uint16_t ticks, std::uint32_t argument = 0) {
        auto& longest = header_.longest[static_cast<unsigned>(kind) - static_cast<unsigned>(abi::TraceKind::Hypercall)];
        if (ticks > longest.ticks) longest = {ticks, time, argument, who, kind, abi::TraceEnd::Return};
        return add(kind, time, who, argument, ticks);
    }
    abi::TraceHeader& header() { return header_; }
    [[nodiscard]] std::vector<std::byte> bytes() const {
        std::vector<std::byte> out(sizeof header_ + events_.size() * sizeof(abi::TraceEvent));
        std::memcpy(out.data(), &header_, sizeof header_);
        std::memcpy(out.data() + sizeof header_, events_.data(), out.size() - sizeof header_);
        return out;
    }

private:
    abi::TraceHeader header_{};
    std::vector<abi::TraceEvent> events_;
};

/// Parts, one behind the other, each at a multiple of 16.
inline std::vector<std::byte> dump(std::vector<std::vector<std::byte>> const& parts) {
    std::vector<std::byte> out;
    for (auto const& part : parts) {
        out.resize((out.size() + 15) / 16 * 16);
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

inline TraceFile open_trace_bytes(std::vector<std::byte> const& bytes) {
    std::string why;
    auto file = TraceFile::open(bytes, why);
    if (!file) throw std::runtime_error{why};
    return std::move(*file);
}

}  // namespace tiffin::testing
