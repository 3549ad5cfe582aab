#include "planner/sim/clock/task_clock.h"

#include "planner/cost/single_strand.h"
#include "tests/planner/clock/clock_history.h"
#include "tests/planner/clock/random_strands.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace braid {
namespace {

constexpr std::array<DisciplineKind, 3> kKinds = {DisciplineKind::kSequential,
                                                  DisciplineKind::kLanes, DisciplineKind::kRounds};

Discipline DrawDiscipline(Draws& draw, DisciplineKind kind) {
  return {.kind = kind,
          .depth = static_cast<std::int32_t>(draw(1, 4)),
          .quantum_ns = draw(1, 1500),
          .decomposition = static_cast<std::int32_t>(draw(1, 8)),
          .split_network = draw(0, 1) == 0,
          .admit_any_network = draw(0, 1) == 0};
}

ClockResult RunClock(const Discipline& discipline, const ContentionMatrix& contention,
                     const std::vector<StrandStart>& starts) {
  Result<TaskClock> clock = TaskClock::Make(discipline, contention);
  EXPECT_TRUE(clock.ok()) << clock.status().ToString();
  ClockResult result;
  const Status status = clock->Run(starts, {.trace = true}, &result);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return result;
}

TimedTemplate OneTask(WorkClass work, std::int64_t task_ns, bool cuttable = true) {
  TimedTask task;
  task.lane = work == WorkClass::kNetwork ? Lane::kNetwork : Lane::kCompute;
  task.work = work;
  task.cuttable = cuttable;
  task.fixed_ns = task_ns;
  TimedTemplate tmpl;
  tmpl.tasks = {task};
  tmpl.prologue = {0, 1};
  return tmpl;
}

// The part of [from, to) in which the lane is idle.
std::int64_t IdleNs(const std::vector<std::pair<std::int64_t, std::int64_t>>& busy,
                    std::int64_t from, std::int64_t to) {
  std::int64_t idle = to - from;
  for (const auto& [start, end] : busy) {
    idle -= std::max<std::int64_t>(0, std::min(end, to) - std::max(start, from));
  }
  return idle;
}

TEST(TaskClock, RunsEveryTaskOnceInOrderOnFreeLanesUnderAnyDiscipline) {
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    Draws draw(seed);
    const DrawnStrands drawn = DrawStrands(draw, 7);
    const ContentionMatrix contention = DrawContention(draw);
    for (const DisciplineKind kind : kKinds) {
      const Discipline discipline = DrawDiscipline(draw, kind);
      const ClockResult result = RunClock(discipline, contention, drawn.starts);
      ClockHistory history;
      ASSERT_EQ(history.Check(drawn.starts, result), "")
          << "seed " << seed << ", discipline " << static_cast<int>(kind);
    }
  }
}

TEST(TaskClock, LetsNoMoreStrandsInThanItsDepthAndThoseInOrderOfArrival) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Draws draw(seed);
    const DrawnStrands drawn = DrawStrands(draw, 9);
    for (const DisciplineKind kind : kKinds) {
      const Discipline discipline = DrawDiscipline(draw, kind);
      const std::int64_t depth = kind == DisciplineKind::kSequential ? 1 : discipline.depth;
      const ClockResult result = RunClock(discipline, {}, drawn.starts);
      for (std::size_t i = 0; i < drawn.starts.size(); ++i) {
        std::int64_t beside = 0;
        for (std::size_t j = 0; j < drawn.starts.size(); ++j) {
          const StrandResult& them = result.strands[j];
          const StrandResult& mine = result.strands[i];
          if (them.start_ns <= mine.start_ns && mine.start_ns < them.end_ns) ++beside;
          if (drawn.starts[i].arrival_ns < drawn.starts[j].arrival_ns) {
            ASSERT_LE(mine.start_ns, them.start_ns) << "seed " << seed;
          }
        }
        ASSERT_LE(beside, depth) << "seed " << seed;
      }
    }
  }
}

