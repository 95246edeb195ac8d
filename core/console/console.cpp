// Output side of the multiplexer; keys are in keys.cpp.
#include "core/console/console.hpp"

#include "core/console/format.hpp"

namespace tiffin {

namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view erase_line = "\r\x1b[K";
constexpr std::string_view plain = "\x1b[0m";
constexpr std::string_view own_mark = "tiffin: ";
constexpr std::string_view prompt_mark = "tiffin> ";

}  // namespace

// ---- What a VM writes

void Console::put(ConsolePort& port, char c) {
    if (!port.waiting_) {
        accept(port, c, Refeed::No);
        pump();
    } else if (!port.tx_full()) {
        port.line_[port.length_++] = c;
    } else {
        ++port.lost_;
    }
}

/// CR LF ends one line, not two; a CR alone ends the line of a VM without focus (a progress bar's steps are all kept), and
/// returns the cursor in the line of the focused one.
void Console::accept(ConsolePort& port, char c, Refeed refeed) {
    if (port.waiting_) {
        port.line_[port.length_++] = c;  // fits: only consume() comes here, with what was in the FIFO before
        return;
    }
    bool const focused = focused_ == &port;
    if (c == '\n') {
        port.return_pending_ = false;
        if (focused) line_.line_feed();
        return finish(port, false, refeed);
    }
    bool const returned = port.return_pending_;
    port.return_pending_ = c == '\r';
    set_fast_limit(port, focused);
    if (c == '\r') return;
    if (returned && focused) {
        line_.carriage_return();
        stale_ = true;
    } else if (returned && port.length_ > 0) {
        finish(port, false, refeed);
        return accept(port, c, refeed);
    }
    if (focused) return accept_focused(port, c, refeed);
    if (port.length_ >= ConsolePort::line_capacity) {  // it filled up while it had the focus
        finish(port, true, refeed);
        return accept(port, c, refeed);
    }
    port.line_[port.length_++] = c;
    if (port.length_ == ConsolePort::line_capacity) finish(port, true, refeed);
}

void Console::accept_focused(ConsolePort& port, char c, Refeed refeed) {
    if (port.length_ + FocusLine::widest > ConsolePort::line_capacity) {
        finish(port, true, refeed);
        if (port.waiting_) {
            port.line_[port.length_++] = c;
            return;
        }
    }
    echo(line_.accept(c, port.line_, port.length_));
}

/// The line is complete. It is shown at once if there is room and nobody waits longer; else it waits its turn.
void Console::finish(ConsolePort& port, bool split, Refeed refeed) {
    bool const hold_back = split && focused_ != &port;
    port.split_ = split;
    port.finished_ = port.length_;
    if (hold_back) port.finished_ -= static_cast<std::uint8_t>(text::unfinished_tail({port.line_, port.length_}));
    if (refeed == Refeed::Yes || first_waiting_ != nullptr || !room_for_vm()) return wait(port);
    show_finished(port);
    consume(port);
}

void Console::wait(ConsolePort& port) {
    port.waiting_ = true;
    port.next_waiting_ = nullptr;
    (first_waiting_ != nullptr ? last_waiting_->next_waiting_ : first_waiting_) = &port;
    last_waiting_ = &port;
    set_fast_limit(port, focused_ == &port);
}

void Console::show_finished(ConsolePort& port) {
    bool const already_there = focused_ == &port && shown_ && !stale_ && port.length_ > 0;
    if (already_there) {
        if (line_.coloured()) push(plain);
        shown_ = false;
    } else {
        hide();
        prefix(port, port.continuation_);
        push_spelt({port.line_, port.finished_});
    }
    push(line_end);
    stale_ = has_bottom();
}

/// Forgets the finished line, and takes up what came behind it.
void Console::consume(ConsolePort& port) {
    char rest[ConsolePort::fifo_capacity];
    unsigned const count = port.length_ - port.finished_;
    for (unsigned i = 0; i < count; ++i) rest[i] = port.line_[port.finished_ + i];
    port.continuation_ = port.split_;
    port.waiting_ = false;
    port.length_ = 0;
    if (focused_ == &port) line_.next_line();
    stale_ = has_bottom();
    set_fast_limit(port, focused_ == &port);
    for (unsigned i = 0; i < count; ++i) accept(port, rest[i], Refeed::Yes);
}

/// Round robin: a VM with a second line goes behind those that wait for their first.
void Console::serve_one() {
    if (first_waiting_ == nullptr || !room_for_vm()) return;
    ConsolePort& port = *first_waiting_;
    first_waiting_ = port.next_waiting_;
    show_finished(port);
    consume(port);
    if (port.client_ != nullptr) port.client_->console_changed();
}

void Console::set_fast_limit(ConsolePort& port, bool focused) {
    bool const slow = focused || port.waiting_ || port.return_pending_;
    port.fast_limit_ = slow ? 0 : ConsolePort::line_capacity - 1;
}

void Console::flush(ConsolePort& port) {
    port.return_pending_ = false;
    if (!port.waiting_ && port.length_ > 0) finish(port, false, Refeed::No);
    if (!port.waiting_) port.continuation_ = false;
    set_fast_limit(port, focused_ == &port);
    pump();
}

// ---- What the hypervisor writes

void Console::log(std::string_view text) {
    do {
        auto const end = text::first(text, ConsolePort::line_capacity).find('\n');
        auto const line = text::first(text, end == text.npos ? ConsolePort::line_capacity : end);
        own_line(line);
        text.remove_prefix(end == text.npos ? line.size() : end + 1);
    } while (!text.empty());
    if (!pumping_) pump();  // the shell logs from within a pump
}

