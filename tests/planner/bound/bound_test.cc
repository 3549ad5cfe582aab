#include "planner/sim/bound/bound.h"

#include "planner/cost/builtin_models.h"
#include "planner/sim/bound/lowest_costs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

namespace braid {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

/// LWM-7B on eight A800, two to an instance.
class BoundTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const Result<Profile> profile = BuiltinProfile("a800-80gb");
    const Result<ModelSpec> model = BuiltinModel("lwm-7b");
    ASSERT_TRUE(profile.ok()) << profile.error().ToString();
    ASSERT_TRUE(model.ok()) << model.error().ToString();
    Result<CostModel> cost = CostModel::Make(*profile, *model, ClusterSpec{});
    ASSERT_TRUE(cost.ok()) << cost.error().ToString();
    cost_ = std::make_unique<CostModel>(std::move(cost).value());
  }

  RateBound Bound(const std::vector<TrafficRequest>& requests, const BoundRules& rules) const {
    const Result<RateBound> bound = BoundRate(*cost_, requests, rules);
    EXPECT_TRUE(bound.ok()) << bound.error().ToString();
    return bound.ok() ? *bound : RateBound{};
  }
  double Rate(std::int64_t prompt, std::int64_t output, const BoundRules& rules = Rules()) const {
    return Bound(std::vector<TrafficRequest>(20, {prompt, output}), rules).rate;
  }
  static BoundRules Rules() { return {.num_instances = 4}; }
  static BoundRules AllMustPass() { return {.num_instances = 4, .attainment = 1}; }

  std::unique_ptr<CostModel> cost_;
};

