#include "tool/run/pattern.hpp"

namespace tiffin {

std::optional<Pattern> Pattern::compile(std::string const& text, std::string& why) {
    auto compiled = std::make_unique<regex_t>();
    if (auto const error = regcomp(compiled.get(), text.c_str(), REG_EXTENDED | REG_NOSUB); error != 0) {
        char reason[128];
        regerror(error, compiled.get(), reason, sizeof reason);
        return why = reason, std::nullopt;
    }
    auto const free_it = [](regex_t* r) {
        regfree(r);
        delete r;
    };
    return Pattern{text, std::shared_ptr<regex_t>{compiled.release(), free_it}};
}

bool Pattern::found_in(std::string const& line) const { return regexec(compiled_.get(), line.c_str(), 0, nullptr, 0) == 0; }

}  // namespace tiffin
