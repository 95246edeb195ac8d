#include "tool/description/section.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "tool/description/units.hpp"

namespace tiffin {

Mark mark_of(YAML::Node const& node) {
    auto const mark = node.Mark();
    return {static_cast<unsigned>(mark.line + 1), static_cast<unsigned>(mark.column + 1)};
}

std::string node_words(YAML::Node const& node) {
    switch (node.Type()) {
        case YAML::NodeType::Map: return "a map";
        case YAML::NodeType::Sequence: return "a list";
        case YAML::NodeType::Scalar: return fmt::format("\"{}\"", node.Scalar());
        case YAML::NodeType::Null:
        case YAML::NodeType::Undefined: break;
    }
    return "nothing";
}

Section::Section(Problems& problems, YAML::Node const& node, std::string_view scope, std::string what, Mark at)
    : problems_{problems}, scope_{scope}, what_{std::move(what)}, at_{at} {
    if (node.IsMap()) {
        read_keys(node, scope);
    } else if (!node.IsNull()) {
        problems_.add(at, fmt::format("{} is {}", what_, node_words(node)), "a map of fields", {});
        return;
    }
    report_missing(scope);
}

void Section::read_keys(YAML::Node const& node, std::string_view scope) {
    for (auto const& pair : node) {
        auto const at = mark_of(pair.first);
        if (!pair.first.IsScalar()) {
            problems_.add(at, fmt::format("{} has a key that is {}", what_, node_words(pair.first)), "the name of a field");
            continue;
        }
        auto const& key = pair.first.Scalar();
        if (find_field(scope, key) == nullptr) {
            report_unknown(key, at, scope);
        } else if (has(key)) {
            problems_.add(at, fmt::format("field \"{}\" is written twice in {}", key, what_), "once",
                          fmt::format("the first is in line {}", key_mark(key).line));
        } else {
            entries_.push_back({key, at, pair.second});
        }
    }
}

void Section::report_unknown(std::string const& key, Mark at, std::string_view scope) {
    auto const names = field_names(scope);
    problems_.add(at, fmt::format("unknown field \"{}\" in {}", key, what_),
                  "one of " + fmt::format("{}", fmt::join(names, ", ")), did_you_mean(key, names));
}

void Section::report_missing(std::string_view scope) {
    for (auto const& field : fields()) {
        if (field.scope != scope || field.fallback != "required" || has(field.name)) continue;
        problems_.add(at_, fmt::format("{} has no \"{}\"", what_, field.name), fmt::format("\"{}\"", field.example),
                      std::string{field.text});
    }
}

std::optional<YAML::Node> Section::find(std::string_view name) const {
    auto const found = std::ranges::find(entries_, name, &Entry::key);
    if (found == entries_.end()) return std::nullopt;
    return found->value;
}

Mark Section::key_mark(std::string_view name) const {
    auto const found = std::ranges::find(entries_, name, &Entry::key);
    return found == entries_.end() ? at_ : found->at;
}

std::string Section::label(std::string_view name) const { return fmt::format("\"{}\" of {}", name, what_); }

std::optional<Located<std::string>> Section::scalar(std::string_view name, std::string_view expected) {
    auto const node = find(name);
    if (!node) return std::nullopt;
    if (!node->IsScalar()) {
        auto const at = node->IsNull() ? key_mark(name) : mark_of(*node);
        problems_.add(at, fmt::format("{} is {}", label(name), node_words(*node)), std::string{expected});
        return std::nullopt;
    }
    return Located<std::string>{node->Scalar(), mark_of(*node)};
}

std::optional<Located<std::string>> Section::text(std::string_view name) {
    auto value = scalar(name, "text");
    if (!value) return std::nullopt;
    auto const bad = std::ranges::find_if(value->value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (bad != value->value.end()) {
        problems_.add(value->at,
                      fmt::format("{} holds a control character ({:#04x})", label(name), static_cast<unsigned char>(*bad)),
                      "printable text on one line");
        return std::nullopt;
    }
    if (value->value.empty() && name != "cmdline") {
        problems_.add(value->at, fmt::format("{} is empty", label(name)), "text");
        return std::nullopt;
    }
    return value;
}

std::optional<Located<bool>> Section::flag(std::string_view name) {
    auto const value = scalar(name, "true or false");
    if (!value) return std::nullopt;
    if (value->value != "true" && value->value != "false") {
        problems_.add(value->at, fmt::format("{} is \"{}\"", label(name), value->value), "true or false");
        return std::nullopt;
    }
    return Located<bool>{value->value == "true", value->at};
}

std::optional<Located<std::uint64_t>> Section::count(std::string_view name) {
    auto const* const field = find_field(scope_, name);
    auto const expected = fmt::format("a whole number {}..{}", field->min, field->max);
    auto const value = scalar(name, expected);
    if (!value) return std::nullopt;
    auto const number = parse_number(value->value);
    if (!number || *number < field->min || *number > field->max) {
        problems_.add(value->at, fmt::format("{} is \"{}\"", label(name), value->value), expected);
        return std::nullopt;
    }
    return Located<std::uint64_t>{*number, value->at};
}

std::optional<Located<std::uint64_t>> Section::size(std::string_view name) {
    auto const value = scalar(name, "a size with its unit, such as \"64 MiB\"");
    if (!value) return std::nullopt;
    if (auto const bytes = parse_size(value->value)) return Located<std::uint64_t>{*bytes, value->at};
    auto const bare = parse_number(value->value).has_value();
    problems_.add(value->at, fmt::format("{} is \"{}\"{}", label(name), value->value, bare ? ", without a unit" : ""),
                  "a size with its unit, such as \"64 MiB\"", "units are B, KiB, MiB and GiB");
    return std::nullopt;
}

std::optional<Located<std::uint64_t>> Section::time(std::string_view name) {
    auto const* const field = find_field(scope_, name);
    auto const expected = fmt::format("{} to {}", time_text(field->min), time_text(field->max));
    auto const value = scalar(name, expected);
    if (!value) return std::nullopt;
    auto const nanoseconds = parse_time(value->value);
    if (nanoseconds && *nanoseconds >= field->min && *nanoseconds <= field->max)
        return Located<std::uint64_t>{*nanoseconds, value->at};
    auto const bare = parse_number(value->value).has_value();
    problems_.add(value->at, fmt::format("{} is \"{}\"{}", label(name), value->value, bare ? ", without a unit" : ""), expected,
                  nanoseconds ? "" : "a whole number with its unit: ns, us, ms or s");
    return std::nullopt;
}

std::optional<Located<std::uint64_t>> Section::address(std::string_view name) {
    auto const value = scalar(name, "an address, such as 0x4000_0000");
    if (!value) return std::nullopt;
    if (auto const number = parse_number(value->value)) return Located<std::uint64_t>{*number, value->at};
    problems_.add(value->at, fmt::format("{} is \"{}\"", label(name), value->value), "an address, such as 0x4000_0000");
    return std::nullopt;
}

std::optional<Located<std::string>> Section::choice(std::string_view name) {
    std::vector<std::string> words;
    std::string_view range = find_field(scope_, name)->range;
    for (std::size_t at = 0; at <= range.size();) {
        auto const end = std::min(range.find(" | ", at), range.size());
        words.emplace_back(range.substr(at, end - at));
        at = end + 3;
    }
    auto const expected = fmt::format("{}", fmt::join(words, " or "));
    auto value = scalar(name, expected);
    if (!value || std::ranges::find(words, value->value) != words.end()) return value;
    problems_.add(value->at, fmt::format("{} is \"{}\"", label(name), value->value), expected, did_you_mean(value->value, words));
    return std::nullopt;
}

std::vector<YAML::Node> Section::list(std::string_view name) {
    auto const node = find(name);
    if (!node) return {};
    if (!node->IsSequence()) {
        problems_.add(key_mark(name), fmt::format("{} is {}", label(name), node_words(*node)), "a list: [...]");
        return {};
    }
    std::vector<YAML::Node> items;
    for (auto const& item : *node) items.push_back(item);
    return items;
}

}  // namespace tiffin
