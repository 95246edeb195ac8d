// The console multiplexer: one physical UART, many VMs. docs/console.md shows what a user sees.
//
//   VM's UART write -> ConsolePort (its own line buffer) --finished line--+
//   LineSource (what the hypervisor has to say of its VMs) ---------------+--> ring (8 KiB) --drain--> UartPort
//   the shell's answer, own lines ----------------------------------------+
//   UartPort -> keys -> focused VM's ConsolePort, or the shell
//
// Rules: lines enter the ring one after the other, each in bounded pieces (a pump makes one); a VM's finished line waits for its
// turn in the VM's own buffer, and if there is no room its own UART fills up: nobody else waits. Whoever has a line leaves it here
// and goes on; the bell brings the next pump. Nothing here waits for the UART except write_now() and drain_now(), which are for
// the end of the world. One caller at a time: cores that share the console take the hypervisor's console lock first.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/console/focus_line.hpp"
#include "core/console/format.hpp"
#include "core/console/port.hpp"
#include "core/console/ring.hpp"

namespace tiffin {

/// The physical UART. Implemented in drivers/uart.
class UartPort {
public:
    /// Sends as many of `bytes` as the transmit FIFO takes; how many.
    virtual std::size_t put(std::string_view bytes) = 0;
    /// 0..255, or -1 if nothing has been received.
    virtual int try_get() = 0;
    /// Whether an interrupt is wanted when the FIFO has room again.
    virtual void want_tx_interrupt(bool wanted) = 0;
    /// Ends the transmit interrupt that is pending. (Receive interrupts end by reading all that came.)
    virtual void acknowledge() = 0;

protected:
    ~UartPort() = default;
};

/// Who gets keys while no VM has the focus. Implemented by Shell.
class KeyListener {
public:
    virtual void key(char c) = 0;
    /// What has been typed of a command: printable ASCII, at most 80 bytes.
    [[nodiscard]] virtual std::string_view typed() const = 0;
    /// Prints the next line of a command's answer. False when there is no more.
    virtual bool step() = 0;

protected:
    ~KeyListener() = default;
};

/// Lines of the hypervisor's own that are made when their turn comes, because they cost more than the path that has something to
/// say may take. Implemented by Notices.
class LineSource {
public:
    enum class Left : std::uint8_t { Nothing, SameSubject, NextSubject };
    /// Makes the next line that was announced. What is left: lines of one subject are not parted.
    virtual Left make(Line& line) = 0;

protected:
    ~LineSource() = default;
};

/// Takes commands of a program at the other end of the UART (`tiffin debug`), whoever has the focus. Implemented by debug::Link.
class CommandListener {
public:
    virtual void command(std::string_view text) = 0;
    /// Prints a line that is due. False when there is no more.
    virtual bool step() = 0;

protected:
    ~CommandListener() = default;
};

class Console {
public:
    static constexpr std::size_t ring_capacity = 8192;
    static constexpr unsigned drain_limit = 32;  // bytes a call gives to the UART: a PL011 FIFO, so EL2 stays short
    static constexpr unsigned text_limit = 80;   // plain bytes of a line that a call moves to the ring
    static constexpr char escape_key = 0x1d;     // Ctrl-]

    constexpr explicit Console(UartPort& uart) : uart_{&uart} {}
    Console(Console const&) = delete;
    Console& operator=(Console const&) = delete;

    /// Makes a port known: it can get the focus. Once for each port, in the order in which keys 1 to 9 shall count them.
    void attach(ConsolePort& port);
    void set_shell(KeyListener& shell) { shell_ = &shell; }
    void set_commands(CommandListener& commands) { commands_ = &commands; }
    /// It has a line to print: a few instructions.
    void command_has_answer() {
        answer_due_ = true;
        ring_bell();
    }
    void set_source(LineSource& source) { source_ = &source; }
    /// `bell` causes, soon, a call of on_uart_interrupt(), though the UART itself sees no reason for an interrupt.
    void set_bell(void (*bell)()) {
        bell_ = bell;
        if (busy()) ring_bell();
    }

