#pragma once

#include "plan/program.h"

#include <algorithm>
#include <set>
#include <vector>

namespace braid {

/// All that each unrolled task waits for by edges, near and far.
inline std::vector<std::set<std::uint32_t>> WaitsFor(const Template& tmpl) {
  std::vector<std::set<std::uint32_t>> before(tmpl.num_tasks());
  for (std::uint32_t i = 0; i < tmpl.num_tasks(); ++i) {
    const Task& task = tmpl.tasks[tmpl.Place(i).task];
    for (std::uint32_t d = 0; d < task.num_dependencies; ++d) {
      const std::uint32_t distance = tmpl.dependencies[task.first_dependency + d];
      if (distance > i) continue;
      before[i].insert(i - distance);
      before[i].insert(before[i - distance].begin(), before[i - distance].end());
    }
  }
  return before;
}

/// Which task of the unrolled template to look for.
struct Wanted {
  TaskKind kind = TaskKind::kAdd;
  std::int32_t layer = 0;
  std::uint8_t part = 0;
  Half half = Half::kWhole;
  RowSet rows = RowSet::kAll;
};

/// Unrolled indices of the tasks that are as wanted, in order.
inline std::vector<std::uint32_t> FindAll(const Template& tmpl, const Wanted& wanted) {
  std::vector<std::uint32_t> found;
  for (std::uint32_t i = 0; i < tmpl.num_tasks(); ++i) {
    const TaskPlace place = tmpl.Place(i);
    const Task& task = tmpl.tasks[place.task];
    if (task.kind == wanted.kind && place.layer == wanted.layer && task.part == wanted.part &&
        task.half == wanted.half && task.rows == wanted.rows) {
      found.push_back(i);
    }
  }
  return found;
}

inline std::uint32_t FindOne(const Template& tmpl, const Wanted& wanted) {
  return FindAll(tmpl, wanted).at(0);
}

}  // namespace braid
