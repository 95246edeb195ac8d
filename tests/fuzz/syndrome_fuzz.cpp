// Any syndrome may be offered: what decodes must be an access that a device can carry out, and what is left in a register must
// fit it.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "armv8/sysreg.hpp"

using namespace tiffin;
using namespace tiffin::armv8;

namespace {

struct Input {
    Syndrome syndrome;
    std::uint64_t value;
};

void require(bool condition) {
    if (!condition) std::abort();
}

void check_access(Input const& in) {
    auto const access = decode_mmio(in.syndrome);
    if (!access) return;
    require(access->size == 1 || access->size == 2 || access->size == 4 || access->size == 8);
    require(access->ipa.aligned(access->size) && access->ipa.raw() < 1ull << 52);
    require(access->rt < 32);
    require((access->ipa.raw() & 0xfff) == (in.syndrome.far & 0xfff));
    auto const loaded = finish_load(*access, in.value);
    // Hardware never says a doubleword into a W register; a fuzzer does.
    auto const kept = access->sixty_four || access->size < 8 ? access->size : 4u;
    require(low_bytes(loaded, kept) == low_bytes(in.value, kept));
    require(access->sixty_four || loaded >> 32 == 0);
}

/// Whatever the hardware says, a guest sees no EL2, no EL3, no SVE and no more of a capped field than its cap.
void check_identity(Input const& in) {
    auto const key = static_cast<std::uint32_t>(Esr::ISS::get(in.syndrome.esr)) & IssSystem::register_mask;
    if (!is_id_register(key)) return;
    auto const crm = IssSystem::CRm::get(key), op2 = IssSystem::Op2::get(key);
    for (bool gicv3 : {false, true}) {
        auto const shown = id_value(crm, op2, in.value, gicv3);
        if (crm == 4 && op2 == 0) require((shown >> 8 & 0xff) == 0 && (shown >> 32 & 0xf) == 0);
        require(id_value(crm, op2, shown, gicv3) == shown);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    Input in{};
    if (size < sizeof in) return 0;
    std::memcpy(&in, data, sizeof in);
    check_access(in);
    check_identity(in);
    return 0;
}
