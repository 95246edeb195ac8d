#include "core/hypercall/hypercall.hpp"

#include "abi/hypercalls.hpp"
#include "core/arch.hpp"
#include "core/channel/channel.hpp"
#include "core/console/console.hpp"
#include "core/console/format.hpp"
#include "core/cpu.hpp"
#include "core/hypercall/manage.hpp"
#include "core/hypercall/serve.hpp"
#include "core/lifecycle/lifecycle.hpp"
#include "core/smp/guard.hpp"

namespace tiffin::hypercall {
namespace {

namespace smccc = armv8::smccc;

constexpr std::uint64_t result(abi::Error e) { return static_cast<std::uint64_t>(e); }

// One function for each row of TIFFIN_HYPERCALLS: a row without one does not compile.
std::uint64_t call_Version(Vcpu&) { return abi::abi_version; }

std::uint64_t call_Yield(Vcpu& v) {
    sched::yield(v);
    return result(abi::Error::Success);
}

std::uint64_t call_Exit(Vcpu& v) {
    auto const status = static_cast<std::uint8_t>(v.regs.x[1] > 255 ? 255 : v.regs.x[1]);
    lifecycle::stop(*v.vm, VmState::Stopped, status, {"exit with status ", status});
    return result(abi::Error::Success);
}

std::uint64_t call_ConsoleWrite(Vcpu& v) {
    auto const count = v.regs.x[1];
    if (count == 0 || count > 48) return result(abi::Error::InvalidParameter);
    ConsoleGuard const guard;
    ConsolePort& port = *v.vm->console;
    auto const room = port.tx_room();
    auto const taken = count < room ? count : room;
    // X2 to X7 hold the bytes as memory would, on the little-endian machines that Tiffin runs on.
    machine.console->write(port, {reinterpret_cast<char const*>(&v.regs.x[2]), taken});
    return taken;
}

std::uint64_t call_VcpuStats(Vcpu& v) {
    switch (static_cast<abi::StatId>(v.regs.x[1])) {
        case abi::StatId::RunTicks: v.regs.x[1] = v.stats.run_ticks + (arch::now() - v.cpu->turn_started); break;
        case abi::StatId::WakeUps: v.regs.x[1] = v.stats.wakeups; break;
        case abi::StatId::Traps: v.regs.x[1] = v.stats.traps; break;
        case abi::StatId::Switches: v.regs.x[1] = v.stats.switches; break;
        case abi::StatId::ReadyTicks: v.regs.x[1] = v.stats.ready_ticks; break;
        case abi::StatId::Overruns: v.regs.x[1] = v.stats.overruns; break;
        case abi::StatId::WorstResponse: v.regs.x[1] = v.stats.worst_response; break;
        case abi::StatId::Late: v.regs.x[1] = v.stats.late; break;
        default: return result(abi::Error::InvalidParameter);
    }
    return result(abi::Error::Success);
}

std::uint64_t call_ChannelRing(Vcpu& v) {
    auto const index = v.regs.x[1];
    bool const rung = index < abi::guest_map::max_channels && channel::ring(v, static_cast<std::uint32_t>(index));
    return result(rung ? abi::Error::Success : abi::Error::InvalidParameter);
}
std::uint64_t call_Manage(Vcpu& v) { return result(manage(*v.vm, v.regs.x[1], v.regs.x[2])); }

std::uint64_t call_Managed(Vcpu& v) {
    Vm const* const vm = managed(*v.vm, v.regs.x[1]);
    if (vm == nullptr) return result(abi::Error::NotPermitted);
    v.regs.x[1] = static_cast<std::uint64_t>(vm->state);
    v.regs.x[2] = vm->resets;
    v.regs.x[3] = vm->status;
    return result(abi::Error::Success);
}

std::uint64_t call_ServeStart(Vcpu& v) { return serve_start(v); }
std::uint64_t call_ServeNext(Vcpu& v) { return serve_next(v); }
std::uint64_t call_ServeRead(Vcpu& v) { return serve_read(v); }
std::uint64_t call_ServeWrite(Vcpu& v) { return serve_write(v); }
std::uint64_t call_ServeComplete(Vcpu& v) { return serve_complete(v); }
std::uint64_t call_ServeNews(Vcpu& v) { return serve_news(v); }
std::uint64_t call_ServeInfo(Vcpu& v) { return serve_info(v); }
std::uint64_t call_ServeConfig(Vcpu& v) { return serve_config(v); }
std::uint64_t call_ServeAttach(Vcpu& v) { return serve_attach(v); }
std::uint64_t call_ServeDetach(Vcpu& v) { return serve_detach(v); }
std::uint64_t call_ServeLook(Vcpu& v) { return serve_look(v); }
std::uint64_t call_ServeAttached(Vcpu& v) { return serve_attached(v); }

/// SMCCC_ARCH_FEATURES: which of the architecture's own calls exist.
std::uint64_t arch_features(std::uint32_t function) {
    bool const known = function == smccc::version || function == smccc::arch_features || function == armv8::pv_time::features;
    return known ? 0 : smccc::not_supported;
}

/// The vendor's identity: a UUID of Tiffin's own, b6e1f3a2-5c0d-4e7b-9a41-7466696e2e31 (DEN 0028, "General Service Queries").
void vendor_uid(GuestRegs& regs) {
    regs.x[0] = 0xa2f3e1b6;
    regs.x[1] = 0x7b4e0d5c;
    regs.x[2] = 0x7466419a;
    regs.x[3] = 0x312e6e69;
}

bool architecture_call(Vcpu& v, std::uint32_t function) {
    auto& x = v.regs.x;
    switch (function) {
        case smccc::version: x[0] = smccc::version_1_1; return true;
        case smccc::arch_features: x[0] = arch_features(static_cast<std::uint32_t>(x[1])); return true;
        case smccc::vendor_uid: vendor_uid(v.regs); return true;
        case smccc::vendor_call_count: x[0] = own_call_count; return true;
        case smccc::vendor_revision:
            x[0] = abi::abi_version;
            x[1] = 0;
            return true;
        default: return false;
    }
}

}  // namespace

namespace {

/// What a row of the table becomes: the call, its result in x0, and whether to leave through sched::switch_vcpu.
template <std::uint64_t (*call)(Vcpu&)>
bool carry_out(Vcpu& v) {
    v.regs.x[0] = call(v);
    return v.cpu->need_resched;
}

}  // namespace

OwnCall const own_calls[own_call_count] = {
#define X(number, name, arguments, text) carry_out<call_##name>,
    TIFFIN_HYPERCALLS(X)
#undef X
};

void dispatch(Vcpu& v) {
    auto const function = static_cast<std::uint32_t>(v.regs.x[0]);
    if (architecture_call(v, function) || psci(v, function) || trng(v, function) || pv_time(v, function)) return;
    v.regs.x[0] = smccc::not_supported;
}

}  // namespace tiffin::hypercall
