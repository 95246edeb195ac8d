// Several VMs write, a maintainer types, the UART stalls: whatever the order, the log stays readable and complete.
//
// Checked: every line that the UART sends starts with a known mark and has no control character; what VM "c" (never focused)
// writes comes out complete and in order; everything ends, by the interrupts that the UART and the bell ask for.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/console/shell.hpp"
#include "core/console/testing.hpp"

namespace {

using namespace tiffin;

struct NoVms final : ShellHost {
    std::uint32_t vm_count() const override { return 0; }
    std::string_view name(std::uint32_t) const override { return {}; }
    VmRow vm(std::uint32_t) const override { return {}; }
    bool manage(std::uint32_t, abi::manage::Action) override { return false; }
    std::uint64_t total_ticks() const override { return 0; }
    std::uint64_t idle_ticks() const override { return 0; }
    std::uint64_t frequency() const override { return 1; }
    std::span<std::byte const> trace_part(std::uint32_t) const override { return {}; }
    void hold_trace(bool) override {}
};

/// '?' is what the terminal model shows for a control character.
char without_question_mark(char c) { return c == '?' ? '!' : c; }

void require(bool condition) {
    if (!condition) std::abort();
}

bool known_mark(std::string const& line) {
    for (std::string_view mark : {"[a] ", "[a]+", "[b] ", "[b]+", "[c] ", "[c]+", "tiffin: ", "tiffin> "}) {
        if (line.starts_with(mark)) return true;
    }
    return line.empty();
}

/// What VM c wrote, as the log shows it: its lines without marks, joined; and the same of what went in.
struct Witness {
    std::string written;
    void note(char c) {
        if (c != '\r' && c != '\n') text::spell({&c, 1}, [&](char shown) { written += shown; });
    }
    static std::string shown(std::vector<std::string> const& lines) {
        std::string all;
        for (auto const& line : lines) {
            if (line.starts_with("[c]")) all += line.substr(4);
        }
        return all;
    }
};

void check(std::string const& sent, Witness const& witness) {
    auto const lines = tiffin::testing::on_terminal(sent);
    for (auto const& line : lines) {
        require(known_mark(line));
        require(line.find('?') == line.npos);
    }
    require(Witness::shown(lines) == witness.written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    tiffin::testing::Bench t;
    NoVms machine;
    Shell shell{t.console, machine};
    t.console.set_shell(shell);
    Witness witness;
    for (std::size_t i = 0; i + 1 < size; i += 2) {
        char const c = without_question_mark(static_cast<char>(data[i + 1]));
        char const ascii = without_question_mark(static_cast<char>(c & 0x7f));
        switch (data[i] & 7) {
            case 0: t.a.put(c); break;
            case 1: t.b.put(c); break;
            case 2:
            case 3:
                if (t.c.tx_full()) break;
                t.c.put(ascii);
                witness.note(ascii);
                break;
            case 4:
                if (c == '3' || c == 'n') break;  // never focus c
                t.type({&c, 1});
                break;
            case 5: t.uart.room = data[i + 1]; break;
            case 6:
                for (int n = 0; n < data[i + 1]; ++n) t.a.put(static_cast<char>('a' + n % 26));
                break;
            default: t.console.on_uart_interrupt(); break;
        }
        require(t.a.tx_room() <= ConsolePort::fifo_capacity && t.b.tx_room() <= ConsolePort::fifo_capacity);
    }
    t.uart.room = ~std::size_t{0};
    tiffin::testing::take_console_interrupts(t.console, t.uart);
    require(!t.console.busy());  // nothing waits for an interrupt that will not come
    t.console.drain_now();
    tiffin::testing::take_console_interrupts(t.console, t.uart);  // the bottom line comes back
    require(!t.console.busy());
    check(t.uart.sent, witness);
    return 0;
}
