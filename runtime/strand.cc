#include "runtime/strand.h"

#include "base/status.h"

namespace braid {

Strand::Strand(Program program)
    : program_(std::move(program)),
      num_tasks_(program_.tmpl->num_tasks()),
      tasks_left_(num_tasks_),
      done_(num_tasks_, false) {
  for (const BoundExtent& extent : bindings().extents) {
    extents_.push_back({extent.first, extent.count});
  }
  for (const BoundRequest& request : bindings().requests) {
    request_rows_.push_back(
        {request.first_row, request.num_rows, request.first_position,
         std::span(extents_).subspan(request.first_extent, request.num_extents)});
  }
  Seek(Lane::kCompute, 0);
  Seek(Lane::kNetwork, 0);
}

void Strand::Seek(Lane lane, std::uint32_t index) {
  while (index < num_tasks_ && LaneOf(tmpl().tasks[tmpl().Place(index).task].kind) != lane) {
    ++index;
  }
  next_[static_cast<std::size_t>(lane)] = index;
}

std::optional<std::uint32_t> Strand::Ready(Lane lane) const {
  const std::uint32_t index = next_[static_cast<std::size_t>(lane)];
  if (index == num_tasks_) return std::nullopt;
  const Task& task = tmpl().tasks[tmpl().Place(index).task];
  for (std::uint32_t d = 0; d < task.num_dependencies; ++d) {
    const std::uint32_t distance = tmpl().dependencies[task.first_dependency + d];
    // An edge from before the first task is one that only later layers have.
    if (distance <= index && !done_[index - distance]) return std::nullopt;
  }
  return index;
}

void Strand::Finish(Lane lane) {
  const std::uint32_t index = next_[static_cast<std::size_t>(lane)];
  BRAID_CHECK(index < num_tasks_);
  done_[index] = true;
  --tasks_left_;
  Seek(lane, index + 1);
}

}  // namespace braid
