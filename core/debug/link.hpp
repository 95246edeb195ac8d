// The commands by which `tiffin debug` drives a Session over the console's UART: one line there, one line back, all numbers in hex.
// They are for a program, and so short; docs/debugging.md has the table.
#pragma once
#include <cstddef>
#include <string_view>

#include "core/console/console.hpp"

namespace tiffin::debug {

class Link final : public CommandListener {
public:
    explicit Link(Console& console) : console_{&console} {}

    void command(std::string_view text) override;
    bool step() override;

private:
    Console* console_;
    std::string_view command_;  // in the console's buffer until the next one comes
    bool due_{false};
};

}  // namespace tiffin::debug
