// The calls with which a VM serves virtio devices of others: abi/serve.hpp says what they mean.
#pragma once
#include <cstdint>

namespace tiffin {
struct Vcpu;
}

namespace tiffin::hypercall {

/// Each takes its arguments from x1 on, and returns x0.
std::uint64_t serve_start(Vcpu& v);
std::uint64_t serve_next(Vcpu& v);
std::uint64_t serve_read(Vcpu& v);
std::uint64_t serve_write(Vcpu& v);
std::uint64_t serve_complete(Vcpu& v);
std::uint64_t serve_news(Vcpu& v);
std::uint64_t serve_info(Vcpu& v);
std::uint64_t serve_config(Vcpu& v);
std::uint64_t serve_attach(Vcpu& v);
std::uint64_t serve_detach(Vcpu& v);
std::uint64_t serve_look(Vcpu& v);
std::uint64_t serve_attached(Vcpu& v);

}  // namespace tiffin::hypercall