TEST(TaskClock, LeavesNoLaneIdleWhileATaskForItIsReady) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Draws draw(seed);
    const DrawnStrands drawn = DrawStrands(draw, 6);
    const ContentionMatrix contention = DrawContention(draw);
    const ClockResult result =
        RunClock(DrawDiscipline(draw, DisciplineKind::kLanes), contention, drawn.starts);
    ClockHistory history;
    ASSERT_EQ(history.Check(drawn.starts, result), "");
    for (const ClockHistory::Repeat& repeat : history.repeats()) {
      for (const ClockHistory::TaskTimes& task : repeat.tasks) {
        const auto busy = history.Busy(task.lane);
        std::int64_t ready = task.ready_ns;
        for (const TaskSpan& piece : task.pieces) {
          ASSERT_EQ(IdleNs(busy, ready, piece.start_ns), 0) << "seed " << seed;
          ready = piece.end_ns;
        }
      }
    }
  }
}

TEST(TaskClock, TakesAtLeastTheFullerLaneAndAtMostOneAfterTheOtherTimesContention) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Draws draw(seed);
    DrawnStrands drawn = DrawStrands(draw, 6);
    for (StrandStart& start : drawn.starts) start.arrival_ns = 0;
    const ContentionMatrix contention = DrawContention(draw);
    std::int64_t worst = 0;
    for (const auto& row : contention.factor) {
      worst = std::max(worst, *std::max_element(row.begin(), row.end()));
    }
    std::int64_t compute = 0;
    std::int64_t network = 0;
    std::int64_t in_turn = 0;
    std::int64_t pieces = 0;
    for (const StrandStart& start : drawn.starts) {
      const StrandTime alone = RunTaskByTask(*start.tmpl, start.sizes);
      compute += start.repeats * alone.compute_busy_ns;
      network += start.repeats * alone.network_busy_ns;
      in_turn += start.repeats * (alone.compute_busy_ns + alone.network_busy_ns) * worst / 1024 +
                 start.repeats * start.tmpl->overhead_ns;
    }
    for (const DisciplineKind kind : kKinds) {
      const ClockResult result = RunClock(DrawDiscipline(draw, kind), contention, drawn.starts);
      pieces = static_cast<std::int64_t>(result.trace.size());
      ASSERT_GE(result.end_ns, std::max(compute, network)) << "seed " << seed;
      ASSERT_LE(result.end_ns, in_turn + pieces) << "seed " << seed;  // rounding: 1 ns a piece
    }
  }
}

// The strand of highest priority, from its start to its end.
TEST(TaskClock, LetsAPrimaryWaitAtMostOneQuantumForALane) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Draws draw(seed);
    DrawnStrands drawn = DrawStrands(draw, 5);
    for (const auto& tmpl : drawn.templates) {
      for (TimedTask& task : tmpl->tasks) task.cuttable = true;
    }
    drawn.starts.back().priority = 3;
    const ContentionMatrix contention = DrawContention(draw);
    Discipline discipline = DrawDiscipline(draw, DisciplineKind::kLanes);
    discipline.split_network = true;
    const ClockResult result = RunClock(discipline, contention, drawn.starts);
    ClockHistory history;
    ASSERT_EQ(history.Check(drawn.starts, result), "");
    std::int64_t waited = 0;
    for (const ClockHistory::Repeat& repeat : history.repeats()) {
      if (static_cast<std::size_t>(repeat.strand) + 1 != drawn.starts.size()) continue;
      for (const ClockHistory::TaskTimes& task : repeat.tasks) {
        ASSERT_LE(task.pieces.size(), 1u) << "a primary's task was cut, seed " << seed;
        if (task.pieces.empty()) continue;
        const std::int64_t wait = task.pieces.front().start_ns - task.ready_ns;
        ASSERT_LE(wait, discipline.quantum_ns * 1700 / 1024 + 2) << "seed " << seed;
        waited += wait;
      }
    }
    // Tasks without work leave no trace, but may have waited as well.
    ASSERT_GE(result.strands.back().delay_ns, waited) << "seed " << seed;
    if (waited == 0) continue;
    ASSERT_LE(result.strands.back().delay_ns, waited + 60 * discipline.quantum_ns * 2);
  }
}

