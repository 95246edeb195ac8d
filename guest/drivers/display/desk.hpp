// The board's screen and its keyboard together. Two keys are a word of the user's to this server, and no client sees them: one asks whose
// each window is, one gives the client that has the keys all of the screen that windows on top leave, and takes it away again. Whoever has
// that much of the screen has the keys: when they move on (input.hpp), its window goes back to its place.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "guest/drivers/display/gpu.hpp"
#include "guest/drivers/input/input.hpp"

namespace tiffin::display {

/// KEY_F10 and KEY_F11 of linux/input-event-codes.h.
inline constexpr std::uint16_t f10 = 68, f11 = 87;

class Desk final : public sdk::Service, sdk::KeySource {
public:
    /// 0: no key does that.
    struct Keys {
        std::uint16_t focus{input::f12}, owners{f11}, enlarge{f10};
    };
    /// What a key did, in words: a line.
    using Say = void (*)(std::string_view line);

    /// `devices`: the server's, started, those of `gpu` among them. `keyboard`: nullptr if there is none.
    Desk(std::span<sdk::Device const> devices, Gpu& gpu, sdk::KeySource* keyboard, Keys const& keys, Say say);
    Desk(Desk const&) = delete;
    Desk& operator=(Desk const&) = delete;

    void begin(sdk::Device& device) override;
    bool serve(sdk::Device& device) override;
    std::uint64_t wake() override;

private:
    std::optional<sdk::Key> next() override;
    bool answer(sdk::Key key);
    void ask_owners();
    void enlarge();
    [[nodiscard]] std::optional<std::uint32_t> focused() const;

    std::span<sdk::Device const> devices_;
    Gpu& gpu_;
    sdk::KeySource* keyboard_;
    Keys keys_;
    Say say_;
    input::Input input_;
};

}  // namespace tiffin::display
