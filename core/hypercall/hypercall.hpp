// HVC: SMCCC services for guests, PSCI, TRNG, and Tiffin's own table of hypercalls (abi/hypercalls.hpp).
#pragma once
#include <cstdint>

#include "abi/hypercalls.hpp"
#include "armv8/smccc.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::hypercall {

/// Carries out the call whose function identifier is in w0, if it is not one of Tiffin's own. Results go to x0..x3; unknown
/// functions give NOT_SUPPORTED.
void dispatch(Vcpu& v);

/// PSCI (DEN 0022). False: not a PSCI function.
bool psci(Vcpu& v, std::uint32_t function);
/// Is `function` one that psci() carries out?
bool is_psci(std::uint32_t function);
/// TRNG firmware interface (DEN 0098). False: not one of its functions.
bool trng(Vcpu& v, std::uint32_t function);
/// Paravirtualised time (DEN 0057). False: not one of its functions.
bool pv_time(Vcpu& v, std::uint32_t function);
/// Tiffin's own (abi/hypercalls.hpp), by number. True: leave through sched::switch_vcpu.
using OwnCall = bool (*)(Vcpu&);
#define X(number, name, arguments, text) +1
inline constexpr std::uint32_t own_call_count = TIFFIN_HYPERCALLS(X);
#undef X
extern OwnCall const own_calls[own_call_count];

}  // namespace tiffin::hypercall
