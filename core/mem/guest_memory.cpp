#include "core/mem/guest_memory.hpp"

#include <algorithm>

#include "core/arch.hpp"
#include "core/smp/guard.hpp"
#include "core/vm/vm.hpp"

namespace tiffin {
namespace {

std::byte* pointer(Pa at) { return reinterpret_cast<std::byte*>(at.raw()); }

bool is_ram(Vm const& vm, Ipa at, std::uint64_t size) { return contains(Ipa{vm.record->ram_ipa}, vm.record->ram_size, at, size); }

Ipa ram_end(Vm const& vm) { return Ipa{vm.record->ram_ipa} + vm.record->ram_size; }

constexpr std::uint64_t block_size = armv8::geometry::span(armv8::geometry::last_level - 1);

/// Bytes that a call still copies once it has had to copy a page first.
constexpr std::uint64_t little = 256;

Pa private_address(Vm const& vm, Ipa at) { return Pa{vm.record->ram_pa + (at.raw() - vm.record->ram_ipa)}; }

}  // namespace

Reached reach(Vm& vm, Ipa at) {
    if (!is_ram(vm, at, 1)) return {};
    if (vm.stage2.all_private()) return {.at = pointer(private_address(vm, at)), .bytes = ram_end(vm) - at};
    if (vm.stage2.in_block(at)) {
        auto const end = at.align_down(block_size) + block_size;
        return {.at = pointer(private_address(vm, at)), .bytes = std::min(end - at, ram_end(vm) - at)};
    }
    VmGuard const guard{vm};  // its own vCPUs may be copying the page
    auto const page = at.align_down(page_size);
    auto const within = at - page;
    auto const original = vm.stage2.image_page(page);
    Pa const from = original.value_or(private_address(vm, page));
    return {.at = pointer(from + within), .bytes = page_size - within, .still_image = original.has_value()};
}

Reached reach_to_write(Vm& vm, Ipa at) {
    auto const found = reach(vm, at);
    if (!found.still_image) return found;
    VmGuard const guard{vm};
    vm.stage2.copy_on_write(vm, at);
    return {.at = pointer(private_address(vm, at)), .bytes = found.bytes};
}

std::byte* private_piece(Vm& vm, Ipa at, std::uint64_t size) {
    if (size == 0 || !is_ram(vm, at, size)) return nullptr;
    VmGuard const guard{vm};
    for (auto page = at.align_down(page_size); page < at + size; page = page + page_size)
        if (vm.stage2.image_page(page)) return nullptr;
    return pointer(private_address(vm, at));
}

std::uint64_t Copier::copy(Vm& to, Ipa to_at, Vm& from, Ipa from_at, std::uint64_t bytes) {
    std::uint64_t done = 0;
    while (done < bytes && !enough_) {
        auto const source = reach(from, from_at + done);
        auto target = reach(to, to_at + done);
        if (source.at == nullptr || target.at == nullptr) break;
        if (target.still_image) {
            if (done != 0) break;  // its page comes first, another time
            target = reach_to_write(to, to_at);
            enough_ = true;
            bytes = std::min(bytes, little);
        }
        auto const piece = std::min({bytes - done, source.bytes, target.bytes});
        arch::copy_bytes(target.at, source.at, piece);
        done += piece;
    }
    return done;
}

bool read_once(Vm& vm, Ipa at, void* into, std::uint64_t size) {
    auto* to = static_cast<std::byte*>(into);
    while (size != 0) {
        auto const source = reach(vm, at);
        if (source.at == nullptr) return false;
        auto const piece = std::min(size, source.bytes);
        arch::copy_bytes(to, source.at, piece);
        to += piece, at = at + piece, size -= piece;
    }
    return true;
}

}  // namespace tiffin