TEST_F(BoundTest, FallsWhenPromptsOrOutputsGrow) {
  double before = Rate(16, 4);
  for (const std::int64_t prompt : {200, 3'000, 40'000, 200'000}) {
    const double rate = Rate(prompt, 4);
    EXPECT_LT(rate, before) << prompt;
    before = rate;
  }
  before = Rate(3'000, 1);
  for (const std::int64_t output : {2, 20, 200, 2'000}) {
    const double rate = Rate(3'000, output);
    EXPECT_LT(rate, before) << output;
    before = rate;
  }
}

TEST_F(BoundTest, RisesInProportionToInstances) {
  BoundRules two = Rules();
  two.num_instances = 2;
  EXPECT_GE(Rate(3'000, 100), 2 * Rate(3'000, 100, two) * (1 - 1e-12));
}

TEST_F(BoundTest, LetsATenthFailAndNoMore) {
  EXPECT_NEAR(Rate(5'000, 50), Rate(5'000, 50, AllMustPass()) / 0.9, 1e-9 * Rate(5'000, 50));
}

TEST_F(BoundTest, LeavesOutTheLongestUnlessDecilesCount) {
  std::vector<TrafficRequest> requests;
  for (std::int64_t r = 0; r < 100; ++r) {
    requests.push_back({r < 90 ? 100 + r : 150'000 + r, 20});
  }
  BoundRules by_decile = Rules();
  by_decile.decile_attainment = 0.8;
  const double in_all = Bound(requests, Rules()).rate;
  const double deciles = Bound(requests, by_decile).rate;
  EXPECT_LT(deciles, in_all / 20);
  requests.resize(90);
  const double short_ones = Bound(requests, AllMustPass()).rate;
  EXPECT_NEAR(in_all, short_ones / 0.9, 1e-9 * in_all);
}

TEST_F(BoundTest, IsAboveWhatInstancesReachThatPrefillOnePromptAtATime) {
  for (const std::int64_t prompt : {100, 2'000, 50'000, 200'000}) {
    for (std::int32_t degree = 1; degree <= 4; ++degree) {
      const double d = degree;
      const double tokens = static_cast<double>(prompt);
      const double step_ns = cost_->Prefill(degree).Ns(tokens, tokens * tokens);
      EXPECT_GT(Rate(prompt, 1, AllMustPass()), 4 / d * 1e9 / step_ns)
          << prompt << " on " << degree;
    }
  }
}

TEST_F(BoundTest, IsNearWhatGreatBatchesOfPromptsReach) {
  // 64 prompts of 8,000 tokens in one step: launches and weights hardly count there.
  StepSizes sizes;
  sizes[Size::kRows] = 64 * 8'000;
  sizes[Size::kSampledRows] = 64;
  sizes[Size::kPrefillPairs] = std::int64_t{64} * 8'000 * 8'000;
  const StepSignature signature{.degree = 1, .prefill = true};
  const CostModel::LaneNs busy = cost_->BusyNs(signature, sizes);
  const double reached = 4 * 64 * 1e9 / static_cast<double>(busy.compute);
  const double bound =
      Bound(std::vector<TrafficRequest>(20, {8'000, 1}), AllMustPass()).compute_rate;
  EXPECT_GE(bound, reached);
  EXPECT_LE(bound, 1.02 * reached);
}

TEST_F(BoundTest, IsAboveWhatInstancesReachThatDecodeTheLargestBatch) {
  // As many requests of 4,000 tokens as an instance holds, decoding for ever.
  const std::int64_t batch = cost_->kv_slots() / 4'000;
  StepSizes sizes;
  sizes[Size::kRows] = batch;
  sizes[Size::kSampledRows] = batch;
  sizes[Size::kDecodeContext] = batch * 4'000;
  const std::int64_t step_ns = cost_->StepNs({.degree = 1, .decode = true}, sizes);
  constexpr std::int64_t kOutput = 200;
  const double decoding =
      4 * static_cast<double>(batch) * 1e9 / static_cast<double>(step_ns * (kOutput - 1));
  EXPECT_GT(Rate(3'900, kOutput, AllMustPass()), 0);
  // What a request decodes alone, its prompt apart, at a shorter context than the batch's.
  const double with_prompt = 1 / Rate(3'900, kOutput, AllMustPass());
  const double prompt = 1 / Rate(3'900, 1, AllMustPass());
  EXPECT_LT(with_prompt - prompt, 1 / decoding);
}

TEST_F(BoundTest, ChargesTheReadingOfWeightsWhereFewRequestsFit) {
  // At 100,000 tokens of context two requests fill an instance: a token takes half of a step that
  // reads all weights, far more than its products alone.
  const LowestCosts lowest = LowestCostsOf(*cost_, 4);
  const double rate_1 = Rate(100'000, 1, AllMustPass());
  const double rate_1001 = Rate(100'000, 1'001, AllMustPass());
  const double token_ns = (4e9 / rate_1001 - 4e9 / rate_1) / 1'000;
  EXPECT_GT(token_ns, 2 * lowest.compute.row_products.unit_ns);
  EXPECT_GT(token_ns, 0.3 * lowest.compute.row_products.read_ns);
}

TEST_F(BoundTest, AllowsARunToEndAfterItsLastArrival) {
  std::vector<TrafficRequest> requests(40, {20'000, 50, 15 * kSecond});
  const RateBound bound = Bound(requests, Rules());
  const double run_seconds = 40 / bound.rate;
  if (run_seconds > 15) {
    EXPECT_NEAR(bound.run_rate, 40 / (run_seconds - 15), 1e-6 * bound.run_rate);
  } else {
    EXPECT_TRUE(std::isinf(bound.run_rate));
  }
  requests.assign(4'000, {20'000, 50, 15 * kSecond});
  const RateBound longer = Bound(requests, Rules());
  EXPECT_NEAR(longer.rate, bound.rate, 1e-9 * bound.rate);
  EXPECT_GT(longer.run_rate, longer.rate);
  EXPECT_LT(longer.run_rate, 1.05 * longer.rate);
}

TEST_F(BoundTest, DoesNotLetOneLenientRequestExcuseTheOthers) {
  std::vector<TrafficRequest> requests(4'000, {2'000, 50, 15 * kSecond});
  const RateBound strict = Bound(requests, Rules());
  requests[0].allowed_ns = 100'000 * kSecond;
  const RateBound lenient = Bound(requests, Rules());
  EXPECT_LT(lenient.run_rate, 1.2 * strict.run_rate);
}

TEST_F(BoundTest, OfARunComesDownToTheRateAsTheRunGrows) {
  // Ten long prompts in a hundred may take 1,200 s: longer than a short run.
  std::vector<TrafficRequest> hundred(90, {2'000, 50, 15 * kSecond});
  hundred.insert(hundred.end(), 10, {200'000, 20, 1'200 * kSecond});
  BoundRules rules = Rules();
  rules.decile_attainment = 0.8;
  std::vector<TrafficRequest> requests;
  double before = std::numeric_limits<double>::infinity();
  for (const std::size_t hundreds : {32U, 64U, 128U}) {
    while (requests.size() < 100 * hundreds) {
      requests.insert(requests.end(), hundred.begin(), hundred.end());
    }
    const RateBound bound = Bound(requests, rules);
    EXPECT_GT(bound.run_rate, bound.rate) << hundreds;
    EXPECT_LT(bound.run_rate, before) << hundreds;
    before = bound.run_rate;
  }
  EXPECT_LT(before, 1.2 * Bound(hundred, rules).rate);
}

TEST_F(BoundTest, RefusesWhatMakesNoSense) {
  const std::vector<TrafficRequest> good(1, {10, 10});
  EXPECT_FALSE(BoundRate(*cost_, {}, Rules()).ok());
  EXPECT_FALSE(BoundRate(*cost_, std::vector<TrafficRequest>{{0, 1}}, Rules()).ok());
  EXPECT_FALSE(BoundRate(*cost_, std::vector<TrafficRequest>{{1, 0}}, Rules()).ok());
  BoundRules rules = Rules();
  rules.attainment = 1.5;
  EXPECT_FALSE(BoundRate(*cost_, good, rules).ok());
  rules = Rules();
  rules.num_instances = 0;
  EXPECT_FALSE(BoundRate(*cost_, good, rules).ok());
  rules = Rules();
  rules.tpot_limit_ns = 0;
  EXPECT_FALSE(BoundRate(*cost_, good, rules).ok());
}

}  // namespace
}  // namespace braid