    /// `lost` hears of each byte of a VM's and of each line of the hypervisor's own (then the port is nullptr) that found no room, and
    /// how many these are now: of the VM since boot, of its own since it last told.
    void set_loss_listener(void (*lost)(ConsolePort const* port, std::uint32_t count)) { lost_ = lost; }

    /// Colours for the prefixes, a different one for neighbours. Off at first: logs stay plain text.
    void set_colours(bool on) { colours_ = on; }
    [[nodiscard]] bool colours() const { return colours_; }

    /// A line of the hypervisor's own, shown as `tiffin: text`. Longer than 160 bytes, or with \n: several lines. Without room in
    /// the ring it is dropped and counted, and the count is told as soon as there is room.
    void log(std::string_view text);
    /// The same for a line that holds no \n, which is not looked for.
    void log(Line const& line);
    void log(char const* text) { log(std::string_view{text}); }
    /// True if log() of one line would not drop it.
    [[nodiscard]] bool log_has_room() const { return ring_.room() >= line_room; }
    /// The source has a line, which is made in turn with those that VMs have finished. A few instructions.
    void announce();
    /// A line of the hypervisor's own that was lost before it came here. It is counted and told.
    void count_dropped() { tell_lost(nullptr, ++dropped_); }

    /// The UART's interrupt, or the bell: takes a key, or does one bounded step of what is due: a piece of a line,
    /// or a line of the shell's, or the unfinished line painted; and gives 32 bytes to the UART.
    void on_uart_interrupt();
    /// True while a byte or a line waits to be shown.
    [[nodiscard]] bool busy() const { return !ring_.empty() || line_due() || aside_due(); }

    /// Gives keys to this VM, or with nullptr to the shell, and says so.
    void focus(ConsolePort* port);
    [[nodiscard]] ConsolePort* focused() const { return focused_; }

    /// What a VM writes in one go, with one step at the end. At most tx_room() bytes.
    void write(ConsolePort& port, std::string_view bytes);
    /// Ends a VM's unfinished line, which is shown in its turn. For a VM that stops.
    void flush(ConsolePort& port);
    /// Drops keys that the VM has not read, and a half-received escape sequence. For a VM that restarts.
    void forget_keys(ConsolePort& port);

    /// The shell's typed text changed, or its answer begins.
    void shell_changed() { stale_ = true; }
    void shell_has_answer() { shell_busy_ = true; }
    /// Leaves the prompt and what was typed as a line of the log.
    void end_prompt();

    /// For panic(): everything queued, then `text` (sent as it is), with busy-waiting. Bounded if the UART is dead.
    void write_now(std::string_view text);
    /// Before power-off: everything queued and every VM's unfinished line, with busy-waiting.
    void drain_now();

private:
    friend class ConsolePort;

    // Prefix (31 name bytes, marks, colours), 160 bytes spelt as \xNN, resets, line end: at most 4 + 48 + 640 + 8.
    static constexpr std::size_t line_room = 768;
    static constexpr std::size_t own_reserve = 2048;  // VMs leave this to the hypervisor's own lines
    static constexpr std::size_t paint_room = 512;    // prefix and text twice, once to place the cursor
    static constexpr unsigned patience = 10'000'000;  // polls of a full FIFO before the UART counts as dead

    void put(ConsolePort& port, char c);
    void take(ConsolePort& port, char c);
    void accept(ConsolePort& port, char c);
    void accept_focused(ConsolePort& port, char c);
    void finish(ConsolePort& port, bool split);
    bool consume(ConsolePort& port);
    static void set_fast_limit(ConsolePort& port, bool focused);
    [[nodiscard]] bool room_for_vm() const { return ring_.room() >= line_room + own_reserve; }

