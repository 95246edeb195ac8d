#include "core/console/shell.hpp"

#include <algorithm>

#include "core/console/base64.hpp"
#include "core/console/format.hpp"

namespace tiffin {

constinit Shell::Command const Shell::commands[] = {
    {"help", "", "this list", &Shell::answer_help},
    {"list", "", "every VM: state, core, policy, share of the machine, wake-ups", &Shell::answer_list},
    {"stats", "[NAME]", "time, idle share; of one VM: time, wake-ups, traps, waiting, budget", &Shell::answer_stats},
    {"focus", "NAME", "gives keys to a VM (Ctrl-] s comes back)", &Shell::answer_focus},
    {"console", "NAME", "the same as focus", &Shell::answer_focus},
    {"start", "NAME", "starts a VM that is off, stopped or crashed", &Shell::answer_manage<abi::manage::Action::Start>},
    {"stop", "NAME", "stops a VM", &Shell::answer_manage<abi::manage::Action::Stop>},
    {"restart", "NAME", "starts a VM anew, from its pristine image", &Shell::answer_manage<abi::manage::Action::Restart>},
    {"pause", "NAME", "takes a VM off its cores", &Shell::answer_manage<abi::manage::Action::Pause>},
    {"resume", "NAME", "lets it go on", &Shell::answer_manage<abi::manage::Action::Resume>},
    {"trace", "", "the trace so far, for `tiffin trace --from-console`", &Shell::answer_trace},
    {"colours", "on|off", "colours for the names before the lines", &Shell::answer_colours},
};
std::size_t const Shell::command_count = sizeof commands / sizeof commands[0];

namespace {

std::string_view next_word(std::string_view& rest) {
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    auto const word = text::first(rest, rest.find(' '));
    rest.remove_prefix(word.size());
    return word;
}

}  // namespace

// ---- Typing

void Shell::key(char c) {
    if (skip_escape_sequence(c)) return;
    if (c == '\r' || c == '\n') {
        console_->end_prompt();
        run(typed());
        size_ = 0;
    } else {
        type(c);
    }
    console_->shell_changed();
}

void Shell::type(char c) {
    constexpr char backspace = '\b', del = '\x7f', ctrl_c = '\x03', ctrl_u = '\x15';
    if ((c == backspace || c == del) && size_ > 0) --size_;
    if (c == ctrl_c || c == ctrl_u) size_ = 0;
    if (text::printable_ascii(c) && size_ < sizeof typed_) typed_[size_++] = c;
}

/// Arrow and function keys: ESC [ ... final, or ESC O final. They do nothing here, and must not be typed as text.
bool Shell::skip_escape_sequence(char c) {
    switch (escape_) {
        case Escape::None:
            if (c != '\x1b') return false;
            escape_ = Escape::Begun;
            return true;
        case Escape::Begun: escape_ = c == '[' || c == 'O' ? Escape::Parameters : Escape::None; return true;
        case Escape::Parameters:
            if (text::byte(c) >= 0x40 || text::byte(c) < 0x20) escape_ = Escape::None;
            return true;
    }
    __builtin_unreachable();
}

// ---- Commands

Shell::Command const* Shell::find(std::string_view name) {
    for (auto const& command : commands) {
        if (command.name == name) return &command;
    }
    return nullptr;
}

void Shell::run(std::string_view line) {
    std::size_t const count = line.size() < sizeof said_ ? line.size() : sizeof said_;
    for (std::size_t i = 0; i < count; ++i) said_[i] = line[i];
    std::string_view rest{said_, count};
    auto const name = next_word(rest);
    if (name.empty()) return;
    argument_ = next_word(rest);
    auto const* command = find(name);
    if (command == nullptr)
        return console_->log(Line{} << "no command \"" << text::first(name, 32) << "\"; help lists what there is");
    answer_ = command->answer;
    index_ = 0;
    named_ = 0;
    looking_ = !argument_.empty() && command->arguments.find("NAME") != std::string_view::npos;
    console_->shell_has_answer();
}

bool Shell::step() {
    if (looking_) return look_for_name(), true;
    if (answer_ != nullptr && (this->*answer_)(index_++)) return true;
    answer_ = nullptr;
    return false;
}

/// Some of the VMs: a step of a machine with 1,024 of them is no longer than of one with ten.
void Shell::look_for_name() {
    constexpr std::uint32_t names_a_step = 8;
    auto const end = std::min(named_ + names_a_step, host_->vm_count());
    while (named_ < end && host_->name(named_) != argument_) ++named_;
    looking_ = named_ == end && end < host_->vm_count();
}

bool Shell::answer_help(std::uint32_t index) {
    auto const& command = commands[index];
    console_->log((Line{} << "  " << command.name << ' ' << command.arguments).tab(20) << command.help);
    return index + 1 < command_count;
}

/// Line 0 is the heading.
bool Shell::answer_list(std::uint32_t index) {
    Line line;
    if (index == 0) {
        console_->log((((((line << "VM").tab(32) << "state").tab(42) << "core").tab(48) << "policy").tab(62) << "share").tab(70)
                      << "wake-ups");
        return host_->vm_count() > 0;
    }
    auto const vm = host_->vm(index - 1);
    auto const share = per_mille(vm.run_ticks);
    (((line << vm.name).tab(32) << vm.state).tab(42) << vm.core).tab(48) << vm.policy << ' ' << vm.level;
    line.tab(60).right(share / 10, 3) << '.' << share % 10 << '%';
    line.right(vm.wake_ups, 12);
    console_->log(line);
    return index < host_->vm_count();
}

bool Shell::answer_stats(std::uint32_t index) {
    if (argument_.empty()) return machine_stats(), false;
    return knows_name() && vm_stats(host_->vm(named_), index);
}

/// If it does not, it says so.
bool Shell::knows_name() {
    if (!argument_.empty() && named_ < host_->vm_count()) return true;
    console_->log(Line{} << "no VM \"" << text::first(argument_, 32) << "\"; list shows them");
    return false;
}

void Shell::machine_stats() {
    auto const idle = per_mille(host_->idle_ticks());
    console_->log(Line{} << milliseconds(host_->total_ticks()) << " ms since boot, idle " << idle / 10 << '.' << idle % 10
                         << "%, " << host_->vm_count() << " VMs, counter at " << host_->frequency() << " Hz");
}

/// One line for each `index`. Of its contract only where there is one.
bool Shell::vm_stats(VmRow const& vm, std::uint32_t index) {
    Line line;
    if (index == 0) {
        auto const share = per_mille(vm.run_ticks);
        line << vm.name << ": " << vm.state << ", ran " << milliseconds(vm.run_ticks) << " ms (" << share / 10 << '.'
             << share % 10 << "%), " << vm.wake_ups << " wake-ups, " << vm.traps << " traps, " << vm.switches << " switches";
    } else if (index == 1) {
        line << "  waited for a core " << milliseconds(vm.ready_ticks) << " ms, asleep or off " << milliseconds(vm.asleep_ticks)
             << " ms";
    } else {
        line << "  worst response " << microseconds(vm.worst_response) << " us, " << vm.late << " late, ";
        if (vm.has_budget) {
            line << "budget used up " << vm.overruns << " times";
        } else {
            line << "no budget";
        }
    }
    console_->log(line);
    return index == 0 || (index == 1 && vm.policy == "fixed");
}

bool Shell::answer_focus(std::uint32_t) {
    if (!knows_name()) return false;
    auto const vm = host_->vm(named_);
    if (vm.console == nullptr) {
        console_->log(Line{} << vm.name << " has no console");
    } else {
        console_->focus(vm.console);
    }
    return false;
}

bool Shell::answer_colours(std::uint32_t) {
    if (argument_ == "on" || argument_ == "off") {
        console_->set_colours(argument_ == "on");
    } else {
        console_->log("colours on, or colours off");
    }
    return false;
}

/// 24 bytes a line: it is a path of EL2. The trace is held meanwhile, for it would be full of its own printing.
bool Shell::answer_trace(std::uint32_t index) {
    constexpr std::size_t bytes_a_line = 24;
    if (index == 0) {
        trace_part_ = 0, trace_at_ = 0;
        if (host_->trace_part(0).empty()) {
            console_->log("no trace is kept; the description's options: {trace: 1 MiB} asks for one");
            return false;
        }
        host_->hold_trace(true);
    }
    auto const part = host_->trace_part(trace_part_);
    if (part.empty()) {
        host_->hold_trace(false);
        console_->log("trace end");
        return false;
    }
    auto const rest = part.subspan(trace_at_);
    Line line;
    line << "trace " << trace_part_ << ' ' << Hex{trace_at_, 8} << ' ';
    console_->log(add_base64(line, rest.first(rest.size() < bytes_a_line ? rest.size() : bytes_a_line)));
    trace_at_ += bytes_a_line;
    if (trace_at_ >= part.size()) ++trace_part_, trace_at_ = 0;
    return true;
}

bool Shell::manage(abi::manage::Action action) {
    if (!knows_name() || host_->manage(named_, action)) return false;
    auto const vm = host_->vm(named_);
    console_->log(Line{} << vm.name << " is " << vm.state << ": there is nothing to do");
    return false;
}

/// Split, so that years of ticks at 1 GHz do not overflow.
std::uint64_t Shell::milliseconds(std::uint64_t ticks) const {
    auto const frequency = host_->frequency();
    return ticks / frequency * 1000 + ticks % frequency * 1000 / frequency;
}

std::uint64_t Shell::microseconds(std::uint64_t ticks) const {
    auto const frequency = host_->frequency();
    return ticks / frequency * 1'000'000 + ticks % frequency * 1'000'000 / frequency;
}

std::uint64_t Shell::per_mille(std::uint64_t ticks) const {
    auto const unit = host_->total_ticks() / 1000;
    return unit == 0 ? 0 : ticks / unit;
}

}  // namespace tiffin
