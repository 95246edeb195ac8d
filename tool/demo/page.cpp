#include "tool/demo/page.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "tool/files.hpp"

namespace tiffin {
namespace {

constexpr std::string_view style = R"(body{font:15px/1.5 system-ui,sans-serif;color:#1f2630;background:#f6f7f9;margin:0}
main{max-width:960px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:28px;line-height:1.2;margin:0 0 4px}h2{font-size:18px;margin:34px 0 10px}
.lead{color:#566070;margin:0 0 18px}.card{background:#fff;border:1px solid #e3e6eb;border-radius:10px;padding:14px 16px}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:12px}.facts b{display:block;font-size:24px}
.facts span{color:#566070;font-size:13px}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:5px 8px;border-bottom:1px solid #eceef2}th{color:#566070;font-weight:600;font-size:13px}
th:first-child,td:first-child{text-align:left}tr:last-child td{border:0}i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:7px}
svg{width:100%;height:auto;font:12px system-ui,sans-serif;fill:#444c58}figure{margin:0}img{width:100%;border:1px solid #d7dbe2;border-radius:6px}
figcaption{color:#566070;font-size:13px}.shots{display:grid;grid-template-columns:1fr 1fr;gap:14px}audio{width:100%}
pre{white-space:pre-wrap;font:12px/1.45 ui-monospace,monospace;margin:0}.well{color:#1e7a4c}.ill{color:#b3261e}li{margin:2px 0})";

double of(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string bytes_text(std::uint64_t bytes) {
    if (bytes >= 10u << 20) return fmt::format("{:.0f} MiB", static_cast<double>(bytes) / (1 << 20));
    if (bytes >= 1u << 20) return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
    return fmt::format("{:.0f} KiB", static_cast<double>(bytes) / 1024);
}

std::string base64(Bytes const& bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        auto const byte = [&](std::size_t n) { return at + n < bytes.size() ? static_cast<unsigned>(bytes[at + n]) : 0u; };
        auto const three = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (unsigned n = 0; n < 4; ++n) out += at + n > bytes.size() ? '=' : digits[three >> (18 - 6 * n) & 63];
    }
    return out;
}

std::string section(std::string const& title, std::string const& body) {
    return fmt::format("<h2>{}</h2>\n<div class=\"card\">{}</div>\n", title, body);
}

std::string fact(std::string const& figure, std::string const& what) {
    return fmt::format("<div class=\"card\"><b>{}</b><span>{}</span></div>\n", figure, what);
}

std::string facts(DemoPage const& page) {
    auto const& m = page.report.machine;
    auto out =
        fact(fmt::format("{}", page.report.vms.size()), "VMs on one core") +
        fact(fmt::format("{:.1f} %", 100 * (1 - of(m.idle_ticks, m.ticks))), "of the core in use") +
        fact(fmt::format("{:.1f}", of(m.wakeups, m.ticks) * static_cast<double>(m.freq)), "wake-ups of the core a second") +
        fact(fmt::format("{:.1f} ms", 1000 * of(m.longest_sleep, m.freq)), "the longest that it slept");
    if (page.no_slack && page.no_slack->machine.wakeups != 0)
        out += fact(fmt::format("{:.1f}", of(page.no_slack->machine.wakeups, page.no_slack->machine.ticks) *
                                              static_cast<double>(page.no_slack->machine.freq)),
                    "wake-ups a second without timer-slack");
    return "<div class=\"facts\">" + out + "</div>\n";
}

std::string load_table(DemoPage const& page) {
    auto const& m = page.report.machine;
    std::string out =
        "<table><tr><th>VM</th><th>core</th><th>idle on a chip of its own</th><th>wake-ups/s</th><th>traps</th><th>bytes "
        "copied</th>"
        "<th>memory</th><th>image</th></tr>\n";
    for (std::size_t n = 0; n < page.report.vms.size(); ++n) {
        auto const& vm = page.report.vms[n];
        auto const size = std::ranges::find(page.sizes, vm.name, &DemoPage::Size::name);
        auto const share = of(vm.run_ticks, m.ticks);
        out += fmt::format(
            "<tr><td><i style=\"background:{}\"></i>{}</td><td>{:.2f} %</td><td>{:.2f} "
            "%</td><td>{:.1f}</td><td>{}</td><td>{}</td>"
            "<td>{}</td><td>{}</td></tr>\n",
            colour_of(n), escaped(vm.name), 100 * share, 100 * (1 - share), of(vm.wakeups, m.ticks) * static_cast<double>(m.freq),
            vm.traps, vm.copied, size == page.sizes.end() ? "" : bytes_text(size->memory),
            size == page.sizes.end() ? "" : bytes_text(size->image));
    }
    for (auto const& size : page.sizes)
        if (std::ranges::find(page.report.vms, size.name, &VmReport::name) == page.report.vms.end())
            out += fmt::format("<tr><td>{}</td><td></td><td></td><td></td><td></td><td></td><td>{}</td><td>{}</td></tr>\n",
                               escaped(size.name), bytes_text(size.memory), bytes_text(size.image));
    return out + "</table>";
}

std::string chips(DemoPage const& page) {
    std::vector<Bar> bars;
    for (std::size_t n = 0; n < page.report.vms.size(); ++n)
        bars.push_back({page.report.vms[n].name, of(page.report.vms[n].run_ticks, page.report.machine.ticks), n});
    return chips_picture(bars, bars);
}

std::string list(std::vector<std::string> const& lines) {
    std::string out;
    for (auto const& line : lines) out += "<li>" + escaped(line) + "</li>\n";
    return "<ul>" + out + "</ul>";
}

std::string shots(std::vector<Picture> const& pictures) {
    std::string out;
    for (auto const& picture : pictures) {
        std::string why;
        auto const bytes = read_file(picture.file, why);
        if (bytes == nullptr) continue;
        out += fmt::format(
            "<figure><img alt=\"{0}\" src=\"data:image/png;base64,{1}\"><figcaption>{2} s: {0}</figcaption></figure>\n",
            escaped(picture.what), base64(*bytes), picture.second);
    }
    return "<div class=\"shots\">" + out + "</div>";
}

}  // namespace

std::string to_page(DemoPage const& page) {
    auto const& m = page.report.machine;
    auto out = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n"
        "<title>{0}</title>\n<style>{1}</style>\n<main><h1>{0}</h1>\n<p class=\"lead\">{2:.2f} s of machine time, counted in "
        "instructions "
        "(one is one nanosecond). <b class=\"{3}\">{4}</b></p>\n",
        escaped(page.title), style, m.seconds(), page.well ? "well" : "ill",
        page.well ? "Every VM did its job." : "NOT every VM did its job.");
    out += facts(page);
    out += section("What each would leave idle on a chip of its own", chips(page));
    if (page.load) out += section("Load of the one core over time", load_picture(*page.load));
    out += section("VM by VM", load_table(page));
    if (!page.pictures.empty()) out += section("On the screen", shots(page.pictures));
    if (!page.sound.empty())
        out += section("What was heard", fmt::format("<audio controls src=\"{0}\"></audio><p><a href=\"{0}\">{0}</a></p>{1}",
                                                     page.sound, page.players.empty() ? "" : list(page.players)));
    if (!page.kept.empty()) out += section("The run against its contract", list(page.kept));
    return out + section("The whole report", "<pre>" + escaped(page.text) + "</pre>") + "</main></html>\n";
}

LoadOverTime load_over_time(TraceFile const& file, Timeline const& timeline, FinalReport const& report, std::size_t pieces) {
    LoadOverTime load;
    auto const length = std::max<std::uint64_t>(timeline.to - timeline.from, 1);
    load.seconds = static_cast<double>(timeline.nanoseconds(length)) / 1e9;
    load.from = std::max(0.0, report.machine.seconds() - load.seconds);
    auto const piece = static_cast<double>(length) / static_cast<double>(pieces);
    for (auto const& vm : report.vms) load.names.push_back(vm.name);
    load.shares.assign(load.names.size(), std::vector<double>(pieces, 0.0));
    for (auto const& turn : timeline.turns) {
        auto name = file.name_of(turn.who);
        auto const vm = std::ranges::find(load.names, name.substr(0, name.find('/')));
        if (vm == load.names.end()) continue;
        auto& shares = load.shares[static_cast<std::size_t>(vm - load.names.begin())];
        auto from = static_cast<double>(turn.from - timeline.from) / piece;
        auto const to = static_cast<double>(turn.to - timeline.from) / piece;
        for (auto n = static_cast<std::size_t>(from); n < pieces && from < to; ++n) {
            auto const end = std::min(to, static_cast<double>(n + 1));
            shares[n] += end - from;
            from = end;
        }
    }
    return load;
}

}  // namespace tiffin
