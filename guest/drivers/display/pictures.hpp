// The pictures ("resources") of one client, and where their pixels are: in memory that the client attached, of which the server has no
// copy. What is needed after the server has died is in the notes of that memory.
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "guest/sdk/virtio_server.hpp"

namespace tiffin::display {

/// Pixels of 32 bits, row by row, without anything between rows.
struct Picture {
    std::uint32_t id{0};                // 0: none
    std::uint32_t width{0}, height{0};  // pixels, 1..max_side
    std::uint32_t first{0}, places{0};  // of its memory; 0 places: none attached
};

class Pictures {
public:
    static constexpr std::uint32_t max_side = 4096;
    static constexpr std::size_t max_pictures = 32;

    /// nullptr: no such picture.
    [[nodiscard]] Picture* find(std::uint32_t id);
    /// A new one without memory; nullptr: there are max_pictures.
    Picture* make(std::uint32_t id, std::uint32_t width, std::uint32_t height);
    void forget(sdk::Device const& device, Picture& picture);
    void forget_all() { pictures_ = {}; }

    /// Attaches the `entries` that the request names behind its head. False: they don't fit, or are not there.
    [[nodiscard]] bool attach(sdk::Device const& device, Picture& picture, sdk::Request const& request, std::uint32_t entries);
    void detach(sdk::Device const& device, Picture& picture);

    /// Pixels of a row from `x` on. What the client has no memory for is black.
    void read(sdk::Device const& device, Picture const& picture, std::uint32_t x, std::uint32_t y,
              std::span<std::uint32_t> into) const;

    /// What an earlier life of this server knew, as far as memory is attached.
    void recover(sdk::Device const& device);

private:
    static constexpr std::uint32_t max_places = abi::serve::max_pieces;

    [[nodiscard]] bool is_free(std::uint32_t first, std::uint32_t places) const;
    [[nodiscard]] std::uint32_t find_room(std::uint32_t places) const;
    bool note_ends(sdk::Request const& request, Picture const& picture);
    void recover_place(std::uint32_t place, std::uint32_t bytes, std::uint64_t note);

    std::array<Picture, max_pictures> pictures_{};
    std::array<std::uint32_t, max_places> ends_{};  // of each place: bytes of its picture up to its end
};

}  // namespace tiffin::display
