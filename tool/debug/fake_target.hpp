// A VM of two vCPUs and 64 bytes, for tests.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "abi/debug.hpp"
#include "tool/debug/target.hpp"
#include "tool/debug/target_xml.hpp"

namespace tiffin::gdb {

class FakeTarget final : public Target {
public:
    static constexpr std::uint64_t base = 0x4000'0000;

    [[nodiscard]] unsigned vcpus() const override { return 2; }
    [[nodiscard]] unsigned slots(Kind kind) const override { return kind == Kind::Break ? 2 : 1; }

    std::optional<Registers> registers(unsigned vcpu) override { return values[vcpu]; }
    std::optional<std::uint64_t> one_register(unsigned vcpu, unsigned number) override {
        return number < register_count ? values[vcpu][number] : other_values.at(number - register_count);
    }
    bool set_register(unsigned vcpu, unsigned number, std::uint64_t value) override {
        (number < register_count ? values[vcpu][number] : other_values.at(number - register_count)) = value;
        return true;
    }
    std::optional<std::string> read(unsigned, std::uint64_t at, std::uint64_t size) override {
        if (!holds(at, size)) return std::nullopt;
        return memory.substr(at - base, size);
    }
    bool write(unsigned, std::uint64_t at, std::string_view bytes) override {
        if (!holds(at, bytes.size())) return false;
        memory.replace(at - base, bytes.size(), bytes);
        return true;
    }
    bool set_slot(Kind kind, unsigned slot, std::uint64_t address, std::uint64_t control) override {
        slot_values[kind == Kind::Break ? slot : 2] = {address, control};
        return true;
    }

    void stop() override { done += "stop "; }
    void go_on() override { done += "go "; }
    void step(unsigned vcpu) override { done += "step" + std::to_string(vcpu) + ' '; }
    void leave() override { done += "leave "; }

    struct Slot {
        std::uint64_t address{0}, control{0};
    };
    Registers values[2]{};
    std::array<std::uint64_t, abi::debug::first_fp_register + 66 - register_count> other_values{};
    std::string memory = std::string(64, '\x11');
    Slot slot_values[3];  // two breakpoints, one watchpoint
    std::string done;     // in order

private:
    static bool holds(std::uint64_t at, std::uint64_t size) { return at >= base && at - base <= 64 && size <= 64 - (at - base); }
};

}  // namespace tiffin::gdb
