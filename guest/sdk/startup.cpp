#include "guest/sdk/startup.hpp"

#include "guest/sdk/app.hpp"
#include "guest/sdk/exception.hpp"

namespace tiffin::sdk {

namespace {

constinit Boot facts{};
constinit FaultHook fault_hook = nullptr;
constinit std::uint32_t version = 0;

constexpr unsigned ec_undefined = 0x00;

/// On a machine without EL2 and without firmware, HVC itself is undefined: that is an answer too.
bool hvc_is_undefined(Frame& frame, FaultKind kind) {
    if (kind != FaultKind::Sync || frame.ec() != ec_undefined) return false;
    frame.x[0] = static_cast<std::uint64_t>(abi::Error::NotSupported);
    frame.pc += 4;
    return true;
}

/// The linker script's: behind the last byte of the app and its stacks.
extern "C" char __image_end;

std::span<std::byte> spare_up_to(std::uint64_t device_tree) {
    auto const end = reinterpret_cast<std::uint64_t>(&__image_end);
    if (device_tree <= end) return {};
    return {reinterpret_cast<std::byte*>(end), device_tree - end};
}

void dump(Frame const& frame, unsigned kind) {
    print("guest: unhandled exception, kind {}: pc {:x} esr {:x} far {:x} sp {:x} pstate {:x}\n", kind, frame.pc, frame.esr,
          frame.far, frame.sp, frame.pstate);
    for (unsigned i = 0; i < 31; ++i) print("  x{} {:x}{}", i, frame.x[i], i % 4 == 3 ? "\n" : "");
    print("\n");
}

}  // namespace

Boot const& boot() { return facts; }
std::uint32_t tiffin_version() { return version; }

FaultHook set_fault_hook(FaultHook hook) {
    auto const before = fault_hook;
    fault_hook = hook;
    return before;
}

void find_hypervisor() {
    auto const before = set_fault_hook(hvc_is_undefined);
    auto const answer = hypercall::Version();
    set_fault_hook(before);
    bool const plausible = !answer.failed() && answer.x0 != 0 && answer.x0 < 0x1'0000;
    version = plausible ? static_cast<std::uint32_t>(answer.x0) : 0;
}

void exit(unsigned status) {
    mask_interrupts();
    if (tiffin_version() != 0) hypercall::Exit(status);
    call(psci::system_off);
    while (true) asm volatile("wfi");
}

void panic(std::string_view what, char const* file, unsigned line) {
    mask_interrupts();
    print("guest: panic: {} ({}:{})\n", what, file, line);
    exit(255);
}

}  // namespace tiffin::sdk

extern "C" void tiffin_guest_fault(tiffin::sdk::Frame& frame, unsigned kind) {
    using namespace tiffin::sdk;
    if (fault_hook != nullptr && fault_hook(frame, static_cast<FaultKind>(kind))) return;
    dump(frame, kind);
    panic("unhandled exception");
}

extern "C" [[noreturn]] void tiffin_guest_start(std::uint64_t device_tree, std::uint64_t entry_ticks) {
    using namespace tiffin::sdk;
    facts.tree = DeviceTree::at(device_tree);
    facts.arguments = facts.tree.boot_arguments();
    facts.entry_ticks = entry_ticks;
    facts.spare = spare_up_to(device_tree);
    find_hypervisor();
    start_console(facts.tree);
    start_interrupts(facts.tree);
    unmask_interrupts();
    exit(app_main());
}
