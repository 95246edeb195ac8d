// A VM as the hypervisor lets a debugger see it: the commands of core/debug/link.cpp, made and understood.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tool/debug/target.hpp"

namespace tiffin::gdb {

/// "debug: ! VCPU CLASS ADDRESS": why the VM stands still.
std::optional<Stop> parse_stop(std::string_view line);

class VmTarget final : public Target {
public:
    /// Sends a command and waits for its answer: what follows "debug: =". Nothing: the machine is gone.
    using Ask = std::function<std::optional<std::string>(std::string const& command)>;

    /// For VM number `vm` of the plan.
    VmTarget(unsigned vm, Ask ask) : vm_{vm}, ask_{std::move(ask)} {}

    /// Stops it, and learns what it has. False if the hypervisor refuses. First of all.
    bool attach();

    [[nodiscard]] unsigned vcpus() const override { return vcpus_; }
    [[nodiscard]] unsigned slots(Kind kind) const override { return kind == Kind::Break ? breakpoints_ : watchpoints_; }

    std::optional<Registers> registers(unsigned vcpu) override;
    std::optional<std::uint64_t> one_register(unsigned vcpu, unsigned number) override;
    bool set_register(unsigned vcpu, unsigned number, std::uint64_t value) override;
    /// As much as can be read, if that is anything.
    std::optional<std::string> read(unsigned vcpu, std::uint64_t at, std::uint64_t size) override;
    bool write(unsigned vcpu, std::uint64_t at, std::string_view bytes) override;
    bool set_slot(Kind kind, unsigned slot, std::uint64_t address, std::uint64_t control) override;

    void stop() override { asked_to_stop_ = done("p"); }
    void go_on() override { done("c"); }
    void step(unsigned vcpu) override;
    void leave() override { done("z"); }

    /// Whether stop() has stopped it since the last call.
    bool has_stopped() { return std::exchange(asked_to_stop_, false); }

private:
    bool done(std::string const& command) { return ask_(command) == ""; }
    std::optional<std::vector<std::uint64_t>> registers_from(unsigned vcpu, unsigned first);

    unsigned vm_;
    Ask ask_;
    unsigned vcpus_{1}, breakpoints_{0}, watchpoints_{0};
    bool asked_to_stop_{false};
};

}  // namespace tiffin::gdb