TEST(TaskClock, AgreesToTheNanosecondWithTheCostOfASingleStrand) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    Draws draw(seed);
    const auto tmpl = DrawTemplate(draw);
    StrandStart start;
    start.tmpl = tmpl.get();
    start.sizes[Size::kRows] = draw(1, 4);
    const ContentionMatrix contention = DrawContention(draw);
    const StrandTime alone = RunTaskByTask(*tmpl, start.sizes);
    for (const DisciplineKind kind : {DisciplineKind::kSequential, DisciplineKind::kLanes}) {
      const ClockResult result = RunClock({.kind = kind}, contention, {start});
      ASSERT_EQ(result.end_ns, alone.total_ns) << "seed " << seed;
      ASSERT_EQ(result.strands[0].end_ns, SingleStrand(*tmpl).TotalNs(start.sizes));
      ASSERT_EQ(result.busy_ns[0], alone.compute_busy_ns);
      ASSERT_EQ(result.busy_ns[1], alone.network_busy_ns);
      ASSERT_EQ(result.strands[0].stretch_ns(), 0);
      ASSERT_EQ(result.strands[0].delay_ns, 0);
    }
  }
}

TEST(TaskClock, StretchesBothLanesJustWhileTheyOverlap) {
  const TimedTemplate compute = OneTask(WorkClass::kMatMul, 1000);
  const TimedTemplate network = OneTask(WorkClass::kNetwork, 600);
  const ContentionMatrix contention = NetworkContention(2048);
  // Half speed until the network's 600 are done at 1200; then 400 of 1000 are left.
  const ClockResult result = RunClock({}, contention, {{.tmpl = &compute}, {.tmpl = &network}});
  EXPECT_EQ(result.strands[1].end_ns, 1200);
  EXPECT_EQ(result.strands[0].end_ns, 1600);
  EXPECT_EQ(result.strands[0].stretch_ns(), 600);
  EXPECT_EQ(result.strands[1].stretch_ns(), 600);
  EXPECT_EQ(result.strands[0].delay_ns, 0);
}

TEST(TaskClock, StretchesAStrandsOwnOverlapNotAtAll) {
  TimedTemplate both;
  both.tasks = {OneTask(WorkClass::kMatMul, 1000).tasks[0],
                OneTask(WorkClass::kNetwork, 600).tasks[0]};
  both.prologue = {0, 2};
  EXPECT_EQ(RunClock({}, NetworkContention(2048), {{.tmpl = &both}}).end_ns, 1000);
}

TEST(TaskClock, CutsASecondaryTaskAtTheQuantumAndGoesOnWithItLater) {
  const TimedTemplate secondary = OneTask(WorkClass::kMatMul, 1000);
  const TimedTemplate primary = OneTask(WorkClass::kMatMul, 500);
  const std::vector<StrandStart> starts = {{.tmpl = &secondary, .priority = 0},
                                           {.tmpl = &primary, .priority = 1, .arrival_ns = 250}};
  const ClockResult result = RunClock({.quantum_ns = 100}, {}, starts);
  EXPECT_EQ(result.strands[1].end_ns, 800);  // from 300 on
  EXPECT_EQ(result.strands[1].delay_ns, 50);
  EXPECT_EQ(result.strands[0].end_ns, 1500);
  ASSERT_EQ(result.trace.size(), 3u);
  EXPECT_EQ(result.trace[0].end_ns, 300);
  EXPECT_FALSE(result.trace[0].last_piece);

  const TimedTemplate whole = OneTask(WorkClass::kMatMul, 1000, false);
  const ClockResult uncut = RunClock({.quantum_ns = 100}, {}, {{.tmpl = &whole}, starts[1]});
  EXPECT_EQ(uncut.strands[1].delay_ns, 750);
}

