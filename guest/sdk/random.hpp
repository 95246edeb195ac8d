// Numbers that follow from a seed, for tests that must repeat. Not for secrets.
#pragma once
#include <cstdint>

namespace tiffin::sdk {

/// splitmix64's finaliser: any change of a bit changes half of them.
constexpr std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
}

class Random {
public:
    explicit constexpr Random(std::uint64_t seed) : state_{seed} {}

    constexpr std::uint64_t next() { return mixed(state_ += 0x9e37'79b9'7f4a'7c15); }
    /// 0 .. limit - 1; 0 if there is no limit.
    constexpr std::uint64_t below(std::uint64_t limit) { return limit == 0 ? 0 : next() % limit; }

private:
    std::uint64_t state_;
};

}  // namespace tiffin::sdk
