#include "tool/trace/page.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "tool/trace/summary.hpp"

namespace tiffin {
namespace {

using nlohmann::json;

/// Numbers every text once: a page of a million events must stay small.
class Names {
public:
    std::size_t of(std::string text) {
        auto const [at, is_new] = known_.try_emplace(text, list_.size());
        if (is_new) list_.push_back(std::move(text));
        return at->second;
    }
    [[nodiscard]] json const& list() const { return list_; }

private:
    std::map<std::string, std::size_t> known_;
    json list_ = json::array();
};

/// The page's data: times in nanoseconds since the trace begins; whoever and whatever as indices into `names`.
json data_of(TraceFile const& file, Timeline const& t) {
    Names names;
    auto const idle = names.of("idle");
    auto const ns = [&](std::uint64_t time) { return t.since_start(time); };
    json cores = json::array(), turns = json::array(), waits = json::array(), paths = json::array(), moments = json::array();
    for (auto const& c : t.cores) cores.push_back({c.core, ns(c.from), ns(c.to), c.overwritten});
    for (auto const& x : t.turns)
        turns.push_back({x.core, names.of(file.name_of(x.who)), ns(x.from), ns(x.to), static_cast<unsigned>(x.reason)});
    for (auto const& x : t.waits) waits.push_back({x.core, names.of(file.name_of(x.who)), ns(x.woke), ns(x.entered)});
    for (auto const& x : t.paths)
        paths.push_back(
            {x.core, names.of(file.name_of(x.who)), ns(x.from), ns(x.to), names.of(file.path_name(x.kind, x.argument))});
    for (auto const& x : t.moments)
        if (x.kind != abi::TraceKind::Timer)
            moments.push_back({x.core, names.of(file.name_of(x.who)), ns(x.at), names.of(std::string{abi::name(x.kind)})});
    return {{"length", ns(t.to)}, {"cores", cores},     {"names", names.list()},
            {"idle", idle},       {"turns", turns},     {"waits", waits},
            {"paths", paths},     {"moments", moments}, {"summary", summary_text(file, t)}};
}

}  // namespace

std::string to_page(TraceFile const& file, Timeline const& timeline) {
    constexpr std::string_view mark = "/*DATA*/null";
    std::string page{page_text};
    auto text = data_of(file, timeline).dump(-1, ' ', false, json::error_handler_t::replace);
    // "</script>" in a name must not end the script.
    for (auto at = text.find("</"); at != text.npos; at = text.find("</", at + 3)) text.insert(at + 1, "\\");
    return page.replace(page.find(mark), mark.size(), text);
}

}  // namespace tiffin
