#include "planner/cost/single_strand.h"

#include <gtest/gtest.h>

#include <random>

namespace braid {
namespace {

class RandomTemplates {
 public:
  explicit RandomTemplates(std::uint64_t seed) : random_(seed) {}

  std::int64_t Below(std::int64_t bound) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
  }

  /// `reach`: how far back edges go; `chain`: every task also waits for the one before it.
  TimedTemplate Next(std::int64_t reach, bool chain) {
    TimedTemplate tmpl;
    tmpl.overhead_ns = Below(3) * 1000;
    tmpl.num_layers = static_cast<std::int32_t>(Below(40));
    const bool one_lane = Below(8) == 0;
    tmpl.prologue = Append(tmpl, Below(4), reach, chain, one_lane);
    tmpl.layer = Append(tmpl, 1 + Below(24), reach, chain, one_lane);
    tmpl.epilogue = Append(tmpl, Below(6), reach, chain, one_lane);
    return tmpl;
  }

  StepSizes NextSizes() {
    StepSizes sizes;
    for (std::int64_t& size : sizes.of) size = Below(2) == 0 ? 0 : Below(5000);
    return sizes;
  }

 private:
  Section Append(TimedTemplate& tmpl, std::int64_t count, std::int64_t reach, bool chain,
                 bool one_lane) {
    const Section section = {static_cast<std::uint32_t>(tmpl.tasks.size()),
                             static_cast<std::uint32_t>(count)};
    for (std::int64_t i = 0; i < count; ++i) {
      TimedTask task;
      task.lane = one_lane || Below(3) > 0 ? Lane::kCompute : Lane::kNetwork;
      task.fixed_ns = Below(50);
      task.floor_ns = Below(3) == 0 ? Below(3000) : 0;
      for (TimedTask::Term& term : task.terms) {
        if (Below(2) == 0) continue;
        term = {static_cast<Size>(Below(kNumSizes)), Below(std::int64_t{1} << 26)};
      }
      task.first_dependency = static_cast<std::uint16_t>(tmpl.dependencies.size());
      if (chain) tmpl.dependencies.push_back(1);
      const std::int64_t edges = Below(3);
      for (std::int64_t e = 0; e < edges; ++e) {
        tmpl.dependencies.push_back(static_cast<std::uint16_t>(1 + Below(reach)));
      }
      task.num_dependencies =
          static_cast<std::uint8_t>(tmpl.dependencies.size() - task.first_dependency);
      tmpl.tasks.push_back(task);
    }
    return section;
  }

  std::mt19937_64 random_;
};

void ExpectEqualOnRandomTemplates(std::int64_t reach, bool chain, std::uint64_t seed) {
  RandomTemplates random(seed);
  for (int draw = 0; draw < 1500; ++draw) {
    const TimedTemplate tmpl = random.Next(reach, chain);
    const SingleStrand fast(tmpl);
    ASSERT_TRUE(!chain || fast.is_chain()) << "draw " << draw;
    for (int sample = 0; sample < 3; ++sample) {
      const StepSizes sizes = random.NextSizes();
      ASSERT_EQ(fast.Run(sizes), RunTaskByTask(tmpl, sizes)) << "draw " << draw;
    }
  }
}

TEST(SingleStrand, EqualsTaskByTaskOnChains) { ExpectEqualOnRandomTemplates(5, true, 1); }

TEST(SingleStrand, EqualsTaskByTaskWhereTasksOverlap) { ExpectEqualOnRandomTemplates(6, false, 2); }

TEST(SingleStrand, EqualsTaskByTaskWhereEdgesReachBackSeveralLayers) {
  ExpectEqualOnRandomTemplates(60, false, 3);
}

TEST(SingleStrand, EqualsTaskByTaskWhereEdgesReachBeyondItsWindow) {
  ExpectEqualOnRandomTemplates(3000, false, 4);
}

TEST(SingleStrand, HidesAShortMessageUnderALongComputation) {
  TimedTemplate tmpl;
  const auto add = [&tmpl](Lane lane, std::int64_t ns, std::vector<std::uint16_t> edges) {
    TimedTask task;
    task.lane = lane;
    task.fixed_ns = ns;
    task.first_dependency = static_cast<std::uint16_t>(tmpl.dependencies.size());
    task.num_dependencies = static_cast<std::uint8_t>(edges.size());
    tmpl.dependencies.insert(tmpl.dependencies.end(), edges.begin(), edges.end());
    tmpl.tasks.push_back(task);
  };
  add(Lane::kNetwork, 30, {1});     // sends what the layer before computed
  add(Lane::kCompute, 100, {2});    // does not wait for it
  add(Lane::kCompute, 10, {1, 2});  // does
  tmpl.layer = {0, 3};
  tmpl.prologue = {0, 0};
  tmpl.epilogue = {3, 0};
  tmpl.num_layers = 1000;
  const StrandTime time = SingleStrand(tmpl).Run({});
  EXPECT_EQ(time.total_ns, 110'000);
  EXPECT_EQ(time.compute_busy_ns, 110'000);
  EXPECT_EQ(time.network_busy_ns, 30'000);
}

TEST(TimedTask, HoldsTheTimeOfAMillionTokensOnASlowDevice) {
  TimedTask task;
  // 100 ns a pair.
  task.terms[0] = {Size::kPrefillPairs, std::int64_t{100} << TimedTask::kCoefficientBits};
  StepSizes sizes;
  sizes[Size::kPrefillPairs] = 1'000'000'000'000;
  EXPECT_EQ(task.Ns(sizes), 100'000'000'000'000);
}

}  // namespace
}  // namespace braid
