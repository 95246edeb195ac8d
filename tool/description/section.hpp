// One mapping of a description, read under a scope of the table of fields. Whatever is wrong in it becomes a problem; reading
// goes on.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <yaml-cpp/yaml.h>

#include "tool/description/fields.hpp"
#include "tool/diagnostics.hpp"

namespace tiffin {

Mark mark_of(YAML::Node const& node);

/// The YAML type of a node, in words for messages: "a map", "a list", "the text \"x\"", "nothing".
std::string node_words(YAML::Node const& node);

class Section {
public:
    /// Reports a node that is no map, keys that are unknown or written twice, and required fields that are missing.
    /// `what` names the mapping in messages: "domain \"linux\"".
    Section(Problems& problems, YAML::Node const& node, std::string_view scope, std::string what, Mark at);

    [[nodiscard]] Mark at() const { return at_; }
    [[nodiscard]] std::string const& what() const { return what_; }
    [[nodiscard]] bool has(std::string_view name) const { return find(name).has_value(); }
    [[nodiscard]] std::optional<YAML::Node> find(std::string_view name) const;
    [[nodiscard]] Mark key_mark(std::string_view name) const;

    // Each gives the value if the field is there and right; else nothing, and a problem if it is there.
    std::optional<Located<std::string>> text(std::string_view name);
    std::optional<Located<bool>> flag(std::string_view name);
    std::optional<Located<std::uint64_t>> count(std::string_view name);  // within the table's bounds
    std::optional<Located<std::uint64_t>> size(std::string_view name);   // bytes
    std::optional<Located<std::uint64_t>> time(std::string_view name);   // nanoseconds, within the table's bounds
    std::optional<Located<std::uint64_t>> address(std::string_view name);
    std::optional<Located<std::string>> choice(std::string_view name);  // one of the table's words
    std::vector<YAML::Node> list(std::string_view name);

private:
    void read_keys(YAML::Node const& node, std::string_view scope);
    void report_unknown(std::string const& key, Mark at, std::string_view scope);
    void report_missing(std::string_view scope);
    [[nodiscard]] std::string label(std::string_view name) const;
    /// The scalar text of a field; a problem if it is no scalar.
    std::optional<Located<std::string>> scalar(std::string_view name, std::string_view expected);

    struct Entry {
        std::string key;
        Mark at;
        YAML::Node value;
    };
    Problems& problems_;
    std::string_view scope_;
    std::string what_;
    Mark at_;
    std::vector<Entry> entries_;
};

}  // namespace tiffin
