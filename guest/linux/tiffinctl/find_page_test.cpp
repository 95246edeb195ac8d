#include "guest/linux/tiffinctl/find_page.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

namespace tiffin::ctl {
namespace {

/// A device tree as Linux shows it: a folder for each node, a file for each property.
struct Tree {
    std::filesystem::path root = std::filesystem::temp_directory_path() / ("tiffinctl-" + std::to_string(getpid()));

    Tree() { std::filesystem::create_directories(root); }
    ~Tree() { std::filesystem::remove_all(root); }
    void add(std::string const& node, std::string const& property, std::string const& value) const {
        std::filesystem::create_directories(root / node);
        std::ofstream{root / node / property, std::ios::binary} << value;
    }
};

std::string const reg{"\0\0\0\0\x09\x06\0\0\0\0\0\0\0\0\x10\0", 16};
std::string const compatible{"tiffin,manager\0", 15};

TEST(FindPage, IsWhereTheNodeOfItsKindSays) {
    Tree const tree;
    tree.add("memory@40000000", "reg", std::string(16, '\x40'));
    tree.add("uart@9000000", "compatible", std::string{"arm,pl011\0arm,primecell\0", 24});
    tree.add("manager@9060000", "compatible", compatible);
    tree.add("manager@9060000", "reg", reg);
    EXPECT_EQ(find_page(tree.root), 0x0906'0000u);
}

TEST(FindPage, IsNowhereWithoutANodeOrATree) {
    Tree const tree;
    EXPECT_EQ(find_page(tree.root), std::nullopt);
    tree.add("manager@9060000", "compatible", compatible);
    EXPECT_EQ(find_page(tree.root), std::nullopt) << "no reg";
    tree.add("manager@9060000", "reg", reg.substr(0, 8));
    EXPECT_EQ(find_page(tree.root), std::nullopt) << "cells that no guest of ours has";
    EXPECT_EQ(find_page(tree.root / "none"), std::nullopt);
}

}  // namespace
}  // namespace tiffin::ctl
