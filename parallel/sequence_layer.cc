#include "parallel/sequence_layer.h"

#include "base/status.h"

#include <algorithm>

namespace braid {

void AddPartials(const SequenceSplit& split, Template* header) {
  WidthOf(Buffer::kPartials, header) = WidthOf(Buffer::kQuery, header) + split.num_heads;
}

Task MergeTask() {
  return {.kind = TaskKind::kMergePartials, .in = Buffer::kPartials, .out = Buffer::kAttended};
}

std::size_t IndexOf(TaskKind kind, const std::vector<Task>& tasks) {
  const auto found = std::find_if(tasks.begin(), tasks.end(),
                                  [kind](const Task& task) { return task.kind == kind; });
  BRAID_CHECK(found != tasks.end());
  return static_cast<std::size_t>(found - tasks.begin());
}

void ReplaceTasks(TaskKind first, TaskKind last, const std::vector<Task>& replacement,
                  std::vector<Task>* tasks) {
  const auto begin = tasks->begin() + static_cast<std::ptrdiff_t>(IndexOf(first, *tasks));
  const auto end = tasks->begin() + static_cast<std::ptrdiff_t>(IndexOf(last, *tasks)) + 1;
  const auto place = tasks->erase(begin, end);
  tasks->insert(place, replacement.begin(), replacement.end());
}

}  // namespace braid
