// What comes in from VMs and the hypervisor, and what goes out to the UART. Which line comes next is in show.cpp, keys are in keys.cpp.
#include "core/console/console.hpp"

namespace tiffin {

// ---- What a VM writes

void Console::put(ConsolePort& port, char c) {
    bool const waits = port.waiting_;
    take(port, c);
    if (!waits) pump();
}

void Console::write(ConsolePort& port, std::string_view bytes) {
    bool something{false};
    for (char c : bytes) {
        if (port.put_fast(c)) continue;
        something = something || !port.waiting_;
        take(port, c);
    }
    if (something) pump();
}

void Console::take(ConsolePort& port, char c) {
    if (!port.waiting_) {
        accept(port, c);
    } else if (!port.tx_full()) {
        port.line_[port.length_++] = c;
    } else {
        tell_lost(&port, ++port.lost_);
    }
}

/// CR LF ends one line, not two; a CR alone ends the line of a VM without focus (a progress bar's steps are all kept), and
/// returns the cursor in the line of the focused one.
void Console::accept(ConsolePort& port, char c) {
    bool const focused = focused_ == &port;
    if (c == '\n') {
        port.return_pending_ = false;
        if (focused) line_.line_feed();
        return finish(port, false);
    }
    bool const returned = port.return_pending_;
    port.return_pending_ = c == '\r';
    set_fast_limit(port, focused);
    if (c == '\r') return;
    if (returned && focused) {
        line_.carriage_return();
        stale_ = true;
    } else if (returned && port.length_ > 0) {
        finish(port, false);
        return take(port, c);
    }
    if (focused) return accept_focused(port, c);
    if (port.length_ >= ConsolePort::line_capacity) {  // it filled up while it had the focus
        finish(port, true);
        return take(port, c);
    }
    port.line_[port.length_++] = c;
    if (port.length_ == ConsolePort::line_capacity) finish(port, true);
}

void Console::accept_focused(ConsolePort& port, char c) {
    if (port.length_ + FocusLine::widest > ConsolePort::line_capacity) {
        finish(port, true);
        return take(port, c);
    }
    echo(line_.accept(c, port.line_, port.length_));
}

/// The line is complete, and waits for its turn. Round robin: a VM with a second line goes behind those that wait for their first.
void Console::finish(ConsolePort& port, bool split) {
    bool const hold_back = split && focused_ != &port;
    port.split_ = split;
    port.finished_ = port.length_;
    if (hold_back) port.finished_ -= static_cast<std::uint8_t>(text::unfinished_tail({port.line_, port.length_}));
    port.waiting_ = true;
    port.next_waiting_ = nullptr;
    port.turn_ = next_turn_++;
    (first_waiting_ != nullptr ? last_waiting_->next_waiting_ : first_waiting_) = &port;
    last_waiting_ = &port;
    set_fast_limit(port, focused_ == &port);
}

/// Forgets the finished line, and takes up what came behind it. False: nothing did.
bool Console::consume(ConsolePort& port) {
    char rest[ConsolePort::fifo_capacity];
    unsigned const count = port.length_ - port.finished_;
    for (unsigned i = 0; i < count; ++i) rest[i] = port.line_[port.finished_ + i];
    port.continuation_ = port.split_;
    port.waiting_ = false;
    port.length_ = 0;
    if (focused_ == &port) line_.next_line();
    stale_ = has_bottom();
    set_fast_limit(port, focused_ == &port);
    if (count == 0) return false;
    for (char c : std::string_view{rest, count}) {
        if (!port.put_fast(c)) take(port, c);
    }
    if (port.client_ != nullptr) port.client_->console_changed();
    return true;
}

void Console::set_fast_limit(ConsolePort& port, bool focused) {
    bool const slow = focused || port.waiting_ || port.return_pending_;
    port.fast_limit_ = slow ? 0 : ConsolePort::line_capacity - 1;
}

void Console::flush(ConsolePort& port) {
    port.return_pending_ = false;
    if (!port.waiting_ && port.length_ > 0) finish(port, false);
    if (!port.waiting_) port.continuation_ = false;
    set_fast_limit(port, focused_ == &port);
    ring_bell();
}

// ---- What the hypervisor writes

void Console::announce() {
    if (!announced_) announced_turn_ = next_turn_++;
    announced_ = true;
    ring_bell();
}

void Console::log(std::string_view text) {
    do {
        auto const end = text::first(text, ConsolePort::line_capacity).find('\n');
        auto const line = text::first(text, end == text.npos ? ConsolePort::line_capacity : end);
        own_line(line);
        text.remove_prefix(end == text.npos ? line.size() : end + 1);
    } while (!text.empty());
    show_logged();
}

void Console::log(Line const& line) {
    own_line(line.view());
    show_logged();
}

void Console::show_logged() {
    if (pumping_) return;  // the shell logs from within a pump
    finish_showing();
    pump();
}

void Console::own_line(std::string_view text) {
    finish_showing();
    if (dropped_ != 0 && log_has_room()) {
        begin_dropped();
        finish_showing();
    }
    if (!log_has_room()) {
        return count_dropped();
    }
    own_.clear();
    own_ << text;
    begin_own();
}

// ---- Towards the UART

[[gnu::noinline]] void Console::pump() {
    pumping_ = true;
    bell_rung_ = false;
    auto const step = make_text();
    pumping_ = false;
    send(step);
}

/// `step` has been taken. What is left to do has its interrupt.
void Console::send(Step step) {
    if (step != Step::Heavy) drain();
    bool const wanted = !ring_.empty() && !uart_dead_;
    if (wanted != tx_wanted_) uart_->want_tx_interrupt(wanted);
    tx_wanted_ = wanted;
    // After a heavy step nothing has been sent, and so the UART sees no reason for an interrupt.
    if (step == Step::Heavy || (step == Step::Light && (line_due() || aside_due()))) ring_bell();
}

void Console::ring_bell() {
    if (bell_rung_ || bell_ == nullptr) return;
    bell_rung_ = true;
    bell_();
}

void Console::drain() {
    for (std::size_t left = drain_limit; left != 0 && !ring_.empty();) {
        auto const run = ring_.front_run(left);
        auto const sent = uart_->put(run);
        ring_.pop(static_cast<std::uint32_t>(sent));
        if (sent != run.size()) return;
        left -= sent;
    }
}

bool Console::put_patiently(char c) {
    for (unsigned n = 0; n < patience && !uart_dead_; ++n) {
        if (uart_->put({&c, 1}) != 0) return true;
    }
    uart_dead_ = true;
    return false;
}

void Console::empty_ring() {
    for (; !ring_.empty(); ring_.pop()) {
        if (!put_patiently(ring_.front())) return ring_.clear();
    }
}

/// Every line that is due, without the shell.
void Console::show_all() {
    for (empty_ring(); line_due() && !uart_dead_; empty_ring()) make_line();
}

void Console::write_now(std::string_view text) {
    if (!pumping_) show_all();  // a panic may come from within a step
    hide();
    empty_ring();
    for (char c : text) {
        if (!put_patiently(c)) return;
    }
}

void Console::drain_now() {
    show_all();
    for (auto* port = first_; port != nullptr && !uart_dead_; port = port->next_) {
        flush(*port);
        show_all();
    }
    write_now({});
}

}  // namespace tiffin
