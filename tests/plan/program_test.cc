#include "plan/program.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

Template ThreeSections() {
  Template tmpl;
  tmpl.tasks = {{.kind = TaskKind::kEmbed, .operation = 0},
                {.kind = TaskKind::kAllReduce, .operation = 1},
                {.kind = TaskKind::kAdd},
                {.kind = TaskKind::kGather, .operation = 50}};
  tmpl.prologue = {0, 1};
  tmpl.layer = {1, 2};
  tmpl.epilogue = {3, 1};
  tmpl.layers = {4, 7};
  tmpl.operations_per_layer = 2;
  return tmpl;
}

TEST(Template, UnrollsItsLayerSectionOncePerLayer) {
  const Template tmpl = ThreeSections();
  ASSERT_EQ(tmpl.num_tasks(), 8U);
  const std::vector<std::pair<std::uint32_t, std::int32_t>> expected = {
      {0, -1}, {1, 4}, {2, 4}, {1, 5}, {2, 5}, {1, 6}, {2, 6}, {3, -1}};
  for (std::uint32_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(tmpl.Place(i).task, expected[i].first) << i;
    EXPECT_EQ(tmpl.Place(i).layer, expected[i].second) << i;
  }
}

TEST(Template, NumbersOperationsByLayerOfTheModel) {
  const Template tmpl = ThreeSections();
  EXPECT_EQ(tmpl.Operation(tmpl.Place(1)), 9U);   // 1 + 4 * 2
  EXPECT_EQ(tmpl.Operation(tmpl.Place(5)), 13U);  // 1 + 6 * 2
  EXPECT_EQ(tmpl.Operation(tmpl.Place(7)), 50U);
}

TEST(Template, HashesEverythingThatChangesWhatRuns) {
  const Template tmpl = ThreeSections();
  const auto changed = [&](auto change) {
    Template other = ThreeSections();
    change(other);
    return other.Hash() != tmpl.Hash();
  };
  EXPECT_TRUE(changed([](Template& t) { t.tasks[2].kind = TaskKind::kSwiGlu; }));
  EXPECT_TRUE(changed([](Template& t) { t.tasks[3].operation = 51; }));
  EXPECT_TRUE(changed([](Template& t) { t.layers.end = 8; }));
  EXPECT_TRUE(changed([](Template& t) { t.groups = {{0, 1}}; }));
  EXPECT_TRUE(changed([](Template& t) { t.widths[0] = 1; }));
  EXPECT_TRUE(changed([](Template& t) { t.dependencies = {1}; }));
  EXPECT_EQ(ThreeSections().Hash(), tmpl.Hash());
}

}  // namespace
}  // namespace braid
