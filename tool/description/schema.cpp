// The JSON Schema that editors complete and check a description with, printed from the table of fields.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tool/description/fields.hpp"

namespace tiffin {
namespace {

using Json = nlohmann::ordered_json;

Json words(std::string_view range) {
    Json list = Json::array();
    for (std::size_t at = 0; at <= range.size();) {
        auto const end = std::min(range.find(" | ", at), range.size());
        list.push_back(std::string{range.substr(at, end - at)});
        at = end + 3;
    }
    return list;
}

Json scope_schema(std::string_view scope);

/// What a map or list holds: the structure that the flat table of fields can't say.
Json nested_schema(Field const& f) {
    if (f.name == "board") return {{"oneOf", {{{"const", "qemu-virt"}}, scope_schema("board")}}};
    if (f.type == FieldType::List) {
        auto const item = f.name == "cpus" ? "cpu" : f.name == "windows" ? "window" : f.name;
        auto list = Json{{"type", "array"}, {"items", scope_schema(item)}};
        if (f.name == "cpus") list["minItems"] = 1, list["maxItems"] = 8;
        return list;
    }
    if (f.name != "domains") return scope_schema(f.name);
    return {{"type", "object"},
            {"minProperties", 1},
            {"maxProperties", 1024},
            {"propertyNames", {{"pattern", "^[a-z][a-z0-9-]{0,30}$"}}},
            {"additionalProperties", scope_schema("domain")}};
}

Json value_schema(Field const& f) {
    constexpr char const* number = "^(0x[0-9a-fA-F_]+|[0-9][0-9_]*)$";
    switch (f.type) {
        case FieldType::Text:
        case FieldType::Path: return {{"type", "string"}, {"minLength", f.name == "cmdline" ? 0 : 1}};
        case FieldType::Flag: return {{"type", "boolean"}};
        case FieldType::Count: return {{"type", "integer"}, {"minimum", f.min}, {"maximum", f.max}};
        case FieldType::Size: return {{"type", "string"}, {"pattern", "^(0x[0-9a-fA-F_]+|[0-9][0-9_]*) *(B|KiB|MiB|GiB)$"}};
        case FieldType::Time: return {{"type", "string"}, {"pattern", "^(0x[0-9a-fA-F_]+|[0-9][0-9_]*) *(ns|us|ms|s)$"}};
        case FieldType::Address: return {{"type", {"string", "integer"}}, {"pattern", number}, {"minimum", 0}};
        case FieldType::Choice: return {{"enum", words(f.range)}};
        case FieldType::Map:
        case FieldType::List: return nested_schema(f);
    }
    return {};
}

std::string describe(Field const& f) {
    auto text = std::string{f.text};
    if (!f.range.empty() && f.type != FieldType::Choice) text += fmt::format(" Range: {}.", f.range);
    text += f.fallback == "required" ? " Required." : fmt::format(" Default: {}.", f.fallback);
    return text;
}

Json scope_schema(std::string_view scope) {
    Json properties = Json::object(), required = Json::array(), schema{{"type", "object"}, {"additionalProperties", false}};
    for (auto const& f : fields()) {
        if (f.scope != scope) continue;
        auto value = value_schema(f);
        value["description"] = describe(f);
        properties[std::string{f.name}] = value;
        if (f.fallback == "required") required.push_back(std::string{f.name});
    }
    schema["properties"] = properties;
    if (!required.empty()) schema["required"] = required;
    if (scope == "image") schema["oneOf"] = {{{"required", {"kernel"}}}, {{"required", {"elf"}}}, {{"required", {"raw"}}}};
    return schema;
}

}  // namespace

std::string fields_schema() {
    Json schema{{"$schema", "http://json-schema.org/draft-07/schema#"},
                {"title", "Tiffin device description"},
                {"description", "Printed from tool/description/fields.cpp by `tiffin fields --schema`: change it there."}};
    schema.update(scope_schema(""));
    return schema.dump(2) + "\n";
}

}  // namespace tiffin
