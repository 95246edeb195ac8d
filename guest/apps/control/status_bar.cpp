#include "guest/apps/control/status_bar.hpp"

#include "guest/sdk/format.hpp"

namespace control {

using namespace tiffin::sdk;

namespace {

/// Words that fit a line of the strip; what is longer is cut.
class Line {
public:
    template <class... Args>
    explicit Line(std::string_view format, Args... args) {
        FormatArg const list[] = {FormatArg{args}...};
        format_to([this](char c) { size_ < sizeof text_ ? void(text_[size_++] = c) : void(); }, format, list, sizeof...(args));
    }
    [[nodiscard]] std::string_view text() const { return {text_, size_}; }

private:
    char text_[48]{};
    std::size_t size_{0};
};

/// "60.0 C", rounded towards zero; colder than nought is `-`.
Line degrees(std::int32_t thousandths) {
    bool const minus = thousandths < 0;
    auto const tenths = static_cast<std::uint32_t>(minus ? -thousandths : thousandths) / 100;
    return Line{"{}{}.{} C", minus ? "-" : "", tenths / 10, tenths % 10};
}

}  // namespace

void draw(Canvas& canvas, Status const& status) {
    canvas.fill(canvas.all(), status.alarm ? alarmed : calm);
    canvas.text(8, 9, degrees(status.temperature).text(), ink, 3);
    canvas.text(160, 13, "HEAT", ink, 2);
    canvas.bar({216, 12, 120, 16}, static_cast<std::uint32_t>(status.power), 1000, heat, dim);
    canvas.text(352, 6, Line{"LOOPS {} MISSED {}", status.loops, status.missed}.text(), ink, 2);
    canvas.text(352, 26, Line{"WORST {} NS LATE, SET {}", status.worst_ns, degrees(status.wanted).text()}.text(), ink);
    canvas.text(680, 9, status.alarm ? "ALARM" : status.fan ? "" : "NO FAN", ink, 3);
}

}  // namespace control