    void pump();
    void drain();
    void ring_bell();
    void tell_lost(ConsolePort const* port, std::uint32_t count) {
        if (lost_ != nullptr) lost_(port, count);
    }

    // One line at a time is on its way into the ring.
    [[nodiscard]] bool showing() const { return whose_ != Whose::Nobody; }
    [[nodiscard]] bool line_due() const { return showing() || dropped_ != 0 || announced_ || first_waiting_ != nullptr; }
    [[nodiscard]] bool aside_due() const { return stale_ || shell_busy_ || answer_due_ || typed_ahead(); }
    enum class Step : std::uint8_t { Nothing, Light, Heavy };  // Heavy: enough for one call
    void send(Step step);
    Step make_text();
    Step make_line();
    Step make_aside();
    void begin_vm_line();
    void begin_announced();
    void begin_dropped();
    void begin_own();
    Step show_piece();
    Step end_line();
    void finish_showing();
    void show_all();
    void own_line(std::string_view text);
    void show_logged();
    void step_shell();

    [[nodiscard]] bool has_bottom() const;
    void paint();
    void hide();
    void echo(Echo const& what);
    void prefix(ConsolePort const& port, bool continuation);
    void push(std::string_view text);
    void push_spelt(std::string_view& text);

    void key(char c);
    void command_byte(char c);
    void escaped_key(char c);
    [[nodiscard]] bool typed_ahead() const { return focused_ == nullptr && !keys_.empty(); }
    void key_for(ConsolePort& port, char c);
    void refill(ConsolePort& port);
    void take_over(ConsolePort& port);
    [[nodiscard]] ConsolePort* nth(unsigned n) const;
    bool put_patiently(char c);
    void empty_ring();

    UartPort* uart_;
    KeyListener* shell_{nullptr};
    CommandListener* commands_{nullptr};
    LineSource* source_{nullptr};
    void (*bell_)(){nullptr};
    void (*lost_)(ConsolePort const* port, std::uint32_t count){nullptr};
    ConsolePort *first_{nullptr}, *last_{nullptr};
    ConsolePort *first_waiting_{nullptr}, *last_waiting_{nullptr};
    ConsolePort* focused_{nullptr};
    FocusLine line_{};
    enum class Whose : std::uint8_t { Nobody, Vm, Own } whose_{Whose::Nobody};
    std::string_view showing_{};          // what is still to come of it
    ConsolePort* showing_port_{nullptr};  // Whose::Vm
    Line own_{};                          // Whose::Own
    std::uint32_t next_turn_{0}, announced_turn_{0};
    std::uint32_t dropped_{0};
    std::uint8_t ports_{0};  // counts modulo 6, for colours
    bool colours_{false};
    bool shown_{false};       // the bottom line (prompt or unfinished line) is on the terminal
    bool stale_{false};       // it must be painted anew
    bool prompt_{false};      // a key was pressed: the shell shows its prompt
    bool shell_busy_{false};  // the shell has more lines to print
    bool escaping_{false};    // the escape key was the last one
    bool tx_wanted_{false};   // what the UART was told
    bool uart_dead_{false};
    bool pumping_{false};
    bool announced_{false};   // the source has a line
    bool after_line_{false};  // a line was the last thing: the shell and the bottom line come next
    bool bell_rung_{false};
    bool answer_due_{false};  // to a command
    bool commanding_{false};  // its bytes are coming
    std::uint8_t command_size_{0};
    char command_[64]{};
    ByteRing<512> keys_{};  // for the focused VM, behind its own 32, or for the shell while it answers: pasted lines are not lost
    ByteRing<ring_capacity> ring_{};
};

inline void ConsolePort::put_slow(char c) { console_->put(*this, c); }

inline int ConsolePort::get() {
    if (keys_.empty()) return -1;
    auto const key = text::byte(keys_.front());
    keys_.pop();
    if (console_->focused_ == this && !console_->keys_.empty()) console_->refill(*this);
    return key;
}

}  // namespace tiffin
