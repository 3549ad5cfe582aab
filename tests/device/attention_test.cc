#include "tests/device/operator_data.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace braid::testing {
namespace {

/// Some requests over one cache whose slots are dealt out in pieces.
struct Scene {
  std::int32_t head_dim = 0;
  std::int32_t kv_heads = 0;
  std::vector<std::int32_t> kv_head_of;
  std::vector<float> keys;
  std::vector<float> values;
  KvView cache;
  std::vector<std::vector<SlotExtent>> extents;
  std::vector<RequestRows> requests;
  std::int32_t rows = 0;

  Scene(std::int32_t dim, std::int32_t num_kv_heads, std::vector<std::int32_t> mapping,
        std::int32_t slots)
      : head_dim(dim), kv_heads(num_kv_heads), kv_head_of(std::move(mapping)) {
    keys = TestRows(slots, kv_heads * head_dim, 0, 31).values();
    values = TestRows(slots, kv_heads * head_dim, 0, 32).values();
    for (float& key : keys) key *= 3;  // scores that differ
    cache = {.keys = keys.data(),
             .values = values.data(),
             .num_slots = slots,
             .kv_heads = kv_heads,
             .head_dim = head_dim};
  }

  void Add(std::int32_t position, std::int32_t num_rows, std::vector<SlotExtent> where) {
    extents.push_back(std::move(where));
    requests.push_back(
        {.first_row = rows, .num_rows = num_rows, .first_position = position, .extents = {}});
    rows += num_rows;
    for (std::size_t i = 0; i < requests.size(); ++i) requests[i].extents = extents[i];
  }

  std::int32_t SlotOf(std::size_t request, std::int32_t token) const {
    for (const SlotExtent& extent : extents[request]) {
      if (token < extent.count) return extent.first + token;
      token -= extent.count;
    }
    return -1;
  }