TEST(TaskClock, FillsAWindowOfTheRoundsOnlyWithWhatFitsIt) {
  TimedTemplate tmpl;
  tmpl.tasks = {OneTask(WorkClass::kNetwork, 400).tasks[0],
                OneTask(WorkClass::kMatMul, 1000).tasks[0]};
  tmpl.dependencies = {1};
  tmpl.tasks[1].num_dependencies = 1;
  tmpl.prologue = {0, 2};
  TimedTemplate product = OneTask(WorkClass::kMatMul, 1600);
  const std::vector<StrandStart> starts = {{.tmpl = &tmpl}, {.tmpl = &product}};
  // The window of 400 takes 2 of 8 parts of the product; 6 follow when the primary has ended.
  const ClockResult cut =
      RunClock({.kind = DisciplineKind::kRounds, .decomposition = 8}, {}, starts);
  EXPECT_EQ(cut.strands[0].end_ns, 1400);
  EXPECT_EQ(cut.strands[1].end_ns, 1400 + 1200);
  EXPECT_EQ(cut.strands[0].delay_ns, 0);
  // Divided by a contention of 1.5 it takes 1 part.
  const ClockResult contended = RunClock({.kind = DisciplineKind::kRounds, .decomposition = 8},
                                         NetworkContention(1536), starts);
  EXPECT_EQ(contended.trace[0].end_ns, 300);
  // Whole, it does not fit.
  const ClockResult whole =
      RunClock({.kind = DisciplineKind::kRounds, .decomposition = 1}, {}, starts);
  EXPECT_EQ(whole.strands[1].end_ns, 1400 + 1600);
}

TEST(TaskClock, TellsTheSameWithAndWithoutATraceAndAfterARunThatWasStopped) {
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    Draws draw(seed);
    const DrawnStrands drawn = DrawStrands(draw, 6);
    const ContentionMatrix contention = DrawContention(draw);
    const Discipline discipline =
        DrawDiscipline(draw, seed % 2 == 0 ? DisciplineKind::kLanes : DisciplineKind::kRounds);
    Result<TaskClock> clock = TaskClock::Make(discipline, contention);
    ASSERT_TRUE(clock.ok());
    const std::int64_t stop_ns = draw(0, 1) == 0 ? draw(1, 40'000) : ClockOptions().stop_ns;
    ClockResult with;
    ClockResult without;
    ASSERT_TRUE(clock->Run(drawn.starts, {.trace = true, .stop_ns = stop_ns}, &with).ok());
    ASSERT_TRUE(clock->Run(drawn.starts, {.stop_ns = stop_ns}, &without).ok());
    EXPECT_TRUE(without.trace.empty());
    ASSERT_EQ(with.end_ns, without.end_ns) << "seed " << seed;
    ASSERT_EQ(with.busy_ns, without.busy_ns) << "seed " << seed;
    ASSERT_TRUE(with.strands == without.strands) << "seed " << seed;
  }
}

TEST(TaskClock, RepeatsAStrandAsOftenAsItIsTold) {
  Draws draw(3);
  const auto tmpl = DrawTemplate(draw);
  StrandStart start;
  start.tmpl = tmpl.get();
  start.sizes[Size::kRows] = 2;
  const std::int64_t once = RunClock({}, {}, {start}).end_ns;
  start.repeats = 17;
  for (const DisciplineKind kind : {DisciplineKind::kSequential, DisciplineKind::kLanes}) {
    EXPECT_EQ(RunClock({.kind = kind}, {}, {start}).end_ns, 17 * once);
  }
}

