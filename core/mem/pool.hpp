// Memory for what is allocated at boot. It only grows, and is sealed before the first guest runs.
#pragma once
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

#include "base/addr.hpp"
#include "base/result.hpp"

namespace tiffin {

class Pool {
public:
    Pool() = default;
    Pool(Pa base, std::uint64_t size) : base_{base}, size_{size} {}

    /// Zeroed memory. The plan's pool_bytes was computed for exactly what boot asks for, so running out is our bug.
    Pa take(std::uint64_t size, std::uint64_t alignment) {
        TIFFIN_INVARIANT(!sealed_);
        auto const inside = aligned(hole_, alignment);
        if (inside <= hole_end_ && size <= hole_end_ - inside) {
            hole_ = inside + size;
            return zeroed(inside, size);
        }
        auto const at = aligned(used_, alignment);
        TIFFIN_INVARIANT(at <= size_ && size <= size_ - at);
        if (at - used_ > hole_end_ - hole_) hole_ = used_, hole_end_ = at;
        used_ = at + size;
        return zeroed(at, size);
    }
    template <class T>
    std::span<T> array(std::size_t count) {
        constexpr std::size_t bytes = sizeof(T);
        auto* const first = reinterpret_cast<T*>(take(align_up(count * bytes, 8), alignof(T) < 8 ? 8 : alignof(T)).raw());
        for (std::size_t i = 0; i < count; ++i) ::new (static_cast<void*>(first + i)) T{};
        return {first, count};
    }
    template <class T, class... Args>
    T* make(Args&&... args) {
        return ::new (reinterpret_cast<void*>(take(align_up(sizeof(T), 8), alignof(T) < 8 ? 8 : alignof(T)).raw()))
            T{static_cast<Args&&>(args)...};
    }
    void seal() { sealed_ = true; }
    [[nodiscard]] std::uint64_t used() const { return used_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }

private:
    [[nodiscard]] std::uint64_t aligned(std::uint64_t at, std::uint64_t alignment) const {
        return align_up(base_.raw() + at, alignment) - base_.raw();
    }
    Pa zeroed(std::uint64_t at, std::uint64_t size) {
        auto* const words = reinterpret_cast<std::uint64_t*>(base_.raw() + at);
        for (std::uint64_t i = 0; i < size / 8; ++i) words[i] = 0;
        return base_ + at;
    }

    Pa base_{0};
    std::uint64_t size_{0}, used_{0};
    std::uint64_t hole_{0}, hole_end_{0};  // the largest that alignment has left so far: small things go there
    bool sealed_{false};
};

}  // namespace tiffin
