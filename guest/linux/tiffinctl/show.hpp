// What is known of VMs, as text for people and as JSON for programs.
#pragma once
#include <span>
#include <string>

#include "guest/linux/tiffinctl/managed.hpp"

namespace tiffin::ctl {

std::string table(std::span<Facts const> vms);
std::string sentence(Facts const& vm);
std::string json(std::span<Facts const> vms);
std::string json(Facts const& vm);
/// `text` in quotes, with what JSON wants escaped (RFC 8259, 7).
std::string quoted(std::string_view text);

}  // namespace tiffin::ctl
