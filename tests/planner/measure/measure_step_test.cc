#include "planner/measure/measure_step.h"

#include "planner/cost/builtin_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace braid {
namespace {

/// Requests that a plan may name, on four instances, two to a node.
class MeasureStep : public ::testing::Test {
 protected:
  static constexpr std::int32_t kInstances = 4;

  RequestIndex AddRequest(std::int32_t prompt, std::vector<KvShare> owners) {
    RequestState state;
    state.live = true;
    state.request.prompt_tokens = prompt;
    state.prefill_target = prompt;
    for (const KvShare& owner : owners) state.kv_tokens += owner.tokens;
    state.owners = std::move(owners);
    requests_.push_back(std::move(state));
    return static_cast<RequestIndex>(requests_.size()) - 1;
  }

  void Chunk(RequestIndex request, std::int32_t rows, std::uint32_t first_member = 0,
             std::uint32_t num_members = 0) {
    const auto share = static_cast<std::uint32_t>(plan_.shares.size());
    plan_.shares.push_back({.instance = plan_.instances.front(), .tokens = rows});
    plan_.requests.push_back({.request = request,
                              .rows = rows,
                              .first_share = share,
                              .num_shares = 1,
                              .first_member = first_member,
                              .num_members = num_members});
  }
  void Decode(RequestIndex request, std::int32_t master) {
    plan_.requests.push_back({.request = request, .decode = true, .master = master});
  }
  void Move(RequestIndex request, std::int32_t from, std::vector<KvShare> shares) {
    PlannedRequest planned = {.request = request, .rows = 0, .master = from};
    planned.first_share = static_cast<std::uint32_t>(plan_.shares.size());
    planned.num_shares = static_cast<std::uint32_t>(shares.size());
    for (const KvShare& share : shares) planned.rows += share.tokens;
    plan_.shares.insert(plan_.shares.end(), shares.begin(), shares.end());
    plan_.requests.push_back(planned);
    plan_.move = true;
  }

  StepMeasure Measure() {
    return meter_.Measure({.requests = requests_, .steps = {}, .instances = {}}, plan_);
  }

