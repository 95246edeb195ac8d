// Any bytes may come over gdb's connection: lines after a = as they are, others as payloads that get their checksum here; a ! is a stop.
// However it went, a hang-up ends it with the VM let go.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tool/debug/fake_target.hpp"
#include "tool/debug/server.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view rest{reinterpret_cast<char const*>(data), size};
    tiffin::gdb::FakeTarget vm;
    tiffin::gdb::Server server{vm};
    while (!rest.empty()) {
        auto const line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(line.size() == rest.size() ? rest.size() : line.size() + 1);
        if (line.starts_with('!'))
            server.on_stop({.why = static_cast<tiffin::gdb::Stop::Why>(line.size() % 4), .vcpu = 1, .address = 0x4000'0010});
        else
            server.feed(line.starts_with('=') ? line.substr(1) : tiffin::gdb::packet(line));
    }
    server.on_hang_up();
    server.on_stop({});
    if (!server.over()) __builtin_trap();
    return 0;
}
