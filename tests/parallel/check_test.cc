#include "parallel/check.h"

#include "parallel/lower.h"
#include "tests/parallel/small_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace braid {
namespace {

using ::testing::HasSubstr;

std::vector<Template> Pair() {
  std::vector<Template> templates;
  for (std::int32_t rank = 0; rank < 4; ++rank) {
    templates.push_back(Lower(NineHeads(3), {.tensor = 2, .pipeline = 2}, rank, true).value());
  }
  return templates;
}

Task& Find(Template& tmpl, TaskKind kind) {
  return *std::find_if(tmpl.tasks.begin(), tmpl.tasks.end(),
                       [&](const Task& task) { return task.kind == kind; });
}

std::string Refusal(const std::function<void(std::vector<Template>&)>& damage) {
  std::vector<Template> templates = Pair();
  damage(templates);
  const Status status = CheckInstance(templates);
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  return status.message();
}

TEST(StaticCheck, AcceptsWhatLowerMakes) { EXPECT_TRUE(CheckInstance(Pair()).ok()); }

TEST(StaticCheck, RefusesATaskThatWaitsForItself) {
  EXPECT_THAT(Refusal([](auto& t) { t[0].dependencies[0] = 0; }), HasSubstr("waits for itself"));
}

TEST(StaticCheck, RefusesALostEdge) {
  // Without its edge, the first norm of a layer could run before the residual is complete.
  EXPECT_THAT(Refusal([](auto& t) { Find(t[1], TaskKind::kRmsNorm).num_dependencies = 0; }),
              HasSubstr("no edge orders them"));
}

TEST(StaticCheck, RefusesEveryLostEdgeOfALayer) {
  const Template whole = Pair()[0];
  for (std::uint32_t i = 0; i < whole.tasks.size(); ++i) {
    if (whole.tasks[i].num_dependencies == 0) continue;
    Template broken = whole;
    broken.tasks[i].num_dependencies = 0;
    EXPECT_FALSE(CheckTemplate(broken).ok()) << "task " << i;
  }
}

TEST(StaticCheck, RefusesABufferThatTheRankLacks) {
  EXPECT_THAT(Refusal([](auto& t) { t[2].widths[static_cast<std::size_t>(Buffer::kGate)] = 0; }),
              HasSubstr("uses buffer gate"));
}

TEST(StaticCheck, RefusesSectionsThatDoNotCoverTheTasks) {
  EXPECT_THAT(Refusal([](auto& t) { t[0].tasks.push_back({}); }), HasSubstr("do not cover"));
  EXPECT_THAT(Refusal([](auto& t) { t[0].layer.first_task += 1; }), HasSubstr("gap or overlap"));
}

TEST(StaticCheck, RefusesASumWithOutOneOfItsMembers) {
  EXPECT_THAT(Refusal([](auto& t) {
                t[1].groups[0] = {0, 3};
              }),
              HasSubstr("runs on a rank outside its group"));
  EXPECT_THAT(Refusal([](auto& t) { t[1].groups[0] = {1, 1}; }), HasSubstr("a rank twice"));
  EXPECT_THAT(Refusal([](auto& t) {
                t[1].groups[0] = {1, 0};
              }),
              HasSubstr("differ in their members"));
}

TEST(StaticCheck, RefusesASendWithoutItsReceive) {
  EXPECT_THAT(Refusal([](auto& t) { Find(t[0], TaskKind::kSend).operation += 1; }),
              HasSubstr("waits for ever"));
}

TEST(StaticCheck, RefusesDifferentSizes) {
  EXPECT_THAT(
      Refusal([](auto& t) { t[1].widths[static_cast<std::size_t>(Buffer::kPartial)] = 575; }),
      HasSubstr("differ in width: 575 and 576"));
}

TEST(StaticCheck, RefusesDifferentRows) {
  EXPECT_THAT(Refusal([](auto& t) { Find(t[2], TaskKind::kReceive).rows = RowSet::kSampled; }),
              HasSubstr("differ in their rows"));
}

TEST(StaticCheck, RefusesAnOperationNumberUsedTwice) {
  EXPECT_THAT(Refusal([](auto& t) { t[0].operations_per_layer = 1; }),
              HasSubstr("reuses operation number"));
}

TEST(StaticCheck, RefusesOrdersThatWaitForEachOther) {
  // Rank 1 sums the feed-forward output before the attention output, rank 0 the other way round.
  EXPECT_THAT(Refusal([](auto& t) {
                std::vector<Task*> sums;
                for (std::uint32_t i = 0; i < t[1].layer.num_tasks; ++i) {
                  Task& task = t[1].tasks[t[1].layer.first_task + i];
                  if (task.kind == TaskKind::kAllReduce) sums.push_back(&task);
                }
                std::swap(sums[0]->operation, sums[1]->operation);
              }),
              HasSubstr("waits for ever"));
}

TEST(StaticCheck, RefusesAGatherThatDoesNotFillItsOutput) {
  EXPECT_THAT(Refusal([](auto& t) {
                for (Template& tmpl : t) {
                  for (auto& slices : tmpl.slice_widths) {
                    if (slices.size() == 3) slices[0] = 1;
                  }
                }
              }),
              HasSubstr("slice"));
}

TEST(StaticCheck, RefusesATemplateInAnotherRanksPlace) {
  EXPECT_THAT(Refusal([](auto& t) { std::swap(t[0], t[1]); }), HasSubstr("belongs to rank"));
}

}  // namespace
}  // namespace braid
