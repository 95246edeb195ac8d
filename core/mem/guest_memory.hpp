// How EL2 reaches what a guest has in its RAM: page by page, by the guest's own addresses, checked at each step. Only RAM counts:
// devices and shared windows are nothing here.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/addr.hpp"

namespace tiffin {

struct Vm;

/// What an access finds at a guest address, up to the end of its page, or of RAM where that is one piece.
struct Reached {
    std::byte* at{nullptr};   // nullptr: not the VM's RAM
    std::uint64_t bytes{0};   // that lie there
    bool still_image{false};  // a page of the boot image, which the VM has not written: to be read only
};

/// Looks up `at`.
Reached reach(Vm& vm, Ipa at);
/// The same for writing: a page that is still the image's becomes the VM's own first, which takes as long as copying it.
Reached reach_to_write(Vm& vm, Ipa at);

/// [at, + size) in one piece, if all of it is RAM of the VM's own that it may change; else nullptr.
std::byte* private_piece(Vm& vm, Ipa at, std::uint64_t size);

/// Copies between the memories of two VMs. Once it has had to make a page the target's own, which is most of what a path at EL2 may take,
/// it copies a few bytes, so that it gets on, and nothing further.
class Copier {
public:
    /// Returns the bytes copied: fewer than asked where a range leaves RAM, and where it has done enough.
    std::uint64_t copy(Vm& to, Ipa to_at, Vm& from, Ipa from_at, std::uint64_t bytes);

private:
    bool enough_{false};
};

/// Reads `size` bytes (at most a page) once, into EL2's own copy. False if they are not all in RAM.
bool read_once(Vm& vm, Ipa at, void* into, std::uint64_t size);

}  // namespace tiffin
