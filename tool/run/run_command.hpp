#pragma once
#include "tool/build.hpp"
#include "tool/run/machine.hpp"

namespace tiffin {

/// A boot image in a folder of its own, which goes with this object.
class TemporaryImage {
public:
    explicit TemporaryImage(Bytes const& image);
    ~TemporaryImage();
    TemporaryImage(TemporaryImage const&) = delete;
    TemporaryImage& operator=(TemporaryImage const&) = delete;

    [[nodiscard]] std::string const& path() const { return path_; }
    /// A path beside it for the monitor's socket.
    [[nodiscard]] std::string monitor() const { return folder_ + "/monitor"; }
    /// Empty if it was written.
    [[nodiscard]] std::string const& error() const { return error_; }

private:
    std::string folder_, path_, error_;
};

/// `tiffin run`: the exit status. The machine's own status, 124 when the time is up, 1 if an expectation was not met.
int run_built(BuildResult const& built, BuildOptions const& build_options, RunOptions options);

/// Says on stderr what was expected and not seen; true if there was nothing to say.
bool report_expectations(Watcher const& watcher);

/// Says on stderr why a run ended otherwise than by the machine's own status.
void report_end(RunResult const& result, RunOptions const& options, Watcher const& watcher);

}  // namespace tiffin