void Console::own_line(std::string_view text) {
    tell_dropped();
    if (!log_has_room()) {
        ++dropped_;
        return;
    }
    hide();
    push(own_mark);
    push_spelt(text);
    push(line_end);
    stale_ = has_bottom();
}

void Console::tell_dropped() {
    if (dropped_ == 0 || !log_has_room()) return;
    auto const count = dropped_;
    dropped_ = 0;
    own_line(Line{} << count << (count == 1 ? " line of its own was dropped" : " lines of its own were dropped"));
}

void Console::end_prompt() {
    if (!shown_ || stale_) paint();
    if (shown_) push(line_end);
    shown_ = false;
}

// ---- The bottom line: an unfinished line of the focused VM, or the shell's prompt

bool Console::has_bottom() const {
    if (focused_ != nullptr) return focused_->length_ > 0 && !focused_->waiting_;
    return prompt_ && shell_ != nullptr && !shell_busy_;
}

void Console::hide() {
    if (!shown_) return;
    if (line_.coloured()) push(plain);
    line_.colours_reset();
    push(erase_line);
    shown_ = false;
}

/// Needs no knowledge of how wide characters are: it writes the text up to the cursor a second time, and so ends where the cursor
/// is.
void Console::paint() {
    if (ring_.room() < paint_room) return;
    hide();
    stale_ = false;
    if (!has_bottom()) return;
    shown_ = true;
    if (focused_ == nullptr) {
        push(prompt_mark);
        push(shell_->typed());
        return;
    }
    prefix(*focused_, focused_->continuation_);
    push(focused_->view());
    if (line_.cursor() >= focused_->length_) return;
    push("\r");
    prefix(*focused_, focused_->continuation_);
    push({focused_->line_, line_.cursor()});
}

/// Follows the focused VM byte by byte while its line is on the terminal; else the line is painted when there is room.
void Console::echo(Echo const& what) {
    if (what.kind == Echo::Kind::Nothing) return;
    if (what.kind == Echo::Kind::Repaint || stale_ || ring_.room() < paint_room) {
        stale_ = true;
        return;
    }
    bool const first = focused_->length_ == 0 || focused_->view() == what.view();
    if (!shown_ && !first) {
        stale_ = true;
        return;
    }
    if (!shown_) prefix(*focused_, focused_->continuation_);
    shown_ = true;
    push(what.view());
}

/// `[name] `, or `[name]+` before the rest of a line that was too long.
void Console::prefix(ConsolePort const& port, bool continuation) {
    if (colours_) {
        push("\x1b[3");
        ring_.push(static_cast<char>('1' + port.colour_));
        push("m");
    }
    push("[");
    push(port.name_);
    push("]");
    if (colours_) push(plain);
    push(continuation ? "+" : " ");
}

void Console::push(std::string_view text) {
    for (char c : text) ring_.push(c);
}

/// Runs of plain text, which is nearly all there is, go through a loop of a few instructions a byte: a line is shown at EL2, and
/// whatever is due meanwhile waits for it.
void Console::push_spelt(std::string_view text) {
    while (!text.empty()) {
        std::size_t plain_run = 0;
        while (plain_run < text.size() && text::printable_ascii(text[plain_run])) ring_.push_into_room(text[plain_run++]);
        text.remove_prefix(plain_run);
        if (text.empty()) return;
        auto const length = text::safe_length(text);
        auto const shown = text::first(text, length == 0 ? 1 : length);
        text::spell(shown, [&](char c) { ring_.push(c); });
        text.remove_prefix(shown.size());
    }
}

// ---- Towards the UART

[[gnu::noinline]] void Console::pump() {
    pumping_ = true;
    tell_dropped();
    serve_one();
    step_shell();
    if (stale_) paint();
    drain();
    bool const wanted = busy() && !uart_dead_;
    if (wanted != tx_wanted_) uart_->want_tx_interrupt(wanted);
    tx_wanted_ = wanted;
    pumping_ = false;
}

void Console::drain() {
    for (unsigned n = 0; n < drain_limit && !ring_.empty(); ++n) {
        if (!uart_->try_put(ring_.front())) return;
        ring_.pop();
    }
}

/// A line of the answer; or, when it has ended, the keys that were typed meanwhile.
void Console::step_shell() {
    if (shell_busy_ && log_has_room()) {
        shell_busy_ = shell_->step();
        stale_ = has_bottom();
    }
    for (unsigned n = 0; n < drain_limit && typed_ahead() && !shell_busy_ && log_has_room(); ++n) {
        char const c = keys_.front();
        keys_.pop();
        shell_->key(c);
    }
}

bool Console::put_patiently(char c) {
    for (unsigned n = 0; n < patience && !uart_dead_; ++n) {
        if (uart_->try_put(c)) return true;
    }
    uart_dead_ = true;
    return false;
}

void Console::empty_ring() {
    for (; !ring_.empty(); ring_.pop()) {
        if (!put_patiently(ring_.front())) return ring_.clear();
    }
}

void Console::write_now(std::string_view text) {
    empty_ring();
    hide();
    empty_ring();
    for (char c : text) {
        if (!put_patiently(c)) return;
    }
}

void Console::drain_now() {
    for (empty_ring(); first_waiting_ != nullptr && !uart_dead_; empty_ring()) serve_one();
    for (auto* port = first_; port != nullptr && !uart_dead_; port = port->next_) {
        flush(*port);
        empty_ring();
    }
    tell_dropped();
    write_now({});
}

}  // namespace tiffin
