#include "guest/linux/tiffinctl/show.hpp"

#include <cstdio>

namespace tiffin::ctl {
namespace {

/// std::snprintf into a string: a static program without iostreams is a tenth of the size.
template <class... Values>
std::string print(char const* format, Values... values) {
    char text[256];
    std::snprintf(text, sizeof text, format, values...);
    return text;
}

char const* state(Facts const& vm) { return abi::name(vm.state).data(); }
bool has_ended(Facts const& vm) { return vm.state == abi::VmState::Stopped || vm.state == abi::VmState::Crashed; }
unsigned long long ms(Facts const& vm) { return vm.run_us / 1000; }
unsigned us_of_ms(Facts const& vm) { return static_cast<unsigned>(vm.run_us % 1000); }

std::string counted(unsigned count, char const* what) { return print("%u %s%s", count, what, count == 1 ? "" : "s"); }

std::string object(Facts const& vm) {
    auto const last = print(R"("state":"%s","status":%u,"starts":%u,"faults":%u,"run_us":%llu})", state(vm), vm.status, vm.starts,
                            vm.faults, static_cast<unsigned long long>(vm.run_us));
    return R"({"name":)" + quoted(vm.name) + "," + last;
}

}  // namespace

std::string table(std::span<Facts const> vms) {
    auto text = print("%-32s %-9s %6s %8s %8s %18s\n", "VM", "state", "status", "restarts", "faults", "processor time");
    for (auto const& vm : vms) {
        auto const status = has_ended(vm) ? print("%u", vm.status) : "-";
        text += print("%-32s %-9s %6s %8u %8u %11llu.%03u ms\n", vm.name.c_str(), state(vm), status.c_str(), vm.starts, vm.faults,
                      ms(vm), us_of_ms(vm));
    }
    return text;
}

std::string sentence(Facts const& vm) {
    auto const ended = has_ended(vm) ? print(" with status %u", vm.status) : "";
    return vm.name + ": " + state(vm) + ended + ", started anew " + counted(vm.starts, "time") + ", " +
           counted(vm.faults, "fault") + print(", %llu.%03u ms of processor time\n", ms(vm), us_of_ms(vm));
}

std::string json(Facts const& vm) { return object(vm) + "\n"; }

std::string json(std::span<Facts const> vms) {
    std::string text;
    for (auto const& vm : vms) text += (text.empty() ? "" : ",") + object(vm);
    return R"({"vms":[)" + text + "]}\n";
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (char const c : text) {
        auto const value = static_cast<unsigned char>(c);
        if (value < 0x20)
            out += print("\\u%04x", static_cast<unsigned>(value));
        else if (c == '"' || c == '\\')
            (out += '\\') += c;
        else
            out += c;
    }
    return out + '"';
}

}  // namespace tiffin::ctl
