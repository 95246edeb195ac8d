// The parser, the schema and the documentation know the same fields: all come from one table, and what was printed from it is
// current.
#include "tool/description/fields.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

#include "tool/description/parse.hpp"
#include "tool/new/new.hpp"

namespace tiffin {
namespace {

std::string content(char const* path) {
    std::ostringstream out;
    out << std::ifstream{path}.rdbuf();
    return out.str();
}

TEST(Fields, TheSchemaThatShipsIsPrintedFromTheTable) {
    EXPECT_EQ(content("tool/schema/device.schema.json"), fields_schema())
        << "run: tiffin fields --schema > tool/schema/device.schema.json";
}

TEST(Fields, TheReferenceHoldsTheTable) {
    auto const page = content("docs/description.md");
    EXPECT_NE(page.find(fields_markdown()), std::string::npos)
        << "replace the tables of docs/description.md by what `tiffin fields` prints";
}

TEST(Fields, EveryFieldIsDocumentedAndUnique) {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (auto const& f : fields()) {
        EXPECT_TRUE(seen.emplace(f.scope, f.name).second) << f.name << " is twice in the table";
        EXPECT_FALSE(f.text.empty() || f.example.empty() || f.fallback.empty()) << f.name;
        EXPECT_TRUE(f.type != FieldType::Count || f.min < f.max) << f.name << " has no bounds";
    }
}

TEST(Fields, TheDescriptionOfTiffinNewIsWellFormed) {
    Problems problems{"device.yaml"};
    auto const description = parse_description(new_description(), problems);
    EXPECT_EQ(problems.text(), "");
    EXPECT_EQ(description.domains.size(), 2u);
}

TEST(Fields, TheLinuxOfTiffinNewIsWellFormedWithoutItsHashes) {
    auto text = new_description();
    auto const from = text.find("  # linux:");
    ASSERT_NE(from, std::string::npos);
    for (auto at = text.find("\n  # ", from - 1); at != std::string::npos; at = text.find("\n  # ", at)) text.erase(at + 3, 2);
    Problems problems{"device.yaml"};
    auto const description = parse_description(text, problems);
    EXPECT_EQ(problems.text(), "");
    ASSERT_EQ(description.domains.size(), 3u);
    EXPECT_EQ(description.domains[2].access.size(), 1u);
}

}  // namespace
}  // namespace tiffin