  std::vector<RequestState> requests_;
  StepPlan plan_;
  StepMeter meter_{kInstances, 2};
};

TEST_F(MeasureStep, DealsTheRowsOfAChunkOverItsRing) {
  plan_.instances = {0, 1};
  Chunk(AddRequest(100, {{0, 30}}), 21);
  const StepMeasure measure = Measure();
  EXPECT_EQ(measure.sizes[Size::kRows], 11);
  EXPECT_EQ(measure.sizes[Size::kPrefillPairs], (51 * 51 - 30 * 30 + 1) / 2);
  EXPECT_EQ(measure.sizes[Size::kRingTokens], 26);
  EXPECT_EQ(measure.sizes[Size::kSampledRows], 0) << "49 tokens are left";
  EXPECT_EQ(measure.prefill_rows, 21);
  EXPECT_EQ(measure.signature, (StepSignature{.degree = 2, .prefill = true, .sampled = false}));
}

TEST_F(MeasureStep, SamplesAtTheEndOfAPrompt) {
  plan_.instances = {3};
  Chunk(AddRequest(100, {{3, 30}}), 70);
  const StepMeasure measure = Measure();
  EXPECT_EQ(measure.sizes[Size::kSampledRows], 1);
  EXPECT_EQ(measure.sizes[Size::kRingTokens], 0) << "nothing travels in a ring of one";
  EXPECT_TRUE(measure.signature.sampled);
}

TEST_F(MeasureStep, CountsTheBusiestInstance) {
  plan_.instances = {0, 1, 2};
  Chunk(AddRequest(100, {}), 90, 0, 2);
  Chunk(AddRequest(40, {}), 40, 1, 1);
  Chunk(AddRequest(60, {}), 60, 2, 1);
  // Instance 0: 45 rows; 1: 45 + 40; 2: 60.
  const StepMeasure measure = Measure();
  EXPECT_EQ(measure.sizes[Size::kRows], 85);
  EXPECT_EQ(measure.sizes[Size::kPrefillPairs], 4'050 + 1'600);
  EXPECT_EQ(measure.sizes[Size::kSampledRows], 1);
  EXPECT_EQ(measure.prefill_rows, 190);
}

TEST_F(MeasureStep, CountsContextWhereItIsAndQueriesWhereTheyGo) {
  plan_.instances = {1, 2};
  Decode(AddRequest(100, {{1, 70}, {2, 33}}), 1);
  Decode(AddRequest(10, {{1, 10}}), 1);
  Decode(AddRequest(10, {{1, 8}, {2, 2}}), 2);
  const StepMeasure measure = Measure();
  // Instance 1: 70 + 10 + 8 and the new tokens of two rows; queries of the third come to it.
  EXPECT_EQ(measure.sizes[Size::kDecodeContext], 90);
  EXPECT_EQ(measure.sizes[Size::kRows], 2);
  EXPECT_EQ(measure.sizes[Size::kQueryRows], 1);
  EXPECT_EQ(measure.decode_rows, 3);
  EXPECT_EQ(measure.signature,
            (StepSignature{.degree = 2, .decode = true, .sampled = true, .across_nodes = true}));
}

TEST_F(MeasureStep, SendsQueriesToTheWholeGroupWhereThePlanSaysSo) {
  plan_.instances = {0, 1, 2};
  Decode(AddRequest(100, {{0, 70}, {1, 30}}), 0);
  Decode(AddRequest(10, {{0, 10}}), 0);
  Decode(AddRequest(10, {{1, 10}}), 1);
  EXPECT_EQ(Measure().sizes[Size::kQueryRows], 1) << "of the first, to instance 1";
  plan_.queries_to_all = true;
  const StepMeasure to_all = Measure();
  EXPECT_EQ(to_all.sizes[Size::kQueryRows], 3) << "of all, to instance 2, which owns nothing";
  plan_.queries_to_all = false;
  StepSizes sizes = Measure().sizes;
  sizes[Size::kQueryRows] = 3;
  EXPECT_EQ(to_all.sizes, sizes) << "nothing else changes";
}

TEST_F(MeasureStep, KnowsEveryPassOfARunBeforehand) {
  std::mt19937_64 random(1);
  const auto below = [&](std::int32_t bound) {
    return static_cast<std::int32_t>(random() % static_cast<std::uint64_t>(bound));
  };
  for (int round = 0; round < 200; ++round) {
    requests_.clear();
    plan_.Clear();
    plan_.instances = {0, 1, 2, 3};
    for (std::int32_t i = below(12); i >= 0; --i) {
      std::vector<KvShare> owners;
      for (std::int32_t instance = 0; instance < kInstances; ++instance) {
        if (below(2) == 0) owners.push_back({instance, 1 + below(60)});
      }
      if (owners.empty()) owners.push_back({below(kInstances), 5});
      Decode(AddRequest(10, owners), below(below(2) == 0 ? kInstances : 1 + below(2)));
    }
    const StepMeasure first = Measure();
    for (std::int64_t pass = 0; pass < 100; ++pass) {
      ASSERT_EQ(first.SizesOf(pass), Measure().sizes) << "pass " << pass;
      for (const PlannedRequest& planned : plan_.requests) {
        RequestState& state = requests_[static_cast<std::size_t>(planned.request)];
        ++state.kv_tokens;
        bool owns = false;
        for (KvShare& owner : state.owners) {
          owns = owns || owner.instance == planned.master;
          owner.tokens += owner.instance == planned.master ? 1 : 0;
        }
        if (!owns) state.owners.push_back({planned.master, 1});
      }
    }
  }
}

TEST_F(MeasureStep, ChargesAMoveToTheInstanceThatSendsOrGetsMost) {
  plan_.instances = {0, 1, 2};
  Move(AddRequest(100, {{0, 60}}), 0, {{1, 20}, {2, 10}});
  Move(AddRequest(100, {{1, 50}}), 1, {{2, 25}});
  const StepMeasure measure = Measure();
  EXPECT_EQ(measure.sizes[Size::kMovedTokens], 45) << "1 gets 20 and sends 25";
  EXPECT_TRUE(measure.signature.move);
  EXPECT_FALSE(measure.signature.prefill || measure.signature.decode || measure.signature.sampled);
  EXPECT_TRUE(measure.signature.across_nodes);
}

TEST_F(MeasureStep, PricesAMoveAsPlannersDo) {
  const Result<Profile> profile = BuiltinProfile("a800-80gb");
  const Result<ModelSpec> model = BuiltinModel("lwm-7b");
  ASSERT_TRUE(profile.ok() && model.ok());
  const ClusterSpec cluster = {.num_nodes = 2, .devices_per_node = 4};
  const Result<CostModel> costs = CostModel::Make(*profile, *model, cluster);
  ASSERT_TRUE(costs.ok()) << costs.error().ToString();
  for (const std::int32_t to : {1, 2}) {
    plan_.Clear();
    plan_.instances = {0, to};
    Move(AddRequest(5'000, {{0, 5'000}}), 0, {{to, 5'000}});
    const StepMeasure measure = Measure();
    EXPECT_EQ(costs->StepNs(measure.signature, measure.sizes), costs->MoveNs(5'000, to == 1));
  }
}

TEST_F(MeasureStep, TellsASwapFromAMove) {
  plan_.instances = {0, 1};
  Move(AddRequest(100, {{0, 60}, {1, 40}}), 0, {{kHostMemory, 100}});
  StepMeasure measure = Measure();
  EXPECT_TRUE(measure.swap);
  EXPECT_EQ(measure.sizes[Size::kMovedTokens], 60);
  plan_.Clear();
  plan_.instances = {0, 1};
  Move(AddRequest(100, {}), kHostMemory, {{0, 30}, {1, 70}});
  measure = Measure();
  EXPECT_TRUE(measure.swap);
  EXPECT_EQ(measure.sizes[Size::kMovedTokens], 70);
}

}  // namespace
}  // namespace braid
