// The one table of fields. The parser knows a field if it is here; the JSON Schema and the table in docs/description.md are
// printed from it.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tiffin {

enum class FieldType { Text, Path, Flag, Count, Size, Time, Address, Choice, Map, List };

struct Field {
    std::string_view
        scope;  // the mapping it stands in: "", "board", "machine", "options", "speed", "schedule", "window", "domain", ...
    std::string_view name;  // as written
    FieldType type;
    std::string_view unit;              // "" if it has none
    std::string_view range;             // of values, in words; of a Choice: the words, separated by " | "
    std::string_view fallback;          // the default, or "required"
    std::string_view example;           // YAML
    std::string_view text;              // what it means: one or two sentences
    unsigned long long min{0}, max{0};  // of Count, and of Time in nanoseconds; both 0: no bound
};

std::span<Field const> fields();

/// The field, or null.
Field const* find_field(std::string_view scope, std::string_view name);

/// Names of all fields of a scope, in table order.
std::vector<std::string> field_names(std::string_view scope);

/// The table of docs/description.md.
std::string fields_markdown();
/// tool/schema/device.schema.json.
std::string fields_schema();

}  // namespace tiffin
