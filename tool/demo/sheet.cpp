#include "tool/demo/sheet.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <optional>
#include <png.h>

namespace tiffin {
namespace {

constexpr std::uint32_t columns = 2, gap = 12, bytes_per_pixel = 3;
constexpr std::uint8_t paper = 0xf4;

struct Pixels {
    std::uint32_t width{0}, height{0};
    std::vector<std::uint8_t> bytes;  // red, green, blue
};

/// By libpng's simplified interface (libpng-manual.txt, "The simplified libpng API").
std::optional<Pixels> read_png(std::string const& file, std::string& why) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    Pixels pixels;
    if (png_image_begin_read_from_file(&image, file.c_str()) != 0) {
        image.format = PNG_FORMAT_RGB;
        pixels.width = image.width, pixels.height = image.height;
        pixels.bytes.resize(PNG_IMAGE_SIZE(image));
        if (png_image_finish_read(&image, nullptr, pixels.bytes.data(), 0, nullptr) != 0) return pixels;
    }
    why = fmt::format("{}: {}", file, image.message);
    png_image_free(&image);
    return std::nullopt;
}

bool write_png(Pixels const& pixels, std::string const& file, std::string& why) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = pixels.width, image.height = pixels.height;
    image.format = PNG_FORMAT_RGB;
    if (png_image_write_to_file(&image, file.c_str(), 0, pixels.bytes.data(), 0, nullptr) != 0) return true;
    why = fmt::format("{}: {}", file, image.message);
    return false;
}

void paste(Pixels const& from, Pixels& to, std::uint32_t x, std::uint32_t y) {
    auto const row = std::size_t{from.width} * bytes_per_pixel;
    for (std::uint32_t line = 0; line < from.height; ++line)
        std::copy_n(from.bytes.begin() + static_cast<std::ptrdiff_t>(line * row), row,
                    to.bytes.begin() + static_cast<std::ptrdiff_t>((std::size_t{y + line} * to.width + x) * bytes_per_pixel));
}

}  // namespace

std::string join_pictures(std::vector<std::string> const& from, std::string const& to) {
    std::string why;
    std::vector<Pixels> all;
    Pixels largest;
    for (auto const& file : from) {
        auto pixels = read_png(file, why);
        if (!pixels) return why;
        largest.width = std::max(largest.width, pixels->width), largest.height = std::max(largest.height, pixels->height);
        all.push_back(std::move(*pixels));
    }
    auto const count = static_cast<std::uint32_t>(all.size()), across = std::min(columns, count);
    if (count == 0) return "there are no pictures";
    Pixels sheet{.width = gap + across * (largest.width + gap),
                 .height = gap + (count + columns - 1) / columns * (largest.height + gap),
                 .bytes = {}};
    sheet.bytes.assign(std::size_t{sheet.width} * sheet.height * bytes_per_pixel, paper);
    for (std::uint32_t n = 0; n < count; ++n)
        paste(all[n], sheet, gap + n % columns * (largest.width + gap), gap + n / columns * (largest.height + gap));
    write_png(sheet, to, why);
    return why;
}

}  // namespace tiffin
