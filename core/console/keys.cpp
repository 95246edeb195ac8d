// Keys: from the UART to the focused VM or to the shell, and the escape key's own commands.
#include "abi/debug.hpp"
#include "core/console/console.hpp"
#include "core/console/format.hpp"

namespace tiffin {

namespace {

constexpr std::string_view escape_help = "Ctrl-] then: 1-9 that VM, n next VM, s shell, Ctrl-] to send it";

/// Keys that waited in the console and go to a VM in one step; the next go when it has read one.
constexpr unsigned refill_limit = 8;

/// Bytes of an unfinished line that a change of focus makes its own, at most.
constexpr unsigned longest_prompt = 24;
static_assert(longest_prompt * FocusLine::widest + FocusLine::widest <= ConsolePort::line_capacity);

}  // namespace

void Console::attach(ConsolePort& port) {
    (first_ != nullptr ? last_->next_ : first_) = &port;
    last_ = &port;
    port.colour_ = ports_;
    ports_ = static_cast<std::uint8_t>((ports_ + 1) % 6);
}

/// One key at a time: the line stays high as long as more wait.
void Console::on_uart_interrupt() {
    uart_->acknowledge();
    bell_rung_ = false;
    int const c = uart_->try_get();
    if (c < 0) return pump();
    key(static_cast<char>(c));
    send(Step::Heavy);
}

void Console::key(char c) {
    if (commands_ != nullptr && (commanding_ || c == abi::debug::command_key)) return command_byte(c);
    if (escaping_) return escaped_key(c);
    if (c == escape_key) {
        escaping_ = true;
        return own_line(escape_help);
    }
    if (focused_ != nullptr) return key_for(*focused_, c);
    if (shell_ == nullptr) return;
    if (!prompt_) stale_ = prompt_ = true;
    if (shell_busy_ || typed_ahead()) {
        keys_.push(c);  // commands are answered one after the other
    } else {
        shell_->key(c);
    }
}

/// A command that is too long is none: it will be refused.
void Console::command_byte(char c) {
    if (c == abi::debug::command_key) {
        commanding_ = true;
        command_size_ = 0;
    } else if (c == '\r') {
        commanding_ = false;
        commands_->command({command_, command_size_ < sizeof command_ ? command_size_ : 0u});
        answer_due_ = true;
    } else if (command_size_ < sizeof command_) {
        command_[command_size_++] = c;
    }
}

void Console::escaped_key(char c) {
    escaping_ = false;
    if (c == 's' || c == 'n' || (c >= '1' && c <= '9')) keys_.clear();  // typed for the old focus, and not for the new one
    if (c == escape_key && focused_ != nullptr) return key_for(*focused_, c);
    if (c == 's') return focus(nullptr);
    if (c == 'n' && first_ != nullptr) return focus(focused_ != nullptr && focused_->next_ != nullptr ? focused_->next_ : first_);
    if (c >= '1' && c <= '9') {
        if (auto* port = nth(static_cast<unsigned>(c - '0')); port != nullptr) return focus(port);
        return own_line(Line{} << "there is no VM " << c);
    }
    own_line("no such escape; keys go where they went before");
}

ConsolePort* Console::nth(unsigned n) const {
    auto* port = first_;
    while (port != nullptr && --n > 0) port = port->next_;
    return port;
}

/// Keys overtake nothing: while some wait in the console, new ones queue behind them. What even that cannot hold is lost.
void Console::key_for(ConsolePort& port, char c) {
    if (!keys_.empty() || !port.keys_.push(c)) {
        keys_.push(c);
        return;
    }
    if (port.client_ != nullptr) port.client_->console_changed();
}

void Console::refill(ConsolePort& port) {
    if (keys_.empty()) return;
    for (unsigned n = 0; n < refill_limit && !keys_.empty() && port.keys_.push(keys_.front()); ++n) keys_.pop();
    if (port.client_ != nullptr) port.client_->console_changed();
}

void Console::forget_keys(ConsolePort& port) {
    port.keys_.clear();
    if (focused_ != &port) return;
    keys_.clear();
    line_.line_feed();
}

void Console::focus(ConsolePort* port) {
    hide();
    if (focused_ != nullptr || port == nullptr) keys_.clear();
    if (focused_ != nullptr) set_fast_limit(*focused_, false);
    focused_ = port;
    line_.reset();
    prompt_ = port == nullptr;
    if (port != nullptr) {
        take_over(*port);
        refill(*port);  // what was typed behind the shell's own `focus`
    }
    own_line(port != nullptr ? Line{} << "keys go to [" << port->name_ << "]; Ctrl-] s returns to the shell"
                             : Line{} << "keys go to the shell");
    stale_ = has_bottom();
}

/// The bytes of an unfinished line were kept as they came; from now on they are what a terminal would show. If they are more than a
/// prompt, which would take long, they are shown as the first part of a line instead.
void Console::take_over(ConsolePort& port) {
    set_fast_limit(port, true);
    if (port.waiting_ || port.length_ == 0) return;
    if (port.length_ > longest_prompt) return finish(port, true);
    char old[longest_prompt];
    unsigned const count = port.length_;
    for (unsigned i = 0; i < count; ++i) old[i] = port.line_[i];
    port.length_ = 0;
    for (unsigned i = 0; i < count; ++i) (void)line_.accept(old[i], port.line_, port.length_);
}

}  // namespace tiffin
