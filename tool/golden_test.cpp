// One case for each message of the tool: tests/golden/<case>/device.yaml is checked, and what is said must be expected.txt, byte
// for byte. TIFFIN_UPDATE_GOLDEN=1 writes what is said now; read the difference before committing it.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "tool/build.hpp"
#include "tool/contract/plot.hpp"
#include "tool/contract/words.hpp"

namespace tiffin {
namespace {

namespace fs = std::filesystem;

std::string content(fs::path const& path) {
    std::ostringstream out;
    out << std::ifstream{path, std::ios::binary}.rdbuf();
    return out.str();
}

std::vector<std::string> cases() {
    std::vector<std::string> names;
    for (auto const& entry : fs::directory_iterator{"tests/golden"}) {
        if (fs::exists(entry.path() / "device.yaml")) names.push_back(entry.path().filename().string());
    }
    std::ranges::sort(names);
    return names;
}

/// `tiffin check` of a case. The board is a committed device tree, unless the case is about the board.
BuildResult checked(fs::path const& folder) {
    setenv("TIFFIN_CACHE", "cache", 1);
    setenv("TIFFIN_BUILD", "build", 1);
    auto const description = (folder / "device.yaml").string();
    auto const about_the_board = content(description).find("dtb:") != std::string::npos;
    auto const board = about_the_board ? "" : "tests/golden/files/virt-gicv3.dtb";
    return build({.description = description, .board = board, .hypervisor = "", .check_only = true});
}

void expect_file(fs::path const& file, std::string const& text) {
    if (std::getenv("TIFFIN_UPDATE_GOLDEN") != nullptr) std::ofstream{file, std::ios::binary} << text;
    ASSERT_TRUE(fs::exists(file));
    EXPECT_EQ(text, content(file));
}

class Golden : public ::testing::TestWithParam<std::string> {};

TEST_P(Golden, SaysWhatIsExpected) {
    auto const folder = fs::path{"tests/golden"} / GetParam();
    auto const text = checked(folder).problems.text();
    expect_file(folder / "expected.txt", text);
    EXPECT_EQ(text.empty(), GetParam().starts_with("good-")) << "only the cases named good-* have nothing to be said against";
}

TEST(GoldenContract, IsExplainedAndDrawn) {
    for (auto const* name : {"good-contract-explained", "good-contract-of-shares-and-budgets", "good-static-schedule",
                             "good-contract-of-two-cores", "contract-deadline-can-be-missed"}) {
        auto const folder = fs::path{"tests/golden"} / name;
        auto const cores = checked(folder).cores;
        expect_file(folder / "explained.txt", contract::explain(cores));
        expect_file(folder / "plot.svg", contract::plot(cores));
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, ::testing::ValuesIn(cases()), [](auto const& parameter) {
    auto name = parameter.param;
    std::ranges::replace(name, '-', '_');
    return name;
});

}  // namespace
}  // namespace tiffin
