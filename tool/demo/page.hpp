// A demo's report as one HTML page: it needs nothing but a browser, and no network.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/demo/picture.hpp"
#include "tool/demo/report.hpp"
#include "tool/run/director.hpp"
#include "tool/trace/timeline.hpp"

namespace tiffin {

/// What the page shows.
struct DemoPage {
    std::string title;
    bool well{false};  // every VM did its job
    FinalReport report{};
    std::optional<FinalReport> no_slack{};
    std::optional<LoadOverTime> load{};  // with a trace
    std::vector<Picture> pictures{};
    std::string sound{};                 // the file's name beside the page; empty: nothing was heard
    std::vector<std::string> kept{};     // the trace against the contract, as `tiffin audit` says it
    std::vector<std::string> players{};  // what the sound server said of its clients
    struct Size {
        std::string name;
        std::uint64_t memory, image;  // bytes
    };
    std::vector<Size> sizes{};
    std::string text{};  // the report as the terminal shows it
};

/// The pictures' files are read, and stand in the page.
std::string to_page(DemoPage const& page);

/// What share of the core each VM of `report` had, from a trace's turns, in `pieces` pieces.
LoadOverTime load_over_time(TraceFile const& file, Timeline const& timeline, FinalReport const& report, std::size_t pieces);

}  // namespace tiffin
