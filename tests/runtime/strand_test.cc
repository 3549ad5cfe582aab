#include "runtime/strand.h"

#include "parallel/bind.h"
#include "parallel/lower.h"
#include "tests/parallel/small_model.h"
#include "tests/runtime/step_script.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

/// A layer-less template of the given tasks; edges as backward distances.
struct TaskWithEdges {
  Task task;
  std::vector<std::uint16_t> distances;
};

Program ProgramOf(const std::vector<TaskWithEdges>& tasks) {
  auto tmpl = std::make_shared<Template>();
  for (const TaskWithEdges& with_edges : tasks) {
    Task task = with_edges.task;
    task.first_dependency = static_cast<std::uint16_t>(tmpl->dependencies.size());
    task.num_dependencies = static_cast<std::uint8_t>(with_edges.distances.size());
    tmpl->dependencies.insert(tmpl->dependencies.end(), with_edges.distances.begin(),
                              with_edges.distances.end());
    tmpl->tasks.push_back(task);
  }
  tmpl->prologue = {0, static_cast<std::uint32_t>(tmpl->tasks.size())};
  return {tmpl, {}};
}

const Task kCompute = {.kind = TaskKind::kAdd};
const Task kNetwork = {.kind = TaskKind::kAllReduce};

TEST(Strand, KeepsEachLaneInOrder) {
  // Nothing depends on anything, and still each lane offers one task at a time.
  Strand strand(ProgramOf({{kCompute, {}}, {kNetwork, {}}, {kCompute, {}}, {kNetwork, {}}}));
  EXPECT_EQ(strand.Ready(Lane::kCompute), 0U);
  EXPECT_EQ(strand.Ready(Lane::kNetwork), 1U);
  strand.Finish(Lane::kNetwork);
  EXPECT_EQ(strand.Ready(Lane::kCompute), 0U);
  EXPECT_EQ(strand.Ready(Lane::kNetwork), 3U);
  strand.Finish(Lane::kCompute);
  EXPECT_EQ(strand.Ready(Lane::kCompute), 2U);
  strand.Finish(Lane::kCompute);
  EXPECT_EQ(strand.Ready(Lane::kCompute), std::nullopt);
  EXPECT_FALSE(strand.finished());
  strand.Finish(Lane::kNetwork);
  EXPECT_TRUE(strand.finished());
}

TEST(Strand, HoldsATaskBackUntilAllItWaitsForIsDone) {
  Strand strand(ProgramOf({{kCompute, {}}, {kNetwork, {}}, {kNetwork, {2}}, {kCompute, {2, 1}}}));
  EXPECT_EQ(strand.Ready(Lane::kNetwork), 1U);
  strand.Finish(Lane::kNetwork);
  EXPECT_EQ(strand.Ready(Lane::kNetwork), std::nullopt);
  strand.Finish(Lane::kCompute);
  EXPECT_EQ(strand.Ready(Lane::kCompute), std::nullopt);
  EXPECT_EQ(strand.Ready(Lane::kNetwork), 2U);
  strand.Finish(Lane::kNetwork);
  EXPECT_EQ(strand.Ready(Lane::kCompute), 3U);
}

TEST(Strand, IgnoresEdgesFromBeforeTheFirstTask) {
  Strand strand(ProgramOf({{kCompute, {5}}, {kCompute, {1, 2}}}));
  EXPECT_EQ(strand.Ready(Lane::kCompute), 0U);
  strand.Finish(Lane::kCompute);
  EXPECT_EQ(strand.Ready(Lane::kCompute), 1U);
}

TEST(Strand, IsFinishedAtOnceWhereThereIsNothingToDo) {
  EXPECT_TRUE(Strand(ProgramOf({})).finished());
}

// Whatever lane goes first whenever there is a choice, every task comes once, after all that it
// waits for.
TEST(Strand, RunsARealTemplateToItsEndInAnyOrderOfLanes) {
  const ModelSpec spec = NineHeads();
  for (const Mesh mesh : {Mesh{1, 1}, Mesh{2, 1}, Mesh{3, 2}, Mesh{1, 5}}) {
    for (std::int32_t rank = 0; rank < mesh.size(); ++rank) {
      const Result<Template> lowered = Lower(spec, mesh, rank, true);
      ASSERT_TRUE(lowered.ok());
      const auto tmpl = std::make_shared<const Template>(*lowered);
      for (std::uint64_t choice = 0; choice < 16; ++choice) {
        Strand strand({tmpl, {}});
        std::vector<bool> done(tmpl->num_tasks());
        std::uint64_t bits = choice * 0x9E3779B97F4A7C15ULL;
        std::uint32_t steps = 0;
        for (; !strand.finished(); ++steps) {
          bits = bits * 6364136223846793005ULL + 1;
          Lane lane = (bits >> 40) % 2 == 0 ? Lane::kCompute : Lane::kNetwork;
          if (!strand.Ready(lane)) {
            lane = lane == Lane::kCompute ? Lane::kNetwork : Lane::kCompute;
          }
          const std::optional<std::uint32_t> task = strand.Ready(lane);
          ASSERT_TRUE(task.has_value()) << "both lanes wait";
          const Task& what = tmpl->tasks[tmpl->Place(*task).task];
          EXPECT_EQ(LaneOf(what.kind), lane);
          for (std::uint32_t d = 0; d < what.num_dependencies; ++d) {
            const std::uint32_t distance = tmpl->dependencies[what.first_dependency + d];
            if (distance <= *task) {
              EXPECT_TRUE(done[*task - distance]);
            }
          }
          EXPECT_FALSE(done[*task]);
          done[*task] = true;
          strand.Finish(lane);
        }
        EXPECT_EQ(steps, tmpl->num_tasks());
      }
    }
  }
}

TEST(Strand, ShowsRequestsWithTheirOwnExtents) {
  ScriptedRequest first(0, 20, 100);
  ScriptedRequest second(1, 20, 100);
  const StepRequest skipped = first.Next(5, 0);
  const Step step = MakeStep(3, {first.Next(4, 1), second.Next(2, 0)});
  auto tmpl = std::make_shared<Template>();
  const Strand strand({tmpl, Bind(step, 0)});
  const auto rows = strand.request_rows();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].first_row, 0);
  EXPECT_EQ(rows[0].num_rows, 4);
  EXPECT_EQ(rows[0].first_position, 5);
  ASSERT_EQ(rows[0].extents.size(), 3U);
  EXPECT_EQ(rows[0].extents[1].first, 12);
  EXPECT_EQ(rows[0].extents[1].count, 3);
  EXPECT_EQ(rows[1].first_row, 4);
  EXPECT_EQ(rows[1].first_position, 0);
  ASSERT_EQ(rows[1].extents.size(), 1U);
  EXPECT_EQ(rows[1].extents[0].first, 3);
  EXPECT_EQ(rows[1].extents[0].count, 2);
}

}  // namespace
}  // namespace braid
