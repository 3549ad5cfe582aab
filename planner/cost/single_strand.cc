#include "planner/cost/single_strand.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

namespace braid {
namespace {

bool SameTime(const TimedTask& a, const TimedTask& b) {
  const auto same = [](const TimedTask::Term& x, const TimedTask::Term& y) {
    return x.size == y.size && x.coefficient == y.coefficient;
  };
  return a.lane == b.lane && a.fixed_ns == b.fixed_ns && a.floor_ns == b.floor_ns &&
         same(a.terms[0], b.terms[0]) && same(a.terms[1], b.terms[1]);
}

struct Place {
  const TimedTask* task;
  std::size_t index;  // in the unrolled step
};

/// Calls `visit` for every task of the unrolled step, in order.
template <typename Visit>
void ForEachTask(const TimedTemplate& tmpl, const Visit& visit) {
  std::size_t index = 0;
  const auto run = [&](const Section& section) {
    for (std::uint32_t i = 0; i < section.num_tasks; ++i) {
      visit(Place{&tmpl.tasks[section.first_task + i], index++});
    }
  };
  run(tmpl.prologue);
  for (std::int32_t layer = 0; layer < tmpl.num_layers; ++layer) run(tmpl.layer);
  run(tmpl.epilogue);
}

/// Whether every task waits for the one just before it: then no two of them overlap.
bool IsChain(const TimedTemplate& tmpl) {
  const TimedTask* previous = nullptr;
  bool chain = true;
  ForEachTask(tmpl, [&](const Place& place) {
    const TimedTask& task = *place.task;
    bool waits = previous == nullptr || previous->lane == task.lane;
    for (std::size_t i = 0; i < task.num_dependencies; ++i) {
      waits = waits || tmpl.dependencies[task.first_dependency + i] == 1;
    }
    chain = chain && waits;
    previous = &task;
  });
  return chain;
}

// Ends of the latest tasks, by index modulo a power of two.
constexpr std::size_t kWindow = 1024;
using Ends = std::array<std::int64_t, kWindow>;

struct Lanes {
  std::array<std::int64_t, kNumLanes> free = {};
};

}  // namespace

StrandTime RunTaskByTask(const TimedTemplate& tmpl, const StepSizes& sizes) {
  StrandTime time{.total_ns = tmpl.overhead_ns};
  std::vector<std::int64_t> ends;
  std::array<std::int64_t, kNumLanes> free;
  free.fill(tmpl.overhead_ns);
  ForEachTask(tmpl, [&](const Place& place) {
    const TimedTask& task = *place.task;
    const auto lane = static_cast<std::size_t>(task.lane);
    std::int64_t start = free[lane];
    for (std::size_t i = 0; i < task.num_dependencies; ++i) {
      const std::size_t distance = tmpl.dependencies[task.first_dependency + i];
      if (distance <= place.index) start = std::max(start, ends[place.index - distance]);
    }
    const std::int64_t duration = task.Ns(sizes);
    ends.push_back(start + duration);
    free[lane] = start + duration;
    (task.lane == Lane::kCompute ? time.compute_busy_ns : time.network_busy_ns) += duration;
    time.total_ns = std::max(time.total_ns, start + duration);
  });
  return time;
}

SingleStrand::SingleStrand(const TimedTemplate& tmpl)
    : overhead_ns_(tmpl.overhead_ns), is_chain_(IsChain(tmpl)) {
  ForEachTask(tmpl, [&](const Place& place) {
    const auto same = std::find_if(different_.begin(), different_.end(), [&](const Counted& c) {
      return SameTime(c.task, *place.task);
    });
    if (same != different_.end()) {
      ++same->count;
    } else {
      different_.push_back({*place.task, 1});
    }
  });
  if (is_chain_) return;
  template_ = tmpl;
  for (std::uint32_t i = 0; i < tmpl.layer.num_tasks; ++i) {
    layer_uses_[static_cast<std::size_t>(tmpl.tasks[tmpl.layer.first_task + i].lane)] = true;
  }
  for (const std::uint16_t distance : tmpl.dependencies) {
    reach_ = std::max(reach_, std::size_t{distance});
  }
}

std::int64_t SingleStrand::TotalNs(const StepSizes& sizes) const {
  if (!is_chain_) return Overlapped(sizes);
  std::int64_t total = overhead_ns_;
  for (const Counted& counted : different_) total += counted.count * counted.task.Ns(sizes);
  return total;
}

StrandTime SingleStrand::Run(const StepSizes& sizes) const {
  StrandTime time{.total_ns = TotalNs(sizes)};
  for (const Counted& counted : different_) {
    const std::int64_t busy = counted.count * counted.task.Ns(sizes);
    (counted.task.lane == Lane::kCompute ? time.compute_busy_ns : time.network_busy_ns) += busy;
  }
  return time;
}

std::int64_t SingleStrand::Overlapped(const StepSizes& sizes) const {
  const std::size_t layer_tasks = template_.layer.num_tasks;
  // What a later task may look back at: the latest `reach_` ends.
  if (reach_ + layer_tasks >= kWindow || template_.tasks.size() > kWindow) {
    return RunTaskByTask(template_, sizes).total_ns;
  }
  std::array<std::int64_t, kWindow> durations;
  for (std::size_t i = 0; i < template_.tasks.size(); ++i) {
    durations[i] = template_.tasks[i].Ns(sizes);
  }
  Ends ends;
  Lanes lanes;
  lanes.free.fill(overhead_ns_);
  std::int64_t section_latest = 0;
  std::size_t index = 0;
  const auto run = [&](const Section& section) {
    section_latest = 0;
    for (std::uint32_t i = 0; i < section.num_tasks; ++i, ++index) {
      const TimedTask& task = template_.tasks[section.first_task + i];
      const auto lane = static_cast<std::size_t>(task.lane);
      std::int64_t start = lanes.free[lane];
      for (std::size_t d = 0; d < task.num_dependencies; ++d) {
        const std::size_t distance = template_.dependencies[task.first_dependency + d];
        if (distance <= index) start = std::max(start, ends[(index - distance) % kWindow]);
      }
      const std::int64_t end = start + durations[section.first_task + i];
      ends[index % kWindow] = end;
      lanes.free[lane] = end;
      section_latest = std::max(section_latest, end);
    }
  };
  // True where all that the next layer can see is what the last one saw, `shift` later.
  const auto repeats = [&](const Lanes& before, std::int64_t& shift) {
    if (index < reach_ + layer_tasks) return false;
    shift = ends[(index - 1) % kWindow] - ends[(index - 1 - layer_tasks) % kWindow];
    for (std::size_t lane = 0; lane < lanes.free.size(); ++lane) {
      if (layer_uses_[lane] && lanes.free[lane] - before.free[lane] != shift) return false;
    }
    for (std::size_t back = 1; back <= reach_; ++back) {
      const std::int64_t now = ends[(index - back) % kWindow];
      if (now - ends[(index - back - layer_tasks) % kWindow] != shift) return false;
    }
    return true;
  };
  run(template_.prologue);
  std::int64_t latest = std::max(overhead_ns_, section_latest);
  for (std::int32_t layer = 1; layer <= template_.num_layers; ++layer) {
    const Lanes before = lanes;
    run(template_.layer);
    std::int64_t shift = 0;
    if (layer < template_.num_layers && repeats(before, shift)) {
      const std::int64_t skipped = shift * (template_.num_layers - layer);
      for (std::size_t back = 1; back <= reach_; ++back) ends[(index - back) % kWindow] += skipped;
      for (std::size_t lane = 0; lane < lanes.free.size(); ++lane) {
        if (layer_uses_[lane]) lanes.free[lane] += skipped;
      }
      latest = std::max(latest, section_latest + skipped);
      break;
    }
    latest = std::max(latest, section_latest);
  }
  run(template_.epilogue);
  return std::max(latest, section_latest);
}

}  // namespace braid
