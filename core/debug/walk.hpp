// A guest's stage 1, walked in software: its vCPU is not loaded, so no AT instruction can be asked.
#pragma once
#include <optional>

#include "base/addr.hpp"

namespace tiffin {
struct Vcpu;

namespace debug {

/// The guest-physical address behind `at`, whatever its permissions; nothing if it has none. At most four tables are read.
std::optional<Ipa> walk(Vcpu& v, Gva at);

}  // namespace debug
}  // namespace tiffin
