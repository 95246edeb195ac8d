// A demo's script, read from YAML.
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include "tool/description/section.hpp"
#include "tool/description/units.hpp"
#include "tool/run/events.hpp"

namespace tiffin {
namespace {

using Names = std::vector<std::string>;

Mark mark_of(YAML::Mark const& mark) { return {static_cast<unsigned>(mark.line + 1), static_cast<unsigned>(mark.column + 1)}; }

class Reader {
public:
    explicit Reader(Problems& problems) : problems_{problems} {}

    Script read(YAML::Node const& root) {
        Script script;
        if (!keys_are(root, "the script", {"expect", "events"})) return script;
        for (auto const& node : items(root, "expect"))
            if (auto e = expectation(node)) script.expectations.push_back(std::move(*e));
        for (auto const& node : items(root, "events"))
            if (auto e = event(node)) script.events.push_back(std::move(*e));
        return script;
    }

private:
    /// Is it a map, with these keys alone?
    bool keys_are(YAML::Node const& node, std::string const& what, Names const& names) {
        if (!node.IsMap()) {
            problems_.add(tiffin::mark_of(node), what + " is " + node_words(node), "a map of fields");
            return false;
        }
        for (auto const& pair : node) {
            auto const key = pair.first.IsScalar() ? pair.first.Scalar() : std::string{};
            if (std::ranges::find(names, key) != names.end()) continue;
            problems_.add(tiffin::mark_of(pair.first), fmt::format("unknown field \"{}\" in {}", key, what),
                          fmt::format("one of {}", fmt::join(names, ", ")), did_you_mean(key, names));
        }
        return true;
    }

    std::vector<YAML::Node> items(YAML::Node const& map, char const* name) {
        std::vector<YAML::Node> out;
        auto const list = map[name];
        if (!list.IsDefined()) return out;
        if (!list.IsSequence())
            problems_.add(tiffin::mark_of(list), fmt::format("\"{}\" is {}", name, node_words(list)), "a list");
        else
            for (auto const& item : list) out.push_back(item);
        return out;
    }

    /// The text of a field; empty, and a problem, if it is required and missing, or no text.
    std::string text(YAML::Node const& map, char const* name, bool required = false) {
        auto const node = map[name];
        if (node.IsDefined() && node.IsScalar() && !node.Scalar().empty()) return node.Scalar();
        if (node.IsDefined() || required)
            problems_.add(tiffin::mark_of(node.IsDefined() ? node : map),
                          fmt::format("\"{}\" is {}", name, node.IsDefined() ? node_words(node) : "missing"), "text");
        return {};
    }

    std::uint64_t times(YAML::Node const& map) {
        if (!map["times"].IsDefined()) return 1;
        auto const number = parse_number(text(map, "times"));
        if (number && *number >= 1 && *number <= 1000) return *number;
        problems_.add(tiffin::mark_of(map["times"]), "\"times\" is " + node_words(map["times"]), "a whole number 1..1000");
        return 1;
    }

    /// In seconds, as the board's clock counts them.
    std::uint64_t after(YAML::Node const& map) {
        constexpr std::uint64_t second = 1'000'000'000;
        if (!map["after"].IsDefined()) return 0;
        auto const time = parse_time(text(map, "after"));
        if (time && *time % second == 0) return *time / second;
        problems_.add(tiffin::mark_of(map["after"]), "\"after\" is " + node_words(map["after"]),
                      "whole seconds, such as \"2 s\"");
        return 0;
    }

    std::optional<Pattern> says(YAML::Node const& map) {
        auto const expression = text(map, "says", true);
        if (expression.empty()) return std::nullopt;
        std::string why;
        auto pattern = Pattern::compile(expression, why);
        if (!pattern) problems_.add(tiffin::mark_of(map["says"]), fmt::format("\"{}\" is no expression: {}", expression, why));
        return pattern;
    }

    std::optional<Expectation> expectation(YAML::Node const& node) {
        if (!keys_are(node, "an expectation", {"vm", "says", "times"})) return std::nullopt;
        auto const vm = text(node, "vm", true);
        auto const pattern = says(node);
        if (vm.empty() || !pattern) return std::nullopt;
        return Expectation{.vm = vm, .pattern = *pattern, .met = false, .times = times(node)};
    }

    std::optional<MachineEvent> event(YAML::Node const& node) {
        if (!keys_are(node, "an event", {"vm", "says", "times", "after", "type", "keys", "picture"})) return std::nullopt;
        auto const vm = text(node, "vm", true);
        auto const pattern = says(node);
        Names keys;
        for (auto const& key : items(node, "keys")) keys.push_back(key.IsScalar() ? key.Scalar() : "");
        auto const type = text(node, "type"), picture = text(node, "picture");
        if (type.empty() && keys.empty() && picture.empty())
            problems_.add(tiffin::mark_of(node), "an event does nothing", "type, keys or picture");
        if (vm.empty() || !pattern) return std::nullopt;
        return MachineEvent{.at = tiffin::mark_of(node),
                            .vm = vm,
                            .says = *pattern,
                            .times = times(node),
                            .after = after(node),
                            .type = type,
                            .keys = keys,
                            .picture = picture};
    }

    Problems& problems_;
};

}  // namespace

Script parse_script(std::string const& text, Problems& problems) try {
    return Reader{problems}.read(YAML::Load(text));
} catch (YAML::Exception const& e) {
    problems.add(mark_of(e.mark), e.msg);
    return {};
}

}  // namespace tiffin
