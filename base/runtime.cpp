// The functions that a freestanding compiler may call on its own (GCC manual, "Language Standards Supported by GCC"), for EL2 and
// guests. By words where both ends are aligned: memory may still be Device memory, which allows nothing else.
#include <cstddef>
#include <cstdint>

namespace {

using Word = std::uint64_t __attribute__((may_alias));

bool word_aligned(void const* a, void const* b) {
    return ((reinterpret_cast<std::uintptr_t>(a) | reinterpret_cast<std::uintptr_t>(b)) & 7) == 0;
}

constexpr std::size_t round_words = 16, round_bytes = 8 * round_words;

/// Two words an instruction (LDP, STP). Both ends aligned.
void copy_round(std::uint8_t* to, std::uint8_t const* from) {
    auto const* const s = reinterpret_cast<Word const*>(from);
    auto* const t = reinterpret_cast<Word*>(to);
    Word w[round_words];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < round_words; ++i) w[i] = s[i];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < round_words; ++i) t[i] = w[i];
}

void fill_round(std::uint8_t* to, Word pattern) {
    auto* const t = reinterpret_cast<Word*>(to);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < round_words; ++i) t[i] = pattern;
}

/// Keeps the compiler from turning the loop around it into a call of the function that it implements.
void no_idiom() { asm volatile("" ::: "memory"); }

}  // namespace

extern "C" {

void* memset(void* to, int value, std::size_t size) {
    auto* byte = static_cast<std::uint8_t*>(to);
    if (word_aligned(to, to)) {
        auto const pattern = 0x0101'0101'0101'0101u * static_cast<std::uint8_t>(value);
        for (; size >= round_bytes; size -= round_bytes, byte += round_bytes) fill_round(byte, pattern), no_idiom();
        for (; size >= 8; size -= 8, byte += 8) {
            *reinterpret_cast<Word*>(byte) = pattern;
            no_idiom();
        }
    }
    for (; size != 0; --size) {
        *byte++ = static_cast<std::uint8_t>(value);
        no_idiom();
    }
    return to;
}

void* memcpy(void* __restrict to, void const* __restrict from, std::size_t size) {
    auto* target = static_cast<std::uint8_t*>(to);
    auto const* source = static_cast<std::uint8_t const*>(from);
    if (word_aligned(to, from)) {
        for (; size >= round_bytes; size -= round_bytes, target += round_bytes, source += round_bytes)
            copy_round(target, source), no_idiom();
        for (; size >= 8; size -= 8, target += 8, source += 8) {
            *reinterpret_cast<Word*>(target) = *reinterpret_cast<Word const*>(source);
            no_idiom();
        }
    }
    for (; size != 0; --size) {
        *target++ = *source++;
        no_idiom();
    }
    return to;
}

void* memmove(void* to, void const* from, std::size_t size) {
    // Behind it by at least `size`, or (the difference wraps) before it: forwards does no harm.
    if (reinterpret_cast<std::uintptr_t>(to) - reinterpret_cast<std::uintptr_t>(from) >= size) return memcpy(to, from, size);
    auto* target = static_cast<std::uint8_t*>(to);
    auto const* source = static_cast<std::uint8_t const*>(from);
    while (size-- != 0) {
        target[size] = source[size];
        no_idiom();
    }
    return to;
}

int memcmp(void const* left, void const* right, std::size_t size) {
    auto const* a = static_cast<std::uint8_t const*>(left);
    auto const* b = static_cast<std::uint8_t const*>(right);
    for (; size-- != 0; ++a, ++b) {
        if (*a != *b) return *a - *b;
        no_idiom();
    }
    return 0;
}

void* memchr(void const* in, int value, std::size_t size) {
    auto const* byte = static_cast<std::uint8_t const*>(in);
    for (; size-- != 0; ++byte) {
        if (*byte == static_cast<std::uint8_t>(value)) return const_cast<std::uint8_t*>(byte);
        no_idiom();
    }
    return nullptr;
}

std::size_t strlen(char const* text) {
    auto const* end = text;
    while (*end != 0) {
        ++end;
        no_idiom();
    }
    return static_cast<std::size_t>(end - text);
}

// A vtable's slot for a pure virtual function; nothing ever calls it.
[[noreturn]] void __cxa_pure_virtual() { __builtin_trap(); }
}
