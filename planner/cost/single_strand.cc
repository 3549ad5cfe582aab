#include "planner/cost/single_strand.h"

#include <algorithm>

namespace braid {
namespace {

// Ends of the latest tasks are kept by index modulo a power of two.
constexpr std::size_t kWindow = 1024;
constexpr std::size_t kMostDifferent = 256;

bool SameTime(const TimedTask& a, const TimedTask& b) {
  const auto same = [](const TimedTask::Term& x, const TimedTask::Term& y) {
    return x.size == y.size && x.coefficient == y.coefficient;
  };
  return a.lane == b.lane && a.fixed_ns == b.fixed_ns && a.floor_ns == b.floor_ns &&
         same(a.terms[0], b.terms[0]) && same(a.terms[1], b.terms[1]);
}

struct Place {
  std::uint32_t task;    // of the template
  std::uint32_t offset;  // in its section
  std::size_t index;     // in the unrolled step
};

/// Calls `visit` for every task of the unrolled step, in order.
template <typename Visit>
void ForEachTask(const TimedTemplate& tmpl, const Visit& visit) {
  std::size_t index = 0;
  const auto run = [&](const Section& section) {
    for (std::uint32_t i = 0; i < section.num_tasks; ++i) {
      visit(Place{section.first_task + i, i, index++});
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
    const TimedTask& task = tmpl.tasks[place.task];
    bool waits = previous == nullptr || previous->lane == task.lane;
    for (std::size_t i = 0; i < task.num_dependencies; ++i) {
      waits = waits || tmpl.dependencies[task.first_dependency + i] == 1;
    }
    chain = chain && waits;
    previous = &task;
  });
  return chain;
}

/// Which tasks of the template a task of the other lane or of another section waits for, in any
/// layer. Within a section the same lane needs no edges: it is in order.
std::vector<bool> AwaitedTasks(const TimedTemplate& tmpl) {
  std::vector<std::uint32_t> unrolled;
  std::vector<bool> awaited(tmpl.tasks.size(), false);
  ForEachTask(tmpl, [&](const Place& place) {
    unrolled.push_back(place.task);
    const TimedTask& task = tmpl.tasks[place.task];
    for (std::size_t i = 0; i < task.num_dependencies; ++i) {
      const std::size_t distance = tmpl.dependencies[task.first_dependency + i];
      if (distance > place.index) continue;
      const std::uint32_t before = unrolled[place.index - distance];
      const bool outside = distance > place.offset;
      if (outside || tmpl.tasks[before].lane != task.lane) awaited[before] = true;
    }
  });
  return awaited;
}

}  // namespace

StrandTime RunTaskByTask(const TimedTemplate& tmpl, const StepSizes& sizes) {
  StrandTime time{.total_ns = tmpl.overhead_ns};
  std::vector<std::int64_t> ends;
  std::array<std::int64_t, kNumLanes> free;
  free.fill(tmpl.overhead_ns);
  ForEachTask(tmpl, [&](const Place& place) {
    const TimedTask& task = tmpl.tasks[place.task];
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

/// The state of a run. Not initialised on purpose: it is built in every call.
struct SingleStrand::Timeline {
  std::array<std::int64_t, kMostDifferent> different_ns;
  std::array<std::int64_t, kWindow> stretch_ns;
  std::array<std::int64_t, kWindow> ends;  // of the tasks that end a stretch
  std::array<std::int64_t, kNumLanes> free;
  std::array<std::int64_t, kNumLanes> free_before;  // the latest section
  std::int64_t section_latest;
  std::size_t index;  // tasks so far
};

SingleStrand::SingleStrand(const TimedTemplate& tmpl)
    : overhead_ns_(tmpl.overhead_ns), is_chain_(IsChain(tmpl)) {
  different_of_.resize(tmpl.tasks.size());
  const auto count = [&](const Section& section, std::int64_t times) {
    for (std::uint32_t i = 0; i < section.num_tasks; ++i) {
      const std::uint32_t task = section.first_task + i;
      different_of_[task] = Count(tmpl.tasks[task], times);
    }
  };
  count(tmpl.prologue, 1);
  count(tmpl.layer, tmpl.num_layers);
  count(tmpl.epilogue, 1);
  if (is_chain_) return;

  template_ = tmpl;
  std::size_t reach = 1;
  for (const std::uint16_t distance : tmpl.dependencies) {
    reach = std::max(reach, std::size_t{distance});
  }
  const std::size_t layer_tasks = std::max<std::size_t>(1, tmpl.layer.num_tasks);
  layers_seen_ = static_cast<std::int32_t>((reach + layer_tasks - 1) / layer_tasks);
  fits_window_ = (static_cast<std::size_t>(layers_seen_) + 1) * layer_tasks + reach < kWindow &&
                 tmpl.tasks.size() < kWindow && different_.size() <= kMostDifferent;
  const std::vector<bool> awaited = AwaitedTasks(tmpl);
  prologue_ = Cut(tmpl.prologue, awaited);
  layer_ = Cut(tmpl.layer, awaited);
  epilogue_ = Cut(tmpl.epilogue, awaited);
  for (std::uint32_t s = layer_.first; s < layer_.end; ++s) {
    layer_uses_[static_cast<std::size_t>(stretches_[s].lane)] = true;
  }
}

std::uint32_t SingleStrand::Count(const TimedTask& task, std::int64_t times) {
  auto same = std::find_if(different_.begin(), different_.end(),
                           [&](const Counted& counted) { return SameTime(counted.task, task); });
  if (same == different_.end()) same = different_.insert(same, {task, 0});
  same->count += times;
  return static_cast<std::uint32_t>(same - different_.begin());
}

void SingleStrand::AddPart(std::uint32_t different) {
  Stretch& stretch = stretches_.back();
  const auto begin = parts_.begin() + stretch.first_part;
  const auto same = std::find_if(begin, parts_.end(),
                                 [&](const Part& part) { return part.different == different; });
  if (same != parts_.end()) {
    ++same->count;
    return;
  }
  parts_.push_back({different, 1});
  ++stretch.num_parts;
}

SingleStrand::Stretches SingleStrand::Cut(const Section& section,
                                          const std::vector<bool>& awaited) {
  Stretches cut{.first = static_cast<std::uint32_t>(stretches_.size()),
                .num_tasks = section.num_tasks};
  // Lane by lane, so that the parts of a stretch lie together; put in order of the first task
  // below.
  for (const Lane lane : {Lane::kCompute, Lane::kNetwork}) {
    bool open = false;
    for (std::uint32_t i = 0; i < section.num_tasks; ++i) {
      const TimedTask& task = template_.tasks[section.first_task + i];
      if (task.lane != lane) continue;
      std::vector<std::uint32_t> waits;
      for (std::size_t d = 0; d < task.num_dependencies; ++d) {
        waits.push_back(template_.dependencies[task.first_dependency + d]);
      }
      // Edges within the lane say nothing new. Near the section's start an edge may reach another
      // section, so its lane is looked up only inside.
      std::erase_if(waits, [&](std::uint32_t distance) {
        return distance <= i && template_.tasks[section.first_task + i - distance].lane == lane;
      });
      if (!open || !waits.empty()) {
        stretches_.push_back({.first = i,
                              .first_part = static_cast<std::uint32_t>(parts_.size()),
                              .first_wait = static_cast<std::uint32_t>(waits_.size()),
                              .num_waits = static_cast<std::uint32_t>(waits.size()),
                              .lane = lane});
        waits_.insert(waits_.end(), waits.begin(), waits.end());
      }
      AddPart(different_of_[section.first_task + i]);
      stretches_.back().last = i;
      open = !awaited[section.first_task + i];
    }
  }
  cut.end = static_cast<std::uint32_t>(stretches_.size());
  std::sort(stretches_.begin() + cut.first, stretches_.end(),
            [](const Stretch& a, const Stretch& b) { return a.first < b.first; });
  return cut;
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

void SingleStrand::RunSection(const Stretches& section, Timeline& timeline) const {
  timeline.section_latest = 0;
  timeline.free_before = timeline.free;
  for (std::uint32_t s = section.first; s < section.end; ++s) {
    const Stretch& stretch = stretches_[s];
    const auto lane = static_cast<std::size_t>(stretch.lane);
    const std::size_t first = timeline.index + stretch.first;
    std::int64_t start = timeline.free[lane];
    for (std::uint32_t w = 0; w < stretch.num_waits; ++w) {
      const std::size_t distance = waits_[stretch.first_wait + w];
      if (distance <= first) start = std::max(start, timeline.ends[(first - distance) % kWindow]);
    }
    const std::int64_t end = start + timeline.stretch_ns[s];
    timeline.ends[(timeline.index + stretch.last) % kWindow] = end;
    timeline.free[lane] = end;
    timeline.section_latest = std::max(timeline.section_latest, end);
  }
  timeline.index += section.num_tasks;
}

/// True where all that the next layer can see is what the last one saw, `shift` later.
bool SingleStrand::Repeats(const Timeline& timeline, std::int32_t layers_run,
                           std::int64_t& shift) const {
  if (layers_run <= layers_seen_) return false;
  shift = -1;
  for (std::size_t lane = 0; lane < timeline.free.size(); ++lane) {
    if (!layer_uses_[lane]) continue;
    const std::int64_t moved = timeline.free[lane] - timeline.free_before[lane];
    if (shift >= 0 && moved != shift) return false;
    shift = moved;
  }
  std::size_t layer_start = timeline.index - layer_.num_tasks;
  for (std::int32_t back = 0; back < layers_seen_; ++back, layer_start -= layer_.num_tasks) {
    for (std::uint32_t s = layer_.first; s < layer_.end; ++s) {
      const std::size_t last = layer_start + stretches_[s].last;
      const std::int64_t now = timeline.ends[last % kWindow];
      if (now - timeline.ends[(last - layer_.num_tasks) % kWindow] != shift) return false;
    }
  }
  return true;
}

std::int64_t SingleStrand::Overlapped(const StepSizes& sizes) const {
  if (!fits_window_) return RunTaskByTask(template_, sizes).total_ns;
  Timeline timeline;
  for (std::size_t i = 0; i < different_.size(); ++i) {
    timeline.different_ns[i] = different_[i].task.Ns(sizes);
  }
  for (std::size_t s = 0; s < stretches_.size(); ++s) {
    std::int64_t ns = 0;
    for (std::uint32_t p = 0; p < stretches_[s].num_parts; ++p) {
      const Part& part = parts_[stretches_[s].first_part + p];
      ns += part.count * timeline.different_ns[part.different];
    }
    timeline.stretch_ns[s] = ns;
  }
  timeline.free.fill(overhead_ns_);
  timeline.index = 0;
  RunSection(prologue_, timeline);
  std::int64_t latest = std::max(overhead_ns_, timeline.section_latest);
  const std::int32_t num_layers = template_.num_layers;
  for (std::int32_t layer = 1; layer <= num_layers; ++layer) {
    RunSection(layer_, timeline);
    std::int64_t shift = 0;
    if (layer == num_layers || !Repeats(timeline, layer, shift)) {
      latest = std::max(latest, timeline.section_latest);
      continue;
    }
    // The epilogue sees the last layers, moved; layers before them it cannot see.
    const std::int64_t skipped = shift * (num_layers - layer);
    latest = std::max(latest, timeline.section_latest + skipped);
    std::size_t layer_start = timeline.index - layer_.num_tasks;
    for (std::int32_t back = 0; back < layers_seen_; ++back, layer_start -= layer_.num_tasks) {
      for (std::uint32_t s = layer_.first; s < layer_.end; ++s) {
        timeline.ends[(layer_start + stretches_[s].last) % kWindow] += skipped;
      }
    }
    for (std::size_t lane = 0; lane < timeline.free.size(); ++lane) {
      if (layer_uses_[lane]) timeline.free[lane] += skipped;
    }
    break;
  }
  RunSection(epilogue_, timeline);
  return std::max(latest, timeline.section_latest);
}

}  // namespace braid
