#include "tool/trace/trace_file.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fmt/format.h>

#include "abi/hypercalls.hpp"

namespace tiffin {
namespace {

constexpr std::size_t step = 16;  // rings and plans begin at a multiple of it

template <class T>
std::optional<T> read(std::span<std::byte const> bytes, std::size_t at) {
    if (at > bytes.size() || bytes.size() - at < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

bool is_ring(abi::TraceHeader const& h, std::size_t room) {
    constexpr auto least = abi::min_trace_bytes / sizeof(abi::TraceEvent), most = abi::max_trace_bytes / sizeof(abi::TraceEvent);
    return h.magic == abi::trace_magic && h.version == abi::trace_version && h.core < abi::max_cpus && h.frequency != 0 &&
           std::has_single_bit(h.capacity) && h.capacity >= least && h.capacity <= most &&
           room >= std::min<std::uint64_t>(h.written, h.capacity) * sizeof(abi::TraceEvent);
}

CoreTrace read_ring(std::span<std::byte const> bytes, std::size_t at, abi::TraceHeader const& h) {
    CoreTrace out;
    out.core = h.core, out.frequency = h.frequency, out.started = h.started;
    std::ranges::copy(h.longest, out.longest.begin());
    auto const count = std::min<std::uint64_t>(h.written, h.capacity);
    out.overwritten = h.written - count;
    out.entries.reserve(count);
    for (auto n = out.overwritten; n != h.written; ++n) {
        auto const e = *read<abi::TraceEvent>(bytes, at + sizeof h + (n & (h.capacity - 1)) * sizeof(abi::TraceEvent));
        auto const kind = static_cast<abi::TraceKind>(e.stamp & 0xff);
        if (kind == abi::TraceKind::None || kind > abi::TraceKind::Lost) continue;
        out.entries.push_back({e.stamp >> 8, kind, e.who, e.detail, e.argument});
    }
    return out;
}

std::string_view exception_name(std::uint32_t esr) {
    switch (esr >> 26) {  // ESR_EL2.EC
        case 0x01: return "WFI or WFE";
        case 0x07: return "FP/SIMD access";
        case 0x12:
        case 0x16: return "hypercall";
        case 0x13:
        case 0x17: return "SMC";
        case 0x18: return "system register";
        case 0x20: return "instruction abort";
        case 0x24: return "data abort";
        default: return "undefined";
    }
}

std::string_view hypercall_name(std::uint32_t function) {
    switch (function & ~(1u << 30)) {  // as the 32-bit call
        case 0x8000'0000: return "SMCCC_VERSION";
        case 0x8000'0001: return "SMCCC_ARCH_FEATURES";
        case 0x8400'0001: return "PSCI CPU_SUSPEND";
        case 0x8400'0002: return "PSCI CPU_OFF";
        case 0x8400'0003: return "PSCI CPU_ON";
        case 0x8400'0004: return "PSCI AFFINITY_INFO";
        case 0x8400'0008: return "PSCI SYSTEM_OFF";
        case 0x8400'0009: return "PSCI SYSTEM_RESET";
        case 0x8400'0053: return "TRNG_RND";
        default: break;
    }
    switch (function - abi::hypercall_base) {
#define X(number, name, arguments, text) \
    case (number): return #name;
        TIFFIN_HYPERCALLS(X)
#undef X
        default: return {};
    }
}

}  // namespace

std::optional<TraceFile> TraceFile::open(std::span<std::byte const> bytes, std::string& why) {
    TraceFile file;
    file.find_rings(bytes);
    if (file.cores_.empty())
        return why = "there is no trace in it (a description asks for one with `options: {trace: 1 MiB}`)", std::nullopt;
    file.find_plan(bytes);
    return file;
}

void TraceFile::find_rings(std::span<std::byte const> bytes) {
    for (std::size_t at = 0; at + sizeof(abi::TraceHeader) <= bytes.size(); at += step) {
        if (read<std::uint64_t>(bytes, at) != abi::trace_magic) continue;
        auto const header = *read<abi::TraceHeader>(bytes, at);
        bool const known = std::ranges::find(cores_, header.core, &CoreTrace::core) != cores_.end();
        if (known || !is_ring(header, bytes.size() - at - sizeof header)) continue;
        cores_.push_back(read_ring(bytes, at, header));
    }
    std::ranges::sort(cores_, {}, &CoreTrace::core);
}

void TraceFile::find_plan(std::span<std::byte const> bytes) {
    for (std::size_t at = 0; at + sizeof(abi::PlanHeader) <= bytes.size() && !plan_; at += step) {
        if (read<std::uint64_t>(bytes, at) != abi::plan_magic) continue;
        auto const size = read<abi::PlanHeader>(bytes, at)->bytes;
        if (size > bytes.size() - at) continue;
        plan_words_.assign((size + 7) / 8, 0);
        std::memcpy(plan_words_.data(), bytes.data() + at, size);
        auto view = PlanView::open(std::as_bytes(std::span{plan_words_}).first(size));
        if (view) plan_ = *view;
    }
}

std::string TraceFile::name_of(std::uint16_t who) const {
    if (who == abi::trace_nobody) return "idle";
    unsigned const id = who & 0xfffu, vcpu = who >> 12u;
    if (!plan_ || id >= plan_->vms().size()) return vcpu == 0 ? fmt::format("vm{}", id) : fmt::format("vm{}/{}", id, vcpu);
    auto const& vm = plan_->vms()[id];
    auto const name = plan_->string(vm.name);
    return vm.vcpus.count < 2 ? std::string{name} : fmt::format("{}/{}", name, vcpu);
}

std::optional<std::uint16_t> TraceFile::find(std::string_view vm, unsigned vcpu) const {
    if (!plan_) return std::nullopt;
    for (std::size_t id = 0; id < plan_->vms().size(); ++id) {
        auto const& record = plan_->vms()[id];
        if (plan_->string(record.name) == vm && vcpu < record.vcpus.count) return static_cast<std::uint16_t>(id | vcpu << 12);
    }
    return std::nullopt;
}

std::string TraceFile::interrupt_name(std::uint32_t intid) const {
    if (intid >= 1020) return "interrupt that was gone";
    if (!plan_) return fmt::format("interrupt {}", intid);
    auto const& board = plan_->board();
    if (intid == board.virtual_timer_intid) return "virtual timer";
    if (intid == board.hyp_timer_intid) return "EL2 timer";
    if (intid == board.maintenance_intid) return "GIC maintenance";
    if (intid == board.uart_intid) return "console UART";
    return fmt::format("interrupt {}", intid);
}

std::string TraceFile::path_name(abi::TraceKind kind, std::uint32_t argument) const {
    switch (kind) {
        case abi::TraceKind::Hypercall: {
            auto const name = hypercall_name(argument);
            return name.empty() ? fmt::format("hypercall {:#x}", argument) : fmt::format("hypercall {}", name);
        }
        case abi::TraceKind::Trap: return std::string{exception_name(argument)};
        case abi::TraceKind::Interrupt: return interrupt_name(argument);
        case abi::TraceKind::WakeUp: return fmt::format("wake-up by {}", interrupt_name(argument));
        case abi::TraceKind::StartStep: return "step of a start";
        default: return std::string{abi::name(kind)};
    }
}

}  // namespace tiffin
