#include "planner/sim/clock/co_run.h"

#include <algorithm>
#include <string>
#include <utility>

namespace braid {
namespace {

constexpr std::int64_t kLeftOut = 4;  // the first of so many parts
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
std::int64_t Horizon(const std::vector<Alone>& alone, const CoRun::Length& length) {
  std::int64_t longest = 1;
  for (const Alone& one : alone) longest = std::max(longest, one.step_ns);
  std::int64_t tasks_in_longest = 0;
  for (const Alone& one : alone) {
    tasks_in_longest += (longest / std::max<std::int64_t>(one.step_ns, 1) + 1) * one.num_tasks;
  }
  if (tasks_in_longest * length.steps <= length.tasks) return longest * length.steps;
  return std::max<std::int64_t>(longest / tasks_in_longest * length.tasks, 1);
}

}  // namespace

Result<CoRun> CoRun::Make(const Discipline& discipline, const ContentionMatrix& contention,
                          const Length& length) {
  if (length.steps < 1 || length.tasks < 1) {
    return InvalidArgument("strands side by side are watched over " + std::to_string(length.steps) +
                           " steps and " + std::to_string(length.tasks) +
                           " tasks; both must be at least 1");
  }
  ASSIGN_OR_RETURN(TaskClock clock, TaskClock::Make(discipline, contention));
  return CoRun(discipline, length, std::move(clock));
}

CoRun::CoRun(const Discipline& discipline, const Length& length, TaskClock clock)
    : discipline_(discipline), length_(length), clock_(std::move(clock)) {}

// Work that the strands of starts_ have done by then.
Status CoRun::WorkBy(std::int64_t stop_ns, std::vector<std::int64_t>* work_ns) {
  RETURN_IF_ERROR(clock_.Run(starts_, {.stop_ns = stop_ns}, &result_));
  work_ns->clear();
  for (const StrandResult& strand : result_.strands) work_ns->push_back(strand.work_ns);
  return {};
}

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
  const std::int64_t horizon_ns = Horizon(alone, length_);
  const std::int64_t left_out_ns = horizon_ns / kLeftOut;
  RETURN_IF_ERROR(WorkBy(left_out_ns, &before_ns_));
  RETURN_IF_ERROR(WorkBy(horizon_ns, &work_ns_));
  rates->clear();
  for (std::size_t i = 0; i < strands.size(); ++i) {
    // Division is correctly rounded everywhere, so doubles are safe here.
    const double steps = static_cast<double>(work_ns_[i] - before_ns_[i]) /
                         static_cast<double>(std::max<std::int64_t>(alone[i].work_ns, 1));
    const double speed = steps * static_cast<double>(alone[i].step_ns) /
                         static_cast<double>(horizon_ns - left_out_ns);
    rates->push_back(std::clamp<std::int64_t>(
        static_cast<std::int64_t>(speed * static_cast<double>(kFullSpeed) + 0.5), 0, kFullSpeed));
  }
  return {};
}

}  // namespace braid
