#include "planner/sim/clock/co_run.h"

#include <algorithm>
#include <string>
#include <utility>

namespace braid {
namespace {

constexpr std::int64_t kLongestSteps = 8;  // how often the longest step should run
constexpr std::int64_t kMostTasks = 200'000;
constexpr std::int64_t kForever = std::int64_t{1} << 40;

struct Alone {
  std::int64_t step_ns = 0;
  std::int64_t work_ns = 0;
  std::int64_t num_tasks = 0;
};

std::int64_t NumTasks(const TimedTemplate& tmpl) {
  return std::int64_t{tmpl.prologue.num_tasks} + tmpl.epilogue.num_tasks +
         std::int64_t{tmpl.layer.num_tasks} * tmpl.num_layers;
}

// Long enough for the longest step to repeat, short enough for the tasks to be few.
std::int64_t Horizon(const std::vector<Alone>& alone) {
  std::int64_t longest = 1;
  for (const Alone& one : alone) longest = std::max(longest, one.step_ns);
  std::int64_t tasks_in_longest = 0;
  for (const Alone& one : alone) {
    tasks_in_longest += (longest / std::max<std::int64_t>(one.step_ns, 1) + 1) * one.num_tasks;
  }
  if (tasks_in_longest * kLongestSteps <= kMostTasks) return longest * kLongestSteps;
  return std::max<std::int64_t>(longest / tasks_in_longest * kMostTasks, 1);
}

}  // namespace

Result<CoRun> CoRun::Make(const Discipline& discipline, const ContentionMatrix& contention) {
  ASSIGN_OR_RETURN(TaskClock clock, TaskClock::Make(discipline, contention));
  return CoRun(discipline, std::move(clock));
}

CoRun::CoRun(const Discipline& discipline, TaskClock clock)
    : discipline_(discipline), clock_(std::move(clock)) {}

Status CoRun::Rates(std::span<const CoRunStrand> strands, std::vector<std::int64_t>* rates) {
  const std::int64_t room = discipline_.kind == DisciplineKind::kSequential ? 1 : discipline_.depth;
  if (static_cast<std::int64_t>(strands.size()) > room) {
    return InvalidArgument(std::to_string(strands.size()) + " strands side by side, but only " +
                           std::to_string(room) + " may be in flight");
  }
  std::vector<Alone> alone;
  for (const CoRunStrand& strand : strands) {
    const StrandStart start = {
        .tmpl = strand.tmpl, .sizes = strand.sizes, .priority = strand.priority};
    RETURN_IF_ERROR(clock_.Run({&start, 1}, {}, &result_));
    if (result_.end_ns == 0) return InvalidArgument("a step that takes no time can't be repeated");
    alone.push_back(
        {result_.strands[0].end_ns, result_.strands[0].work_ns, NumTasks(*strand.tmpl)});
  }
  starts_.clear();
  for (const CoRunStrand& strand : strands) {
    starts_.push_back({.tmpl = strand.tmpl,
                       .sizes = strand.sizes,
                       .priority = strand.priority,
                       .repeats = kForever});
  }
  const std::int64_t horizon_ns = Horizon(alone);
  RETURN_IF_ERROR(clock_.Run(starts_, {.stop_ns = horizon_ns}, &result_));
  rates->clear();
  for (std::size_t i = 0; i < strands.size(); ++i) {
    // Division is correctly rounded everywhere, so doubles are safe here.
    const double steps = static_cast<double>(result_.strands[i].work_ns) /
                         static_cast<double>(std::max<std::int64_t>(alone[i].work_ns, 1));
    const double speed =
        steps * static_cast<double>(alone[i].step_ns) / static_cast<double>(horizon_ns);
    rates->push_back(std::clamp<std::int64_t>(
        static_cast<std::int64_t>(speed * static_cast<double>(kFullSpeed) + 0.5), 0, kFullSpeed));
  }
  return {};
}

}  // namespace braid
