// `tiffin demo hive`: 256 VMs on one core, judged.
#pragma once
#include <map>
#include <string>

#include "plan/view.hpp"
#include "tool/demo/demo.hpp"

namespace tiffin {

/// Shows the machine on a terminal that 250 VMs must not flood: of the workers and of the final report only how far they are.
class HiveDigest {
public:
    explicit HiveDigest(PlanView const& plan);
    /// What to show in the place of a line; nothing: the line.
    std::optional<std::string> operator()(std::string_view vm, std::string_view text);

private:
    [[nodiscard]] bool is_worker(std::string_view vm) const;

    std::map<std::string, bool, std::less<>> workers_;
    unsigned alive_{0}, reported_{0};
};

/// What a worker said of its share.
struct WorkerShare {
    std::string name;
    std::uint64_t weight{0}, ran_us{0};
    double error{0};  // of its share among all workers, against its weight, in per cent
};

/// Of every worker that gave its figure, in the order of the plan.
std::vector<WorkerShare> worker_shares(PlanView const& plan, Watcher const& watcher);

/// The verdict: what is not as it should be, a line each; nothing: all is well.
std::vector<std::string> hive_failures(PlanView const& plan, Watcher const& watcher);

/// The report that ends the demo.
std::string hive_report(PlanView const& plan, Watcher const& watcher);

}  // namespace tiffin