  std::size_t Offset(std::size_t request, std::int32_t token, std::int32_t kv_head) const {
    return static_cast<std::size_t>((SlotOf(request, token) * kv_heads + kv_head) * head_dim);
  }
  std::int32_t cols() const { return static_cast<std::int32_t>(kv_head_of.size()) * head_dim; }
};

void ReferenceRow(const Scene& scene, std::size_t request, std::int32_t row, const TestRows& q,
                  std::vector<double>& out) {
  const RequestRows& rows = scene.requests[request];
  const std::int32_t tokens = rows.first_position + row + 1;
  const auto dim = static_cast<std::size_t>(scene.head_dim);
  for (std::size_t h = 0; h < scene.kv_head_of.size(); ++h) {
    std::vector<double> weights;
    for (std::int32_t t = 0; t < tokens; ++t) {
      const float* const key = &scene.keys[scene.Offset(request, t, scene.kv_head_of[h])];
      double score = 0;
      for (std::size_t d = 0; d < dim; ++d) {
        score += static_cast<double>(q.view.row(rows.first_row + row)[h * dim + d]) *
                 static_cast<double>(key[d]);
      }
      weights.push_back(score / std::sqrt(static_cast<double>(dim)));
    }
    const double most = *std::max_element(weights.begin(), weights.end());
    for (double& weight : weights) weight = std::exp(weight - most);
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (std::size_t d = 0; d < dim; ++d) {
      double sum = 0;
      for (std::int32_t t = 0; t < tokens; ++t) {
        sum += weights[static_cast<std::size_t>(t)] / total *
               static_cast<double>(scene.values[scene.Offset(request, t, scene.kv_head_of[h]) + d]);
      }
      out.push_back(sum);
    }
  }
}

std::vector<double> Reference(const Scene& scene, const TestRows& q) {
  std::vector<double> out;
  for (std::size_t i = 0; i < scene.requests.size(); ++i) {
    for (std::int32_t row = 0; row < scene.requests[i].num_rows; ++row) {
      ReferenceRow(scene, i, row, q, out);
    }
  }
  return out;
}

std::vector<float> Attend(Operators& operators, const Scene& scene, const TestRows& q,
                          bool backward = false) {
  TestRows out(scene.rows, scene.cols(), 2, 33);
  const AttentionArgs args = {.q = q.view,
                              .cache = scene.cache,
                              .requests = scene.requests,
                              .kv_head_of = scene.kv_head_of,
                              .out = out.view};
  backward ? RunBackward(operators, args) : RunForward(operators, args);
  EXPECT_TRUE(out.gaps_untouched());
  return out.values();
}

// A decode over several rounds, a prefill, a chunk in the middle, one token alone.
Scene MixedScene(std::int32_t head_dim, std::int32_t kv_heads, std::vector<std::int32_t> mapping) {
  Scene scene(head_dim, kv_heads, std::move(mapping), 1000);
  scene.Add(599, 1,
            {{.first = 300, .count = 7}, {.first = 0, .count = 290}, {.first = 400, .count = 303}});
  scene.Add(0, 37, {{.first = 720, .count = 20}, {.first = 310, .count = 17}});
  scene.Add(250, 13, {{.first = 740, .count = 0}, {.first = 730, .count = 263}});
  scene.Add(0, 1, {{.first = 999, .count = 1}});
  return scene;
}

std::vector<Scene> Scenes() {
  std::vector<Scene> scenes;
  scenes.push_back(MixedScene(8, 4, {0, 0, 1, 1, 2, 2, 3, 3}));
  scenes.push_back(MixedScene(64, 3, {0, 1, 1, 1, 2}));  // uneven shards
  scenes.push_back(MixedScene(20, 2, {1, 0, 1}));        // not a multiple of 16, nor in order
  scenes.push_back(MixedScene(6, 1, {0}));               // nor of 4
  scenes.push_back(MixedScene(128, 2, {0, 1}));
  return scenes;
}

TEST(Attention, MatchesADoubleReferenceForMixedRequestsOnEveryInstructionSet) {
  for (const InstructionSet set : SupportedSets()) {
    for (const Scene& scene : Scenes()) {
      const TestRows q(scene.rows, scene.cols(), 3, 34);
      const auto operators = MakeOperators(set);
      EXPECT_LT(RelativeError(Attend(*operators, scene, q), Reference(scene, q)), 2e-6)
          << InstructionSetName(set) << " head_dim " << scene.head_dim;
    }
  }
}

TEST(Attention, GivesTheSameBitsOnEveryInstructionSet) {
  for (const Scene& scene : Scenes()) {
    const TestRows q(scene.rows, scene.cols(), 3, 35);
    const auto expected = Attend(*MakeOperators(InstructionSet::kScalar), scene, q);
    for (const InstructionSet set : SupportedSets()) {
      EXPECT_TRUE(SameBits(Attend(*MakeOperators(set), scene, q), expected))
          << InstructionSetName(set) << " head_dim " << scene.head_dim;
    }
  }
}

TEST(Attention, GivesTheSameBitsWhateverTheOrderOfItsTiles) {
  const auto operators = MakeBestOperators();
  Scene scene(64, 2, {0, 0, 1, 1}, 700);
  scene.Add(0, 700, {{.first = 0, .count = 700}});
  const TestRows q(scene.rows, scene.cols(), 0, 36);
  const AttentionArgs args = {.q = q.view,
                              .cache = scene.cache,
                              .requests = scene.requests,
                              .kv_head_of = scene.kv_head_of,
                              .out = {}};
  ASSERT_GT(operators->NumTiles(args), 1);
  EXPECT_TRUE(SameBits(Attend(*operators, scene, q), Attend(*operators, scene, q, true)));
}

TEST(Attention, GivesAPrefillTheSameBitsWholeAndInChunks) {
  constexpr std::int32_t kTokens = 530;
  const std::vector<SlotExtent> where = {{.first = 40, .count = 100}, {.first = 200, .count = 430}};
  Scene whole(16, 2, {0, 0, 1}, 640);
  whole.Add(0, kTokens, where);
  const TestRows q(kTokens, whole.cols(), 0, 37);
  for (const InstructionSet set : SupportedSets()) {
    const auto operators = MakeOperators(set);
    const std::vector<float> expected = Attend(*operators, whole, q);
    for (const std::int32_t chunk : {1, 23, 256, 300}) {
      std::vector<float> chunked;
      for (std::int32_t first = 0; first < kTokens; first += chunk) {
        const std::int32_t rows = std::min(chunk, kTokens - first);
        Scene part(16, 2, {0, 0, 1}, 640);
        part.Add(first, rows, where);
        TestRows some(rows, part.cols(), 0, 38);
        std::copy_n(q.view.row(first), rows * part.cols(), some.view.row(0));
        const std::vector<float> out = Attend(*operators, part, some);
        chunked.insert(chunked.end(), out.begin(), out.end());
      }
      EXPECT_TRUE(SameBits(chunked, expected)) << InstructionSetName(set) << " chunk " << chunk;
    }
  }
}

TEST(Attention, GivesARequestTheSameBitsAloneAndBesideOthers) {
  const Scene together = MixedScene(64, 2, {0, 0, 0, 1});
  const TestRows q(together.rows, together.cols(), 0, 39);
  const auto operators = MakeBestOperators();
  const std::vector<float> all = Attend(*operators, together, q);
  for (std::size_t i = 0; i < together.requests.size(); ++i) {
    const RequestRows& request = together.requests[i];
    Scene alone(64, 2, {0, 0, 0, 1}, 1000);
    alone.Add(request.first_position, request.num_rows, together.extents[i]);
    TestRows some(request.num_rows, alone.cols(), 0, 40);
    std::copy_n(q.view.row(request.first_row), some.data.size(), some.view.row(0));
    const auto begin = all.begin() + request.first_row * together.cols();
    EXPECT_TRUE(SameBits(Attend(*operators, alone, some),
                         {begin, begin + request.num_rows * together.cols()}));
  }
}

TEST(Attention, DoesNotLetALaterTokensNanReachEarlierRows) {
  Scene scene(16, 1, {0, 0}, 64);
  scene.Add(0, 20, {{.first = 0, .count = 20}});
  const std::size_t poisoned = scene.Offset(0, 11, 0);
  scene.values[poisoned] = std::numeric_limits<float>::quiet_NaN();
  scene.keys[poisoned + 1] = std::numeric_limits<float>::infinity();
  const TestRows q(20, scene.cols(), 0, 41);
  const std::vector<float> out = Attend(*MakeBestOperators(), scene, q);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t row = i / 32;
    if (row < 11) {
      EXPECT_TRUE(std::isfinite(out[i])) << i;
    } else if (i % 16 == 0) {
      EXPECT_FALSE(std::isfinite(out[i])) << i;
    }
  }
}

TEST(Attention, StaysFiniteForScoresThatOverflowAnExponential) {
  Scene scene(16, 1, {0}, 64);
  scene.Add(0, 40, {{.first = 5, .count = 40}});
  for (float& key : scene.keys) key *= 1e4F;
  const TestRows q(40, 16, 0, 42);
  EXPECT_LT(RelativeError(Attend(*MakeBestOperators(), scene, q), Reference(scene, q)), 1e-2);
}

TEST(Attention, DoesNothingWithoutRequests) {
  const auto operators = MakeBestOperators();
  const Scene scene(16, 1, {0}, 4);
  const AttentionArgs args = {
      .q = {}, .cache = scene.cache, .requests = {}, .kv_head_of = scene.kv_head_of, .out = {}};
  EXPECT_EQ(operators->NumTiles(args), 1);
  operators->RunTile(args, 0);
}

}  // namespace
}  // namespace braid::testing
