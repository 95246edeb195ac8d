// One HTML page that shows a trace: it needs nothing but a browser.
#pragma once
#include <string>
#include <string_view>

#include "tool/trace/timeline.hpp"

namespace tiffin {

/// The page without data (page.html, by way of CMake).
extern std::string_view const page_text;

std::string to_page(TraceFile const& file, Timeline const& timeline);

}  // namespace tiffin
