#include "planner/sim/clock/unrolled_strand.h"

#include <algorithm>
#include <string>

namespace braid {

Status UnrolledStrand::CheckSections(const TimedTemplate& tmpl) {
  for (const Section& section : {tmpl.prologue, tmpl.layer, tmpl.epilogue}) {
    if (std::size_t{section.first_task} + section.num_tasks > tmpl.tasks.size()) {
      return InvalidArgument("a section of the template ends at task " +
                             std::to_string(std::size_t{section.first_task} + section.num_tasks) +
                             ", but there are " + std::to_string(tmpl.tasks.size()));
    }
  }
  for (const TimedTask& task : tmpl.tasks) {
    if (std::size_t{task.first_dependency} + task.num_dependencies > tmpl.dependencies.size()) {
      return InvalidArgument("a task's edges end beyond the template's " +
                             std::to_string(tmpl.dependencies.size()));
    }
  }
  if (tmpl.num_layers < 0) {
    return InvalidArgument("a template of " + std::to_string(tmpl.num_layers) + " layers");
  }
  const std::int64_t num_tasks = std::int64_t{tmpl.prologue.num_tasks} + tmpl.epilogue.num_tasks +
                                 std::int64_t{tmpl.layer.num_tasks} * std::int64_t{tmpl.num_layers};
  if (num_tasks < 1 || num_tasks > kMaxTasks) {
    return InvalidArgument("a template of " + std::to_string(num_tasks) +
                           " tasks; the clock runs 1 to " + std::to_string(kMaxTasks));
  }
  return {};
}

Status UnrolledStrand::TimeTasks(const TimedTemplate& tmpl, const StepSizes& sizes) {
  task_ns_.resize(tmpl.tasks.size());
  for (std::size_t i = 0; i < tmpl.tasks.size(); ++i) {
    task_ns_[i] = tmpl.tasks[i].Ns(sizes);
    if (task_ns_[i] < 0 || task_ns_[i] > kMaxTaskNs) {
      return InvalidArgument("task " + std::to_string(i) + " takes " + std::to_string(task_ns_[i]) +
                             " ns; the clock runs tasks of 0 to " + std::to_string(kMaxTaskNs));
    }
  }
  return {};
}

// Appends the section once, its edges looked up one by one.
Status UnrolledStrand::AppendSection(const TimedTemplate& tmpl, const Section& section) {
  for (std::uint32_t i = section.first_task; i < section.first_task + section.num_tasks; ++i) {
    const TimedTask& task = tmpl.tasks[i];
    const auto lane = static_cast<std::uint32_t>(task.lane);
    const std::size_t position = places_.size();
    LaneTask entry;
    entry.work_ns = task_ns_[i];
    entry.unrolled = static_cast<std::uint32_t>(position);
    entry.work = task.work;
    entry.cuttable = task.cuttable;
    for (std::size_t d = 0; d < task.num_dependencies; ++d) {
      const std::size_t distance = tmpl.dependencies[task.first_dependency + d];
      if (distance == 0) {
        return InvalidArgument("task " + std::to_string(i) + " depends on itself");
      }
      if (distance > position) continue;  // the first layer has no layer before it
      const std::uint32_t place = places_[position - distance];
      if ((place & 1) != lane) entry.need = std::max(entry.need, (place >> 1) + 1);
    }
    places_.push_back((counts_[lane]++ << 1) | lane);
    lanes_[lane].push_back(entry);
    work_ns_ += entry.work_ns;
  }
  return {};
}

// Appends the layer that was appended last `times` more times, its edges moved along.
void UnrolledStrand::RepeatLayer(const TimedTemplate& tmpl, std::int32_t times) {
  const std::uint32_t num_tasks = tmpl.layer.num_tasks;
  std::array<std::uint32_t, kNumLanes> period = {};
  for (std::uint32_t i = 0; i < num_tasks; ++i) {
    ++period[static_cast<std::size_t>(tmpl.tasks[tmpl.layer.first_task + i].lane)];
  }
  for (std::size_t lane = 0; lane < kNumLanes; ++lane) {
    std::vector<LaneTask>& tasks = lanes_[lane];
    const std::size_t first = tasks.size();
    tasks.resize(first + std::size_t{period[lane]} * static_cast<std::size_t>(times));
    LaneTask* out = tasks.data() + first;
    for (const LaneTask* in = out - period[lane]; out != tasks.data() + tasks.size(); ++in, ++out) {
      *out = *in;
      if (in->need > 0) out->need = in->need + period[1 - lane];
      out->unrolled = in->unrolled + num_tasks;
    }
    counts_[lane] = static_cast<std::uint32_t>(tasks.size());
  }
  // Of the places only those that a later edge may reach: of the last layers.
  const std::size_t end = places_.size() + std::size_t{num_tasks} * static_cast<std::size_t>(times);
  const std::size_t first = std::max(places_.size(), end - std::min<std::size_t>(end, reach_));
  const std::size_t known = places_.size() - num_tasks;
  places_.resize(end);
  for (std::size_t i = first; i < end; ++i) {
    const auto layers = static_cast<std::uint32_t>((i - known) / num_tasks);
    const std::uint32_t before = places_[known + (i - known) % num_tasks];
    places_[i] = before + ((layers * period[before & 1]) << 1);
  }
  for (std::uint32_t i = 0; i < num_tasks; ++i) {
    work_ns_ += times * task_ns_[tmpl.layer.first_task + i];
  }
}

Status UnrolledStrand::Unroll(const TimedTemplate& tmpl, const StepSizes& sizes) {
  RETURN_IF_ERROR(CheckSections(tmpl));
  RETURN_IF_ERROR(TimeTasks(tmpl, sizes));
  counts_ = {};
  places_.clear();
  for (std::vector<LaneTask>& lane : lanes_) lane.clear();
  work_ns_ = 0;
  reach_ = 1;
  for (const std::uint16_t distance : tmpl.dependencies) {
    reach_ = std::max<std::size_t>(reach_, distance);
  }

  RETURN_IF_ERROR(AppendSection(tmpl, tmpl.prologue));
  if (tmpl.layer.num_tasks > 0 && tmpl.num_layers > 0) {
    // From this layer on all edges end inside the layers, so each is the one before, moved.
    const auto regular = static_cast<std::int32_t>(
        std::min<std::size_t>(static_cast<std::size_t>(tmpl.num_layers),
                              1 + (reach_ + tmpl.layer.num_tasks - 1) / tmpl.layer.num_tasks));
    for (std::int32_t layer = 0; layer < regular; ++layer) {
      RETURN_IF_ERROR(AppendSection(tmpl, tmpl.layer));
    }
    if (tmpl.num_layers > regular) RepeatLayer(tmpl, tmpl.num_layers - regular);
  }
  RETURN_IF_ERROR(AppendSection(tmpl, tmpl.epilogue));

  for (std::vector<LaneTask>& lane : lanes_) lane.push_back({.need = kNeverMet});
  return {};
}

}  // namespace braid
