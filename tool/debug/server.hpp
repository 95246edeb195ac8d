// gdb's remote protocol for one VM: a vCPU is a thread, and the whole VM stops and goes on at once ("all-stop").
// Source: GDB manual, appendix "GDB Remote Serial Protocol"; "AArch64 Features" for the target description.
#pragma once
#include <string>
#include <string_view>

#include "tool/debug/packet.hpp"
#include "tool/debug/points.hpp"
#include "tool/debug/target.hpp"

namespace tiffin::gdb {

class Server {
public:
    /// The VM is stopped.
    explicit Server(Target& target) : target_{&target}, points_{target} {}

    /// Takes bytes from gdb; gives bytes for gdb.
    std::string feed(std::string_view bytes);
    /// The VM has stopped: bytes for gdb.
    std::string on_stop(Stop const& stop);
    /// The VM has stopped for good, or crashed: bytes for gdb.
    std::string on_end(bool crashed);
    /// gdb has gone without a word: the VM goes on as after `detach`.
    void on_hang_up();

    /// gdb has detached, or killed what it can't kill: the connection ends.
    [[nodiscard]] bool over() const { return over_; }

private:
    using Text = std::string_view;

    std::string answer(Text payload);
    std::string query(Text text);
    std::string threads() const;
    std::string choose_thread(Text text);
    std::string all_registers();
    std::string set_all_registers(Text text);
    std::string one_register(Text text);
    std::string set_one_register(Text text);
    std::string read_memory(Text text);
    std::string write_memory(Text text);
    std::string point(Text text, bool set);
    std::string resume(Text text);
    std::string resume_by_thread(Text text);
    std::string run(bool step, unsigned vcpu);
    std::string stop_reply() const;
    std::string leave(char const* word);
    bool set_register_from(Text digits, unsigned number);
    bool thread_of(Text text, unsigned& vcpu) const;

    Target* target_;
    Points points_;
    PacketReader reader_;
    Stop stop_{};
    char const* ended_{nullptr};  // what gdb will be told
    unsigned vcpu_{0};            // that g, m and so on are about
    bool stopped_{true}, acknowledges_{true}, over_{false}, hung_up_{false};
};

}  // namespace tiffin::gdb
