#include "parallel/bind.h"

#include "parallel/lower.h"
#include "tests/parallel/small_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

using ::testing::ElementsAre;

Step TwoRequests() {
  Step step;
  step.number = 7;
  step.slot = 1;
  step.instances = {0};
  step.requests = {
      {.id = 1,
       .first_position = 2,
       .tokens = {5, 6, 7},
       .sampled_rows = 2,
       .kv = {{0, 30, 3}, {0, 10, 2}}},
      {.id = 2, .first_position = 0, .tokens = {9}, .sampled_rows = 1, .kv = {{0, 20, 1}}}};
  return step;
}

TEST(Bind, GivesEachRowItsTokenPositionAndSlot) {
  const Bindings bound = Bind(TwoRequests(), 0);
  EXPECT_THAT(bound.tokens, ElementsAre(5, 6, 7, 9));
  EXPECT_THAT(bound.positions, ElementsAre(2, 3, 4, 0));
  EXPECT_THAT(bound.kv_slots, ElementsAre(32, 10, 11, 20));
  EXPECT_THAT(bound.sampled_rows, ElementsAre(1, 2, 3));
  ASSERT_EQ(bound.requests.size(), 2U);
  EXPECT_EQ(bound.requests[1].first_row, 3);
  EXPECT_EQ(bound.requests[1].first_extent, 2U);
}

TEST(PayloadBytes, AreRowsTimesWidthOfTheBufferThatTravels) {
  const Bindings bound = Bind(TwoRequests(), 0);
  const Template tmpl = Lower(NineHeads(2), {.tensor = 2, .pipeline = 1}, 1, true).value();
  for (std::uint32_t i = 0; i < tmpl.num_tasks(); ++i) {
    const TaskPlace place = tmpl.Place(i);
    switch (tmpl.tasks[place.task].kind) {
      case TaskKind::kAllReduce:
        EXPECT_EQ(PayloadBytes(tmpl, place, bound), 4 * 576 * 4);
        break;
      case TaskKind::kGather:
        EXPECT_EQ(PayloadBytes(tmpl, place, bound), 3 * 500 * 4);
        break;
      default:
        break;
    }
  }
}

}  // namespace
}  // namespace braid
