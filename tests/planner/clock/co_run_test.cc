#include "planner/sim/clock/co_run.h"

#include "planner/cost/approximate_rates.h"
#include "planner/cost/approximate_round_rates.h"
#include "tests/planner/clock/random_strands.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

namespace braid {
namespace {

struct Speeds {
  std::vector<std::int64_t> clock;
  std::vector<std::int64_t> approximate;
};

using ClosedForm = std::vector<std::int64_t> (*)(std::span<const StrandShape>,
                                                 const CoRunConditions&);

Speeds MeasureBoth(Draws& draw, std::size_t num_strands, bool rings, const Discipline& discipline,
                   ClosedForm closed_form) {
  const std::int64_t factor = draw(1024, 1300);
  std::vector<TimedTemplate> templates;
  for (std::size_t i = 0; i < num_strands; ++i) {
    templates.push_back(DrawModelStep(draw, rings && draw(0, 4) == 0));
  }
  Result<CoRun> co_run = CoRun::Make(discipline, NetworkContention(factor));
  Result<TaskClock> clock = TaskClock::Make(discipline, NetworkContention(factor));
  EXPECT_TRUE(co_run.ok() && clock.ok());
  std::vector<CoRunStrand> strands;
  std::vector<StrandShape> shapes;
  for (const TimedTemplate& tmpl : templates) {
    strands.push_back({.tmpl = &tmpl});
    const StrandStart alone = {.tmpl = &tmpl};
    ClockResult result;
    EXPECT_TRUE(clock->Run({&alone, 1}, {}, &result).ok());
    shapes.push_back(ShapeOf(tmpl, {}, result.end_ns));
    EXPECT_EQ(shapes.back().compute_ns, result.busy_ns[0]);
    EXPECT_EQ(shapes.back().network_ns, result.busy_ns[1]);
  }
  Speeds speeds;
  EXPECT_TRUE(co_run->Rates(strands, &speeds.clock).ok());
  speeds.approximate = closed_form(shapes, {.compute_contention = factor,
                                            .network_contention = factor,
                                            .quantum_ns = discipline.quantum_ns});
  return speeds;
}

struct Errors {
  std::int64_t median = 0;
  std::int64_t worst = 0;
};

Errors ErrorsOf(std::vector<std::int64_t> errors) {
  std::sort(errors.begin(), errors.end());
  return {errors[errors.size() / 2], errors.back()};
}

TEST(CoRun, GivesALoneStrandItsFullSpeed) {
  Draws draw(1);
  const TimedTemplate tmpl = DrawModelStep(draw, false);
  Result<CoRun> co_run = CoRun::Make({}, NetworkContention(1200));
  ASSERT_TRUE(co_run.ok());
  const std::vector<CoRunStrand> strands = {{.tmpl = &tmpl}};
  std::vector<std::int64_t> rates;
  ASSERT_TRUE(co_run->Rates(strands, &rates).ok());
  EXPECT_GE(rates.at(0), CoRun::kFullSpeed * 99 / 100);
  EXPECT_LE(rates.at(0), CoRun::kFullSpeed);
}

TEST(CoRun, FavoursTheStrandOfHigherPriority) {
  Draws draw(2);
  const TimedTemplate tmpl = DrawModelStep(draw, false);
  Result<CoRun> co_run = CoRun::Make({}, NetworkContention(1100));
  ASSERT_TRUE(co_run.ok());
  const std::vector<CoRunStrand> strands = {{.tmpl = &tmpl, .priority = 0},
                                            {.tmpl = &tmpl, .priority = 1}};
  std::vector<std::int64_t> rates;
  ASSERT_TRUE(co_run->Rates(strands, &rates).ok());
  EXPECT_GT(rates[1], rates[0]);
}

TEST(CoRun, RefusesMoreStrandsThanMayBeInFlightAndStepsWithoutTime) {
  Draws draw(3);
  const TimedTemplate tmpl = DrawModelStep(draw, false);
  Result<CoRun> co_run = CoRun::Make({.depth = 2}, {});
  ASSERT_TRUE(co_run.ok());
  std::vector<std::int64_t> rates;
  EXPECT_FALSE(co_run->Rates(std::vector<CoRunStrand>(3, {.tmpl = &tmpl}), &rates).ok());
  TimedTemplate timeless = tmpl;
  for (TimedTask& task : timeless.tasks) task.fixed_ns = 0;
  timeless.overhead_ns = 0;
  EXPECT_FALSE(co_run->Rates(std::vector<CoRunStrand>(1, {.tmpl = &timeless}), &rates).ok());
}

// Of 1024.
struct ErrorBounds {
  std::size_t num_strands;
  std::int64_t median;
  std::int64_t worst;
};

// Printed, so that a change of either side shows what it does to both figures.
void ExpectNear(const ErrorBounds& bounds, bool rings, const Discipline& discipline,
                ClosedForm closed_form) {
  Draws draw(7);
  std::vector<std::vector<std::int64_t>> errors(bounds.num_strands);
  for (int i = 0; i < 200; ++i) {
    const Speeds speeds = MeasureBoth(draw, bounds.num_strands, rings, discipline, closed_form);
    for (std::size_t s = 0; s < errors.size(); ++s) {
      errors[s].push_back(std::abs(speeds.clock[s] - speeds.approximate[s]));
    }
  }
  for (std::size_t s = 0; s < errors.size(); ++s) {
    const Errors of_strand = ErrorsOf(errors[s]);
    testing::Test::RecordProperty(
        "strand_" + std::to_string(s) + "_of_" + std::to_string(bounds.num_strands),
        std::to_string(of_strand.median) + " median, " + std::to_string(of_strand.worst) +
            " worst, of 1024");
    std::printf("[ error    ] strand %zu of %zu: median %.1f %%, worst %.1f %% of full speed\n", s,
                bounds.num_strands, static_cast<double>(of_strand.median) / 10.24,
                static_cast<double>(of_strand.worst) / 10.24);
    EXPECT_LE(of_strand.median, bounds.median);
    EXPECT_LE(of_strand.worst, bounds.worst);
  }
}

TEST(ApproximateRates, StaysNearTheTaskClockOnRandomStrands) {
  for (const ErrorBounds& bounds : {ErrorBounds{2, 30, 210}, ErrorBounds{3, 30, 400}}) {
    ExpectNear(bounds, true, {}, ApproximateRates);
  }
}

// Chains only: rounds run a ring as a chain, and what that costs is no error of either.
TEST(ApproximateRoundRates, StaysNearTheTaskClockOnRandomStrands) {
  for (const ErrorBounds& bounds : {ErrorBounds{2, 10, 180}, ErrorBounds{3, 10, 160}}) {
    ExpectNear(bounds, false, {.kind = DisciplineKind::kRounds}, ApproximateRoundRates);
  }
}

TEST(ApproximateRates, GivesALoneStrandItsFullSpeedAndNobodyMore) {
  EXPECT_EQ(ApproximateRates(std::vector<StrandShape>{{1000, 600, 400, 4}}, {}),
            (std::vector<std::int64_t>{1024}));
  EXPECT_TRUE(ApproximateRates({}, {}).empty());
  Draws draw(5);
  for (int i = 0; i < 1000; ++i) {
    std::vector<StrandShape> shapes;
    for (std::int64_t s = draw(1, 4); s > 0; --s) {
      const std::int64_t step = draw(1, 1'000'000);
      shapes.push_back({step, draw(0, step), draw(0, step), draw(0, 100)});
    }
    for (const std::int64_t rate : ApproximateRates(shapes, {.compute_contention = 1300})) {
      ASSERT_GE(rate, 0);
      ASSERT_LE(rate, 1024);
    }
    for (const std::int64_t rate : ApproximateRoundRates(shapes, {.compute_contention = 1300})) {
      ASSERT_GE(rate, 0);
      ASSERT_LE(rate, 1024);
    }
  }
}

TEST(ApproximateRoundRates, GivesALoneStrandItsFullSpeed) {
  EXPECT_EQ(ApproximateRoundRates(std::vector<StrandShape>{{1000, 600, 300, 4}}, {}),
            (std::vector<std::int64_t>{1024}));
  EXPECT_EQ(ApproximateRoundRates(std::vector<StrandShape>{{1000, 0, 0, 0}}, {}),
            (std::vector<std::int64_t>{1024}));
  EXPECT_TRUE(ApproximateRoundRates({}, {}).empty());
}

// A ring hides its transfers behind its own attention; rounds run them one after the other.
TEST(ApproximateRoundRates, TakesAwayFromARingWhatItOverlapsByItself) {
  const StrandShape ring = {.step_ns = 1000, .compute_ns = 900, .network_ns = 350, .num_turns = 4};
  EXPECT_EQ(ApproximateRoundRates({&ring, 1}, {}), (std::vector<std::int64_t>{1024 * 100 / 125}));
}

// The others' attention fits no window of the first strand's, so they stand still, as in the clock.
TEST(ApproximateRoundRates, StopsAStrandWhoseLongestUncutTaskFitsNoWindow) {
  StrandShape shape = {.step_ns = 1000, .compute_ns = 600, .network_ns = 400, .num_turns = 2};
  shape.num_layers = 2;
  shape.num_layer_turns = 1;
  shape.turns[0] = {.before_ns = 25, .uncut_ns = 250, .after_ns = 25, .network_ns = 200};
  EXPECT_EQ(ApproximateRoundRates(std::vector<StrandShape>{shape, shape}, {}).at(1), 0);
  shape.turns[0] = {.before_ns = 125, .uncut_ns = 50, .after_ns = 125, .network_ns = 200};
  EXPECT_GT(ApproximateRoundRates(std::vector<StrandShape>{shape, shape}, {}).at(1), 200);
}

TEST(CoRun, RefusesToWatchForNoTime) {
  EXPECT_FALSE(CoRun::Make({}, {}, {.steps = 0}).ok());
  EXPECT_FALSE(CoRun::Make({}, {}, {.tasks = 0}).ok());
}

}  // namespace
}  // namespace braid
