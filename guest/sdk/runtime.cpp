// The functions that a freestanding GCC or Clang may call on its own (GCC manual, "Language Standards Supported by GCC").
#include <cstddef>
#include <cstdint>

extern "C" {

void* memset(void* to, int value, std::size_t size) {
    auto* byte = static_cast<std::uint8_t volatile*>(to);  // volatile: or the loop becomes a call of memset
    while (size-- != 0) *byte++ = static_cast<std::uint8_t>(value);
    return to;
}

void* memcpy(void* __restrict to, void const* __restrict from, std::size_t size) {
    auto* target = static_cast<std::uint8_t volatile*>(to);
    auto const* source = static_cast<std::uint8_t const*>(from);
    while (size-- != 0) *target++ = *source++;
    return to;
}

void* memmove(void* to, void const* from, std::size_t size) {
    auto* target = static_cast<std::uint8_t volatile*>(to);
    auto const* source = static_cast<std::uint8_t const*>(from);
    if (reinterpret_cast<std::uintptr_t>(to) <= reinterpret_cast<std::uintptr_t>(from)) return memcpy(to, from, size);
    while (size-- != 0) target[size] = source[size];
    return to;
}

int memcmp(void const* left, void const* right, std::size_t size) {
    auto const* a = static_cast<std::uint8_t const volatile*>(left);
    auto const* b = static_cast<std::uint8_t const volatile*>(right);
    for (; size-- != 0; ++a, ++b)
        if (int const x = *a, y = *b; x != y) return x - y;
    return 0;
}

void* memchr(void const* in, int value, std::size_t size) {
    auto* byte = static_cast<std::uint8_t const volatile*>(in);
    for (; size-- != 0; ++byte)
        if (*byte == static_cast<std::uint8_t>(value)) return const_cast<std::uint8_t*>(byte);
    return nullptr;
}

std::size_t strlen(char const* text) {
    auto const* end = static_cast<char const volatile*>(text);
    while (*end != 0) ++end;
    return static_cast<std::size_t>(end - text);
}

// Virtual destructors and pure virtual calls may name these; nothing here ever calls them.
[[noreturn]] void __cxa_pure_virtual() { __builtin_trap(); }
}
