#include "planner/sim/clock/task_clock.h"

#include "planner/sim/clock/list_lanes.h"
#include "planner/sim/clock/round_lanes.h"

#include <string>
#include <utility>

namespace braid {
namespace {

Status CheckDiscipline(const Discipline& discipline) {
  if (discipline.depth < 1) {
    return InvalidArgument("a depth of " + std::to_string(discipline.depth) +
                           " strands in flight; it must be at least 1");
  }
  if (discipline.quantum_ns < 1 || discipline.quantum_ns > UnrolledStrand::kMaxTaskNs) {
    return InvalidArgument("a quantum of " + std::to_string(discipline.quantum_ns) +
                           " ns; it must be 1 to " + std::to_string(UnrolledStrand::kMaxTaskNs));
  }
  if (discipline.decomposition < 1 || discipline.decomposition > 1024) {
    return InvalidArgument("a decomposition factor of " + std::to_string(discipline.decomposition) +
                           "; it must be 1 to 1024");
  }
  return {};
}

Status CheckContention(const ContentionMatrix& contention) {
  for (const auto& row : contention.factor) {
    for (const std::int64_t factor : row) {
      if (factor < ContentionMatrix::kOne || factor > 16 * ContentionMatrix::kOne) {
        return InvalidArgument("a contention of " + std::to_string(factor) +
                               " / 1024; it must be 1 to 16 times 1024");
      }
    }
  }
  return {};
}

Status CheckStart(const StrandStart& start) {
  if (start.tmpl == nullptr) return InvalidArgument("no template");
  if (start.arrival_ns < 0) {
    return InvalidArgument("arrives at " + std::to_string(start.arrival_ns) + " ns, before 0");
  }
  if (start.repeats < 1) {
    return InvalidArgument("runs " + std::to_string(start.repeats) +
                           " times; it must be 1 or more");
  }
  if (start.tmpl->overhead_ns < 0) {
    return InvalidArgument("an overhead of " + std::to_string(start.tmpl->overhead_ns) + " ns");
  }
  return {};
}

}  // namespace

struct TaskClock::Lanes {
  Lanes(const Discipline& discipline, const ContentionMatrix& contention)
      : kind(discipline.kind), list(discipline, contention), rounds(discipline, contention) {}

  DisciplineKind kind;
  ListLanes list;
  RoundLanes rounds;
};

TaskClock::TaskClock(std::unique_ptr<Lanes> lanes) : lanes_(std::move(lanes)) {}
TaskClock::TaskClock(TaskClock&&) noexcept = default;
TaskClock& TaskClock::operator=(TaskClock&&) noexcept = default;
TaskClock::~TaskClock() = default;

Result<TaskClock> TaskClock::Make(const Discipline& discipline,
                                  const ContentionMatrix& contention) {
  RETURN_IF_ERROR(CheckDiscipline(discipline));
  RETURN_IF_ERROR(CheckContention(contention));
  return TaskClock(std::make_unique<Lanes>(discipline, contention));
}

Status TaskClock::Run(std::span<const StrandStart> strands, const ClockOptions& options,
                      ClockResult* result) {
  for (std::size_t i = 0; i < strands.size(); ++i) {
    const Status checked = CheckStart(strands[i]);
    if (!checked.ok()) return checked.WithContext("strand " + std::to_string(i));
  }
  if (lanes_->kind == DisciplineKind::kRounds) return lanes_->rounds.Run(strands, options, result);
  return lanes_->list.Run(strands, options, result);
}

}  // namespace braid
