// What comes next into the ring, and how it looks: lines one after the other, the shell's answer, the bottom line.
#include "core/console/console.hpp"

namespace tiffin {

namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view erase_line = "\r\x1b[K";
constexpr std::string_view plain = "\x1b[0m";
constexpr std::string_view own_mark = "tiffin: ";
constexpr std::string_view prompt_mark = "tiffin> ";

}  // namespace

// ---- Which line comes next

/// One step. Nothing: nothing is due for which there is room.
Console::Step Console::make_text() {
    if (after_line_ && !showing()) {
        after_line_ = false;
        if (auto const step = make_aside(); step != Step::Nothing) return step;
    }
    auto const step = make_line();
    return step != Step::Nothing ? step : make_aside();
}

Console::Step Console::make_line() {
    if (!showing()) {
        bool const vm_due = first_waiting_ != nullptr && room_for_vm();
        if (!log_has_room()) return Step::Nothing;
        if (dropped_ != 0) {
            begin_dropped();
        } else if (announced_ && !(vm_due && static_cast<std::int32_t>(first_waiting_->turn_ - announced_turn_) < 0)) {
            begin_announced();
            return Step::Heavy;
        } else if (vm_due) {
            begin_vm_line();
        } else {
            return Step::Nothing;
        }
    }
    return show_piece();
}

void Console::begin_vm_line() {
    ConsolePort& port = *first_waiting_;
    first_waiting_ = port.next_waiting_;
    bool const already_there = focused_ == &port && shown_ && !stale_ && port.length_ > 0;
    whose_ = Whose::Vm;
    showing_port_ = &port;
    showing_ = {};
    if (already_there) {
        if (line_.coloured()) push(plain);
        shown_ = false;
        return;
    }
    hide();
    prefix(port, port.continuation_);
    showing_ = {port.line_, port.finished_};
}

void Console::begin_announced() {
    own_.clear();
    auto const left = source_->make(own_);
    announced_ = left != LineSource::Left::Nothing;
    if (left == LineSource::Left::NextSubject) announced_turn_ = next_turn_++;
    begin_own();
}

void Console::begin_dropped() {
    own_.clear();
    own_ << dropped_ << (dropped_ == 1 ? " line of its own was dropped" : " lines of its own were dropped");
    dropped_ = 0;
    begin_own();
}

/// The line in own_.
void Console::begin_own() {
    hide();
    push(own_mark);
    whose_ = Whose::Own;
    showing_ = own_.view();
}

Console::Step Console::show_piece() {
    push_spelt(showing_);
    return showing_.empty() ? end_line() : Step::Light;
}

Console::Step Console::end_line() {
    push(line_end);
    bool const vm = whose_ == Whose::Vm;
    whose_ = Whose::Nobody;
    after_line_ = true;
    stale_ = has_bottom();
    return vm && consume(*showing_port_) ? Step::Heavy : Step::Light;
}

/// There is room for it: a line is begun only if it fits.
void Console::finish_showing() {
    while (showing()) (void)show_piece();
}

/// What is no line of the log: the shell's work, or the bottom line.
Console::Step Console::make_aside() {
    if (answer_due_ && log_has_room()) {
        answer_due_ = commands_->step();
        return Step::Heavy;
    }
    if ((shell_busy_ || typed_ahead()) && log_has_room()) {
        step_shell();
        return Step::Heavy;
    }
    if (stale_) {
        paint();
        if (!stale_) return shown_ ? Step::Heavy : Step::Light;
    }
    return Step::Nothing;
}

/// A line of the answer; or, when it has ended, the keys that were typed meanwhile.
void Console::step_shell() {
    if (shell_busy_) {
        shell_busy_ = shell_->step();
        stale_ = has_bottom();
        return;
    }
    for (unsigned n = 0; n < drain_limit && typed_ahead() && !shell_busy_ && log_has_room(); ++n) {
        char const c = keys_.front();
        keys_.pop();
        shell_->key(c);
    }
}

// ---- The bottom line: an unfinished line of the focused VM, or the shell's prompt

void Console::end_prompt() {
    finish_showing();
    if (!shown_ || stale_) paint();
    if (shown_) push(line_end);
    shown_ = false;
}

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
    if (showing() || ring_.room() < paint_room) return;
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
    if (what.kind == Echo::Kind::Repaint || stale_ || showing() || ring_.room() < paint_room) {
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

void Console::push(std::string_view text) { ring_.push(text); }

/// As much of `text` as a piece may be, and leaves the rest. Runs of plain text, which is nearly all there is, go through a loop of
/// a few instructions a byte.
void Console::push_spelt(std::string_view& text) {
    constexpr unsigned price = 8;  // what a byte outside such a run costs, in plain bytes
    for (unsigned left = text_limit; !text.empty() && left != 0;) {
        auto const most = text.size() < left ? text.size() : left;
        std::size_t run = 0;
        while (run < most && text::printable_ascii(text[run])) ring_.push_into_room(text[run++]);
        text.remove_prefix(run);
        left -= static_cast<unsigned>(run);
        if (text.empty() || left == 0) return;
        auto const length = text::safe_length(text);
        auto const shown = text::first(text, length == 0 ? 1 : length);
        text::spell(shown, [&](char c) { ring_.push(c); });
        text.remove_prefix(shown.size());
        left -= left < price ? left : price;
    }
}

}  // namespace tiffin
