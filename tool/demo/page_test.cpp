// What a demo leaves behind.
#include "tool/demo/page.hpp"

#include <filesystem>
#include <gtest/gtest.h>
#include <png.h>

#include "tool/demo/sheet.hpp"
#include "tool/demo/stage.hpp"

namespace tiffin {
namespace {

TEST(Stage, ASoundCardIsHeardInAFileOrByTheHostOrByNobody) {
    EXPECT_EQ(audiodev_for("wav,id=a,path=x,,y.wav,out.frequency=48000", Ears::File, "/f,g.wav", ""),
              "wav,id=a,out.frequency=48000,path=/f,,g.wav");
    EXPECT_EQ(audiodev_for("driver=none,id=a", Ears::Host, "", "pa"), "pa,id=a");
    EXPECT_EQ(audiodev_for("wav,id=a,path=x", Ears::Nobody, "/f", ""), "none,id=a");
}

TEST(Stage, OnlyMachinesWithACardHaveAScreen) {
    Machine machine;
    machine.devices = {"intel-hda"};
    EXPECT_FALSE(has_screen(machine));
    machine.devices.push_back("bochs-display,romfile=");
    EXPECT_TRUE(has_screen(machine));
}

TEST(Stage, WhyThereIsNoWindowIsSaid) {
    EXPECT_NE(why_no_window("Available:\nnone\ncurses\n", true).find("qemu-system-gui"), std::string::npos);
    EXPECT_NE(why_no_window("none\ngtk\n", false).find("no display here"), std::string::npos);
    EXPECT_EQ(why_no_window("none\nsdl\n", true), "");
}

DemoPage small_page() {
    DemoPage page{.title = "a <b>"};
    page.report = {{.ticks = 1000, .freq = 100, .idle_ticks = 600, .wakeups = 20, .longest_sleep = 150},
                   {{.name = "linux", .state = "stopped", .exit = 0, .run_ticks = 400, .wakeups = 50, .copied = 4711}}};
    return page;
}

TEST(Page, TellsTheFiguresAndEscapesTexts) {
    auto page = small_page();
    page.kept = {"a & b"};
    auto const text = to_page(page);
    for (auto const* part : {"<h1>a &lt;b&gt;</h1>", "1500.0 ms", "40.00 %", "60.0 % idle", "4711", "a &amp; b", "NOT every VM"})
        EXPECT_NE(text.find(part), text.npos) << part;
    EXPECT_EQ(text.find("<audio"), text.npos) << "nothing was heard";
    EXPECT_EQ(text.find("On the screen"), text.npos);
}

void write_picture(std::string const& file, std::uint32_t width, std::uint32_t height, std::uint8_t grey) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION, image.width = width, image.height = height, image.format = PNG_FORMAT_RGB;
    std::vector<std::uint8_t> const pixels(std::size_t{3} * width * height, grey);
    ASSERT_NE(png_image_write_to_file(&image, file.c_str(), 0, pixels.data(), 0, nullptr), 0);
}

TEST(Sheet, PicturesStandBesideAndBelowEachOther) {
    auto const folder = std::filesystem::temp_directory_path() / "tiffin-sheet-test";
    std::filesystem::create_directories(folder);
    std::vector<std::string> files;
    for (std::uint8_t n = 1; n <= 3; ++n) {
        files.push_back(folder / ("p" + std::to_string(n) + ".png"));
        write_picture(files.back(), 10, 6, n);
    }
    auto const sheet = (folder / "sheet.png").string();
    ASSERT_EQ(join_pictures(files, sheet), "");
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    ASSERT_NE(png_image_begin_read_from_file(&image, sheet.c_str()), 0);
    EXPECT_EQ(image.width, 12u + 2 * 22);
    EXPECT_EQ(image.height, 12u + 2 * 18);
    image.format = PNG_FORMAT_RGB;
    std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(image));
    ASSERT_NE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr), 0);
    auto const at = [&](unsigned x, unsigned y) { return pixels[(std::size_t{y} * image.width + x) * 3]; };
    EXPECT_EQ(at(12, 12), 1);
    EXPECT_EQ(at(34, 17), 2);
    EXPECT_EQ(at(21, 30), 3);
    EXPECT_EQ(at(22, 12), 0xf4) << "a gap";
    EXPECT_NE(join_pictures({"no-such-file.png"}, sheet), "");
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tiffin
