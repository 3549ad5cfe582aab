#include "bench/planner_chapters.h"
#include "planner/cost/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace braid {

Result<Chapter> CostModelChapter() {
  ASSIGN_OR_RETURN(const Profile profile, BuiltinProfile("a800-80gb"));
  ASSIGN_OR_RETURN(const Calibration calibration, Calibrate(profile, PrecisionOf(profile)));
  const std::vector<JudgedPoint> cells =
      JudgedBySource(calibration, CalibrationPoint::What::kPrefill, "Fig. 3");
  std::vector<std::vector<std::string>> rows = {
      {"strategy", "batch", "tokens", "published ms", "model ms", "error", "fitted"}};
  double worst = 0;
  int fitted = 0;
  int within = 0;
  for (const JudgedPoint& cell : cells) {
    const CalibrationPoint& point = cell.point;
    const double error = cell.relative_error();
    worst = std::max(worst, std::abs(error));
    fitted += point.fit ? 1 : 0;
    within += std::abs(error) <= 0.10 ? 1 : 0;
    rows.push_back({fmt::format("SP{}TP{}", point.degree, point.tensor_size),
                    fmt::format("{}", point.batch), fmt::format("{}", point.length),
                    fmt::format("{:.0f}", point.ns / 1e6),
                    fmt::format("{:.0f}", cell.predicted_ns / 1e6),
                    fmt::format("{:+.1f} %", 100 * error), point.fit ? "yes" : ""});
  }
  Chapter chapter = {.title = "### Cost model against published A800 prefill times"};
  chapter.targets.push_back(
      {.what = "cost model, 18 published A800 prefill cells",
       .target = "each within 10 %, fitted on <= 6",
       .reached = fmt::format("{} of {} within 10 %, worst {:.1f} %, fitted on {}", within,
                              cells.size(), 100 * worst, fitted),
       .verdict = VerdictOf(within == 18 && cells.size() == 18 && fitted <= 6)});
  chapter.details = MarkdownTable(rows);
  return chapter;
}

}  // namespace braid
