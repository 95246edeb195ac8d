#include "tool/debug/server.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "abi/debug.hpp"
#include "tool/debug/target_xml.hpp"

namespace tiffin::gdb {
namespace {

constexpr char const* ok = "OK";
constexpr char const* failed = "E01";  // gdb shows no difference between numbers
constexpr char const* not_understood = "";
constexpr std::uint64_t most_memory = 1024;  // bytes an answer holds; gdb then asks for the rest

/// In the order of target_xml().
constexpr unsigned first_vector = register_count + static_cast<unsigned>(std::size(system_registers)),
                   fpsr = first_vector + vector_registers, all_registers_count = fpsr + 2;

/// A register of gdb's, as the target counts words of 8 bytes.
struct Place {
    unsigned word, bytes;
};
constexpr Place place_of(unsigned number) {
    constexpr unsigned fp = abi::debug::first_fp_register, control = fp + 2 * vector_registers;
    if (number < first_vector) return {number, number == pstate ? 4u : 8u};
    if (number < fpsr) return {fp + 2 * (number - first_vector), 16};
    return {number == fpsr ? control + 1 : control, 4};
}

std::string little_endian(std::uint64_t value, unsigned bytes) {
    std::string text;
    for (unsigned i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
    return hex(text);
}

/// "name:offset,length": a piece of `whole`, with the letter that says whether more follows.
std::string piece_of(std::string_view whole, std::string_view text) {
    auto const offset = take_number(text);
    if (!offset || !take(text, ',')) return failed;
    auto const length = take_number(text);
    if (!length || *offset > whole.size()) return failed;
    auto const piece = whole.substr(*offset, *length);
    return fmt::format("{}{}", *offset + piece.size() < whole.size() ? 'm' : 'l', piece);
}

std::string features() {
    return fmt::format("PacketSize={:x};QStartNoAckMode+;qXfer:features:read+;vContSupported+;swbreak+;hwbreak+",
                       PacketReader::most - 16);
}

}  // namespace

std::string Server::feed(Text bytes) {
    std::string out;
    for (char const c : bytes) {
        if (over_) break;
        switch (reader_.feed(c)) {
            case PacketReader::Found::Nothing: break;
            case PacketReader::Found::Interrupt:
                if (!stopped_) target_->stop();
                break;
            case PacketReader::Found::Damaged:
                if (acknowledges_) out += '-';
                break;
            case PacketReader::Found::Packet:
                if (acknowledges_) out += '+';
                out += answer(reader_.payload());
                break;
        }
    }
    return out;
}

std::string Server::on_stop(Stop const& stop) {
    bool const was_running = !stopped_;
    stop_ = stop;
    if (stop_.vcpu >= target_->vcpus()) stop_.vcpu = 0;
    vcpu_ = stop_.vcpu;
    stopped_ = true;
    if (hung_up_ && !over_) return leave("");
    return was_running && !over_ ? packet(stop_reply()) : "";
}

/// gdb hears of it when it waits for a stop.
std::string Server::on_end(bool crashed) {
    ended_ = crashed ? "X06" : "W00";
    return stopped_ ? "" : leave(ended_);
}

/// Breakpoints can be taken out of a VM only while it stands still.
void Server::on_hang_up() {
    if (over_ || hung_up_) return;
    hung_up_ = true;
    if (stopped_)
        leave("");
    else
        target_->stop();
}

/// Continuing and stepping are answered by the stop that follows. gdb sends nothing else before it.
std::string Server::answer(Text p) {
    if (p.empty()) return packet(not_understood);
    if (!stopped_) return packet(failed);
    auto const rest = p.substr(1);
    switch (p.front()) {
        case '?': return packet(stop_reply());
        case 'g': return packet(all_registers());
        case 'G': return packet(set_all_registers(rest));
        case 'p': return packet(one_register(rest));
        case 'P': return packet(set_one_register(rest));
        case 'm': return packet(read_memory(rest));
        case 'M': return packet(write_memory(rest));
        case 'Z': return packet(point(rest, true));
        case 'z': return packet(point(rest, false));
        case 'H': return packet(choose_thread(rest));
        case 'T': {
            unsigned vcpu = 0;
            return packet(thread_of(rest, vcpu) ? ok : failed);
        }
        case 'c':
        case 's': return resume(p);
        case 'v': return resume_by_thread(rest);
        case 'q': return packet(query(rest));
        case 'Q':
            if (rest != "StartNoAckMode") return packet(not_understood);
            acknowledges_ = false;
            return packet(ok);
        case 'D': return leave(ok);
        case 'k': return leave("");
        default: return packet(not_understood);
    }
}

std::string Server::query(Text text) {
    constexpr Text xml = "Xfer:features:read:target.xml:";
    if (text.starts_with("Supported")) return features();
    if (text.starts_with(xml)) return piece_of(target_xml(), text.substr(xml.size()));
    if (text == "C") return fmt::format("QC{:x}", vcpu_ + 1);
    if (text == "fThreadInfo") return threads();
    if (text == "sThreadInfo") return "l";
    if (text == "Attached") return "1";  // so that `quit` detaches
    constexpr Text extra = "ThreadExtraInfo,";
    unsigned vcpu = 0;
    if (text.starts_with(extra) && thread_of(text.substr(extra.size()), vcpu)) return hex(fmt::format("vCPU {}", vcpu));
    return not_understood;
}

std::string Server::threads() const {
    std::string list = "m";
    for (unsigned i = 1; i <= target_->vcpus(); ++i) list += fmt::format("{}{:x}", i == 1 ? "" : ",", i);
    return list;
}

/// Threads count from 1; 0 is any, -1 all.
bool Server::thread_of(Text text, unsigned& vcpu) const {
    if (text == "-1" || text == "0") {
        vcpu = vcpu_;
        return true;
    }
    auto const id = take_number(text);
    if (!id || !text.empty() || *id == 0 || *id > target_->vcpus()) return false;
    vcpu = static_cast<unsigned>(*id - 1);
    return true;
}

std::string Server::choose_thread(Text text) {
    unsigned vcpu = 0;
    if (text.empty() || !thread_of(text.substr(1), vcpu)) return failed;
    vcpu_ = vcpu;
    return ok;
}

std::string Server::all_registers() {
    auto const values = target_->registers(vcpu_);
    if (!values) return failed;
    std::string text;
    for (unsigned n = 0; n < register_count; ++n) text += little_endian((*values)[n], place_of(n).bytes);
    return text;
}

std::string Server::set_all_registers(Text text) {
    for (unsigned n = 0; n < register_count; ++n) {
        auto const digits = text.substr(0, 2 * place_of(n).bytes);
        if (!set_register_from(digits, n)) return failed;
        text.remove_prefix(digits.size());
    }
    return text.empty() ? ok : failed;
}

bool Server::set_register_from(Text digits, unsigned number) {
    auto const bytes = bytes_of_hex(digits);
    auto const [word, size] = place_of(number);
    if (!bytes || bytes->size() != size) return false;
    for (unsigned at = 0; at < size; at += 8) {
        std::uint64_t value = 0;
        for (auto i = std::min(size, at + 8); i-- != at;) value = value << 8 | static_cast<std::uint8_t>((*bytes)[i]);
        if (!target_->set_register(vcpu_, word + at / 8, value)) return false;
    }
    return true;
}

std::string Server::one_register(Text text) {
    auto const number = take_number(text);
    if (!number || !text.empty() || *number >= all_registers_count) return failed;
    auto const [word, size] = place_of(static_cast<unsigned>(*number));
    std::string value_text;
    for (unsigned at = 0; at < size; at += 8) {
        auto const value = target_->one_register(vcpu_, word + at / 8);
        if (!value) return failed;
        value_text += little_endian(*value, std::min(size - at, 8u));
    }
    return value_text;
}

std::string Server::set_one_register(Text text) {
    auto const number = take_number(text);
    if (!number || *number >= all_registers_count || !take(text, '=')) return failed;
    return set_register_from(text, static_cast<unsigned>(*number)) ? ok : failed;
}

std::string Server::read_memory(Text text) {
    auto const at = take_number(text);
    if (!at || !take(text, ',')) return failed;
    auto const size = take_number(text);
    if (!size || !text.empty()) return failed;
    auto bytes = target_->read(vcpu_, *at, std::min(*size, most_memory));
    if (!bytes) return failed;
    points_.hide(*at, *bytes);
    return hex(*bytes);
}

std::string Server::write_memory(Text text) {
    auto const at = take_number(text);
    if (!at || !take(text, ',')) return failed;
    auto const size = take_number(text);
    if (!size || !take(text, ':')) return failed;
    auto bytes = bytes_of_hex(text);
    if (!bytes || bytes->size() != *size) return failed;
    points_.keep(*at, *bytes);
    return target_->write(vcpu_, *at, *bytes) ? ok : failed;
}

/// "type,address,size"; conditions, which follow a ';', are gdb's to judge.
std::string Server::point(Text text, bool set) {
    auto const type = take_number(text);
    if (!type || !take(text, ',')) return failed;
    auto const at = take_number(text);
    if (!at || !take(text, ',')) return failed;
    auto const size = take_number(text);
    if (!size) return failed;
    if (*type > static_cast<unsigned>(PointType::Access)) return not_understood;
    auto const point = static_cast<PointType>(*type);
    return (set ? points_.set(vcpu_, point, *at, *size) : points_.clear(vcpu_, point, *at, *size)) ? ok : failed;
}

/// c or s, with the address at which to go on.
std::string Server::resume(Text p) {
    bool const step = take(p, 's');
    if (!step) take(p, 'c');
    if (!p.empty()) {
        auto const at = take_number(p);
        if (!at || !p.empty() || !target_->set_register(vcpu_, pc, *at)) return packet(failed);
    }
    return run(step, vcpu_);
}

/// "Cont;s:1;c": the first action that names a vCPU to step wins, and with it only that one moves.
std::string Server::resume_by_thread(Text text) {
    if (text == "Cont?") return packet("vCont;c;C;s;S");
    if (!text.starts_with("Cont;")) return packet(not_understood);
    text.remove_prefix(5);
    if (text.empty()) return packet(failed);
    while (!text.empty()) {
        auto const action = text.substr(0, text.find(';'));
        text.remove_prefix(std::min(text.size(), action.size() + 1));
        if (!action.starts_with('s') && !action.starts_with('S')) continue;
        auto const colon = action.find(':');
        unsigned vcpu = vcpu_;
        if (colon != action.npos && !thread_of(action.substr(colon + 1), vcpu)) return packet(failed);
        return run(true, vcpu);
    }
    return run(false, 0);
}

std::string Server::run(bool step, unsigned vcpu) {
    if (ended_ != nullptr) return leave(ended_);
    stopped_ = false;
    if (step)
        target_->step(vcpu);
    else
        target_->go_on();
    return "";
}

std::string Server::stop_reply() const {
    auto const thread = fmt::format("thread:{:x};", stop_.vcpu + 1);
    switch (stop_.why) {
        case Stop::Why::Asked: return "T02" + thread;
        case Stop::Why::Step: return "T05" + thread;
        case Stop::Why::Breakpoint: break;
        case Stop::Why::Watchpoint: {
            auto const hit = points_.watch_at(stop_.address);
            return hit.name != nullptr ? fmt::format("T05{}{}:{:x};", thread, hit.name, hit.at) : "T05" + thread;
        }
    }
    auto const values = target_->registers(stop_.vcpu);
    bool const software = values && points_.software_at((*values)[pc]);
    return fmt::format("T05{}{}:;", thread, software ? "swbreak" : "hwbreak");
}

std::string Server::leave(char const* word) {
    if (over_) return "";
    points_.clear_all(vcpu_);
    target_->leave();
    over_ = true;
    return *word != '\0' ? packet(word) : "";
}

}  // namespace tiffin::gdb
