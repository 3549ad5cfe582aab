#include "parallel/lower.h"

#include "parallel/check.h"
#include "tests/parallel/small_model.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace braid {
namespace {

std::vector<Template> LowerAll(const ModelSpec& spec, const Mesh& mesh, bool sampled = true) {
  std::vector<Template> templates;
  for (std::int32_t rank = 0; rank < mesh.size(); ++rank) {
    templates.push_back(Lower(spec, mesh, rank, sampled).value());
  }
  return templates;
}

std::int64_t CountUnrolled(const Template& tmpl, TaskKind kind) {
  std::int64_t count = 0;
  for (std::uint32_t i = 0; i < tmpl.num_tasks(); ++i) {
    count += tmpl.tasks[tmpl.Place(i).task].kind == kind ? 1 : 0;
  }
  return count;
}

TEST(Lower, NeedsNoMessagesOnOneRank) {
  const Template tmpl = Lower(NineHeads(5), {}, 0, true).value();
  EXPECT_TRUE(std::none_of(tmpl.tasks.begin(), tmpl.tasks.end(),
                           [](const Task& task) { return IsCommunication(task.kind); }));
  EXPECT_EQ(CountUnrolled(tmpl, TaskKind::kMatMul), 7 * 5 + 1);
}

TEST(Lower, SumsTwiceALayerAndOnceAfterTheEmbedding) {
  for (const Template& tmpl : LowerAll(NineHeads(5), {.tensor = 2, .pipeline = 1})) {
    EXPECT_EQ(CountUnrolled(tmpl, TaskKind::kAllReduce), 2 * 5 + 1);
    EXPECT_EQ(CountUnrolled(tmpl, TaskKind::kGather), 1);
  }
}

TEST(Lower, HandsTheResidualOnAtStageBorders) {
  const std::vector<Template> stages = LowerAll(NineHeads(5), {.tensor = 1, .pipeline = 3});
  EXPECT_EQ(CountUnrolled(stages[0], TaskKind::kReceive), 0);
  EXPECT_EQ(CountUnrolled(stages[0], TaskKind::kSend), 1);
  EXPECT_EQ(CountUnrolled(stages[1], TaskKind::kReceive), 1);
  EXPECT_EQ(CountUnrolled(stages[1], TaskKind::kSend), 1);
  EXPECT_EQ(CountUnrolled(stages[2], TaskKind::kReceive), 1);
  EXPECT_EQ(CountUnrolled(stages[2], TaskKind::kSend), 0);
  EXPECT_EQ(CountUnrolled(stages[1], TaskKind::kMatMul), 7 * 2);
}

TEST(Lower, ComputesNoLogitsWhereNothingIsSampled) {
  for (const Template& tmpl : LowerAll(NineHeads(5), {.tensor = 2, .pipeline = 2}, false)) {
    EXPECT_EQ(CountUnrolled(tmpl, TaskKind::kGather), 0);
    EXPECT_EQ(CountUnrolled(tmpl, TaskKind::kSelectRows), 0);
  }
}

TEST(Lower, PassesTheStaticCheckForEveryMesh) {
  for (std::int32_t num_layers : {1, 2, 5}) {
    for (std::int32_t tensor = 1; tensor <= 9; ++tensor) {
      for (std::int32_t pipeline = 1; pipeline <= num_layers; ++pipeline) {
        for (const bool sampled : {false, true}) {
          const Mesh mesh = {tensor, pipeline};
          const Status status = CheckInstance(LowerAll(NineHeads(num_layers), mesh, sampled));
          EXPECT_TRUE(status.ok()) << tensor << " x " << pipeline << ": " << status.message();
        }
      }
    }
  }
}

TEST(Lower, GivesQwenItsBiasesAndNorms) {
  ModelSpec spec = NineHeads(1);
  spec.qkv_bias = true;
  spec.qk_norm = true;
  const Template tmpl = Lower(spec, {}, 0, true).value();
  const auto uses = [&](Weight weight) {
    return std::any_of(tmpl.tasks.begin(), tmpl.tasks.end(),
                       [&](const Task& task) { return task.weight2 == weight; });
  };
  EXPECT_TRUE(uses(Weight::kKeyBias));
  EXPECT_TRUE(uses(Weight::kQueryNorm));
}

}  // namespace
}  // namespace braid
