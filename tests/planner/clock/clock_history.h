#pragma once

#include "planner/sim/clock/task_clock.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// A run of the clock told again from its trace alone, by someone who knows only templates and the
/// rules of lanes.
class ClockHistory {
 public:
  struct TaskTimes {
    std::int64_t ready_ns = 0;
    std::int64_t work_ns = 0;
    Lane lane = Lane::kCompute;
    bool cuttable = false;
    std::vector<TaskSpan> pieces;
    std::int64_t end_ns = 0;
  };
  struct Repeat {
    std::int32_t strand = 0;
    std::vector<TaskTimes> tasks;  // [unrolled]
  };

  /// The first rule that the run breaks, or "".
  std::string Check(const std::vector<StrandStart>& starts, const ClockResult& result) {
    result_ = &result;
    for (std::size_t i = 0; i < starts.size(); ++i) {
      const StrandResult& row = result.strands[i];
      if (row.completed != starts[i].repeats) return Name(i) + " ran another number of times";
      if (row.start_ns < starts[i].arrival_ns) return Name(i) + " began before it arrived";
      std::int64_t begin_ns = row.start_ns;
      for (std::int64_t repeat = 0; repeat < starts[i].repeats; ++repeat) {
        const std::string broken = CheckRepeat(starts[i], i, repeat, &begin_ns);
        if (!broken.empty()) return broken;
      }
      if (row.end_ns != begin_ns) return Name(i) + " ended another time than its last task";
    }
    return CheckLanes();
  }

  const std::vector<Repeat>& repeats() const { return repeats_; }

  /// Intervals in which a lane is busy, merged, in order.
  std::vector<std::pair<std::int64_t, std::int64_t>> Busy(Lane lane) const {
    std::vector<std::pair<std::int64_t, std::int64_t>> busy;
    for (const TaskSpan& span : Spans(lane)) {
      if (!busy.empty() && busy.back().second == span.start_ns) {
        busy.back().second = span.end_ns;
      } else {
        busy.emplace_back(span.start_ns, span.end_ns);
      }
    }
    return busy;
  }

 private:
  static std::string Name(std::size_t strand) { return "strand " + std::to_string(strand); }

  std::vector<TaskSpan> Spans(Lane lane) const {
    std::vector<TaskSpan> spans;
    for (const TaskSpan& span : result_->trace) {
      if (span.lane == lane) spans.push_back(span);
    }
    std::sort(spans.begin(), spans.end(),
              [](const TaskSpan& a, const TaskSpan& b) { return a.start_ns < b.start_ns; });
    return spans;
  }

  std::string CheckLanes() const {
    for (const Lane lane : {Lane::kCompute, Lane::kNetwork}) {
      std::int64_t free_ns = 0;
      std::int64_t busy_ns = 0;
      for (const TaskSpan& span : Spans(lane)) {
        if (span.start_ns < free_ns) return "two tasks at once on a lane";
        free_ns = span.end_ns;
        busy_ns += span.end_ns - span.start_ns;
      }
      if (busy_ns != result_->busy_ns[static_cast<std::size_t>(lane)]) return "busy time is wrong";
    }
    return "";
  }

  static std::vector<const TimedTask*> Unroll(const TimedTemplate& tmpl) {
    std::vector<const TimedTask*> tasks;
    const auto add = [&](const Section& section) {
      for (std::uint32_t i = 0; i < section.num_tasks; ++i) {
        tasks.push_back(&tmpl.tasks[section.first_task + i]);
      }
    };
    add(tmpl.prologue);
    for (std::int32_t layer = 0; layer < tmpl.num_layers; ++layer) add(tmpl.layer);
    add(tmpl.epilogue);
    return tasks;
  }

  std::string CheckRepeat(const StrandStart& start, std::size_t strand, std::int64_t number,
                          std::int64_t* begin_ns) {
    const TimedTemplate& tmpl = *start.tmpl;
    const std::vector<const TimedTask*> tasks = Unroll(tmpl);
    Repeat repeat;
    repeat.strand = static_cast<std::int32_t>(strand);
    repeat.tasks.resize(tasks.size());
    for (const TaskSpan& span : result_->trace) {
      if (span.strand != repeat.strand || span.repeat != number) continue;
      if (span.unrolled >= tasks.size()) return Name(strand) + " ran a task that it has not";
      repeat.tasks[span.unrolled].pieces.push_back(span);
    }
    std::int64_t lane_free[kNumLanes] = {*begin_ns + tmpl.overhead_ns,
                                         *begin_ns + tmpl.overhead_ns};
    std::int64_t end_ns = *begin_ns + tmpl.overhead_ns;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      TaskTimes& times = repeat.tasks[i];
      const auto lane = static_cast<std::size_t>(tasks[i]->lane);
      times.lane = tasks[i]->lane;
      times.cuttable = tasks[i]->cuttable;
      times.work_ns = tasks[i]->Ns(start.sizes);
      times.ready_ns = lane_free[lane];
      for (std::size_t d = 0; d < tasks[i]->num_dependencies; ++d) {
        const std::size_t distance = tmpl.dependencies[tasks[i]->first_dependency + d];
        if (distance > i) continue;
        times.ready_ns = std::max(times.ready_ns, repeat.tasks[i - distance].end_ns);
      }
      times.end_ns = times.ready_ns;  // of a task without work, which leaves no trace
      const std::string broken = CheckPieces(times);
      if (!broken.empty()) {
        return Name(strand) + ", repeat " + std::to_string(number) + ", task " + std::to_string(i) +
               ": " + broken;
      }
      lane_free[lane] = times.end_ns;
      end_ns = std::max(end_ns, times.end_ns);
    }
    *begin_ns = end_ns;
    repeats_.push_back(std::move(repeat));
    return "";
  }

  static std::string CheckPieces(TaskTimes& times) {
    std::int64_t held_ns = 0;
    for (const TaskSpan& piece : times.pieces) {
      if (piece.lane != times.lane) return "runs on the wrong lane";
      if (piece.start_ns < times.end_ns) return "runs before it is ready";
      if (&piece != &times.pieces.back() && piece.last_piece) return "goes on after its last piece";
      held_ns += piece.end_ns - piece.start_ns;
      times.end_ns = piece.end_ns;
    }
    if (held_ns < times.work_ns) return "does less than its work";
    if (!times.pieces.empty() && !times.pieces.back().last_piece) return "does not end";
    if (times.pieces.size() > 1 && !times.cuttable) return "is cut though it can't be";
    return "";
  }

  const ClockResult* result_ = nullptr;
  std::vector<Repeat> repeats_;
};

}  // namespace braid