TEST(TaskClock, SaysWhatIsDoneByTheTimeItIsStopped) {
  const TimedTemplate tmpl = OneTask(WorkClass::kMatMul, 1000);
  for (const DisciplineKind kind : kKinds) {
    Result<TaskClock> clock = TaskClock::Make({.kind = kind}, {});
    ASSERT_TRUE(clock.ok());
    ClockResult result;
    const StrandStart start = {.tmpl = &tmpl, .repeats = 100};
    ASSERT_TRUE(clock->Run({&start, 1}, {.stop_ns = 2600}, &result).ok());
    EXPECT_EQ(result.end_ns, 2600);
    EXPECT_EQ(result.strands[0].completed, 2);
    EXPECT_EQ(result.strands[0].work_ns, 2600);
    EXPECT_EQ(result.strands[0].end_ns, -1);
    EXPECT_EQ(result.busy_ns[0], 2600);
  }
}

// Of the ends, delays and stretches of 100 draws: the same on every machine and compiler.
TEST(TaskClock, GivesTheSameNanosecondsOnEveryMachine) {
  std::array<std::uint64_t, 3> sums = {};
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Draws draw(seed);
    const DrawnStrands drawn = DrawStrands(draw, 6);
    const ContentionMatrix contention = DrawContention(draw);
    for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
      const ClockResult result =
          RunClock(DrawDiscipline(draw, kKinds[kind]), contention, drawn.starts);
      for (const StrandResult& row : result.strands) {
        for (const std::int64_t value : {row.end_ns, row.delay_ns, row.stretch_ns()}) {
          sums[kind] = sums[kind] * 31 + static_cast<std::uint64_t>(value);
        }
      }
    }
  }
  EXPECT_EQ(sums[0], 5761250128536858571u);
  EXPECT_EQ(sums[1], 8095628308081253645u);
  EXPECT_EQ(sums[2], 5452660476137287106u);
}

TEST(TaskClock, RefusesWhatItCannotRun) {
  EXPECT_FALSE(TaskClock::Make({.depth = 0}, {}).ok());
  EXPECT_FALSE(TaskClock::Make({.quantum_ns = 0}, {}).ok());
  EXPECT_FALSE(TaskClock::Make({.decomposition = 0}, {}).ok());
  ContentionMatrix faster;
  faster.factor[0][3] = 1000;
  EXPECT_FALSE(TaskClock::Make({}, faster).ok());

  const TimedTemplate fine = OneTask(WorkClass::kMatMul, 10);
  const TimedTemplate empty = {};
  const TimedTemplate endless = OneTask(WorkClass::kMatMul, std::int64_t{1} << 50);
  TimedTemplate circle = OneTask(WorkClass::kMatMul, 10);
  circle.dependencies = {0};
  circle.tasks[0].num_dependencies = 1;
  TimedTemplate outside = fine;
  outside.layer = {1, 3};
  for (const DisciplineKind kind : kKinds) {
    Result<TaskClock> clock = TaskClock::Make({.kind = kind}, {});
    ASSERT_TRUE(clock.ok());
    ClockResult result;
    const std::vector<StrandStart> bad = {{.tmpl = nullptr},
                                          {.tmpl = &empty},
                                          {.tmpl = &endless},
                                          {.tmpl = &circle},
                                          {.tmpl = &outside},
                                          {.tmpl = &fine, .arrival_ns = -1},
                                          {.tmpl = &fine, .repeats = 0}};
    for (const StrandStart& start : bad) {
      const std::vector<StrandStart> starts = {{.tmpl = &fine}, start};
      const Status status = clock->Run(starts, {}, &result);
      EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
      EXPECT_NE(status.message().find("strand 1"), std::string::npos) << status.message();
    }
    const std::vector<StrandStart> good = {{.tmpl = &fine}};
    EXPECT_TRUE(clock->Run(good, {}, &result).ok()) << "usable after an error";
  }
}

}  // namespace
}  // namespace braid
