#include "tests/runtime/model_file.h"
#include "tests/runtime/odd_models.h"
#include "tests/runtime/rank_steps.h"
#include "tests/runtime/step_script.h"

#include <gtest/gtest.h>

#include <cstring>
#include <ostream>

namespace braid {
namespace {

/// Bit for bit: what --numerics exact promises whatever shares a step with a row.
void ExpectSameBits(std::span<const float> a, std::span<const float> b, const std::string& what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  ASSERT_FALSE(a.empty()) << what;
  EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size_bytes()), 0) << what;
}

class ExactNumerics : public ::testing::TestWithParam<Mesh> {
 protected:
  JobOptions Options() const {
    JobOptions options;
    options.model_path = path_;
    options.mesh = GetParam();
    options.numerics = Numerics::kExact;
    options.max_rows = 64;
    options.wait_limit = std::chrono::seconds(30);
    return options;
  }
  ScriptedRequest Request(std::uint64_t id) const {
    return ScriptedRequest(id, kTokens, model_.spec.vocab_size);
  }
  /// The bits of rows [first, first + count) of a step's logits.
  std::span<const float> Rows(const StepsOutcome& outcome, std::uint64_t step, std::size_t first,
                              std::size_t count) const {
    const auto vocab = static_cast<std::size_t>(model_.spec.vocab_size);
    return std::span(outcome.logits.at(step)).subspan(first * vocab, count * vocab);
  }

  static constexpr std::int32_t kTokens = 24;
  RandomModel model_ = OddModel(9, 3, 32, DType::kQ8_0);
  TestFolder folder_;
  std::string path_ = [this] {
    model_.spec.model_dim = 64;
    return WriteModel(folder_, model_);
  }();
};

TEST_P(ExactNumerics, AreTheSameForAPromptInChunksAsForAWholeOne) {
  ScriptedRequest whole = Request(1);
  const StepsOutcome at_once =
      RunSteps(Options(), std::vector<Round>{{MakeStep(1, {whole.Next(kTokens, kTokens)})}});
  ScriptedRequest cut = Request(1);
  std::vector<Round> rounds;
  std::uint64_t number = 0;
  for (const std::int32_t count : {5, 1, 11, 7}) {
    rounds.push_back({MakeStep(++number, {cut.Next(count, count)})});
  }
  const StepsOutcome in_chunks = RunSteps(Options(), rounds);
  std::size_t row = 0;
  for (const auto& [step, logits] : in_chunks.logits) {
    const std::size_t count = rounds[step - 1][0].requests[0].tokens.size();
    ExpectSameBits(logits, Rows(at_once, 1, row, count), "step " + std::to_string(step));
    row += count;
  }
  EXPECT_EQ(row, static_cast<std::size_t>(kTokens));
}

TEST_P(ExactNumerics, AreTheSameForARequestAmongOthersAsAlone) {
  ScriptedRequest alone = Request(2);
  const StepsOutcome by_itself = RunSteps(
      Options(),
      std::vector<Round>{{MakeStep(1, {alone.Next(9, 9)})}, {MakeStep(2, {alone.Next(1, 1)})}});
  std::vector<ScriptedRequest> four;
  for (std::uint64_t id = 0; id < 4; ++id) four.push_back(Request(id));
  const std::vector<Round> rounds = {
      {MakeStep(1, {four[0].Next(13, 1), four[2].Next(9, 9), four[1].Next(1, 0)})},
      {MakeStep(2, {four[3].Next(17, 2), four[1].Next(1, 1), four[2].Next(1, 1)})}};
  const StepsOutcome among = RunSteps(Options(), rounds);
  ExpectSameBits(Rows(among, 1, 1, 9), Rows(by_itself, 1, 0, 9), "prefill");
  ExpectSameBits(Rows(among, 2, 3, 1), Rows(by_itself, 2, 0, 1), "decode");
}

TEST_P(ExactNumerics, AreTheSameForStrandsSideBySideAsOneAfterTheOther) {
  const auto run = [&](bool side_by_side) {
    JobOptions options = Options();
    options.strand_slots = 3;
    std::vector<ScriptedRequest> requests;
    for (std::uint64_t id = 0; id < 3; ++id) requests.push_back(Request(id));
    std::vector<Round> rounds;
    std::uint64_t number = 0;
    for (const std::int32_t count : {12, 1, 6}) {
      Round round;
      for (std::int32_t slot = 0; slot < 3; ++slot) {
        ScriptedRequest& request = requests[static_cast<std::size_t>(slot)];
        const std::int32_t rows = slot == 1 ? 1 : count;
        round.push_back(MakeStep(++number, {request.Next(rows, rows)}, slot));
        round.back().priority = slot == 2 ? 1 : 0;
      }
      if (side_by_side) {
        rounds.push_back(round);
      } else {
        for (const Step& step : round) rounds.push_back({step});
      }
    }
    return RunSteps(options, rounds);
  };
  const StepsOutcome apart = run(false);
  const StepsOutcome together = run(true);
  ASSERT_EQ(apart.logits.size(), 9U);
  for (const auto& [step, logits] : apart.logits) {
    ExpectSameBits(together.logits.at(step), logits, "step " + std::to_string(step));
  }
  EXPECT_EQ(together.sent, together.predicted);
}

TEST_P(ExactNumerics, AreTheSameWhereverTheKvLies) {
  ScriptedRequest scattered = Request(3);
  const std::vector<Round> spread = {{MakeStep(1, {scattered.Next(10, 10)})},
                                     {MakeStep(2, {scattered.Next(1, 1)})}};
  std::vector<Round> packed = spread;
  packed[0][0].requests[0].kv = {{0, 0, 10}};
  packed[1][0].requests[0].kv = {{0, 0, 11}};
  const StepsOutcome a = RunSteps(Options(), spread);
  const StepsOutcome b = RunSteps(Options(), packed);
  ExpectSameBits(a.logits.at(1), b.logits.at(1), "prefill");
  ExpectSameBits(a.logits.at(2), b.logits.at(2), "decode");
}

INSTANTIATE_TEST_SUITE_P(Meshes, ExactNumerics,
                         ::testing::Values(Mesh{1, 1}, Mesh{2, 1}, Mesh{2, 2}, Mesh{1, 3}),
                         [](const auto& mesh) {
                           return "tp" + std::to_string(mesh.param.tensor) + "_pp" +
                                  std::to_string(mesh.param.pipeline);
                         });

TEST(WidenedWeights, GiveTheSameBitsAsThoseAsStored) {
  const TestFolder folder;
  for (const NamedModel& named : OddModels()) {
    JobOptions options;
    options.model_path = WriteModel(folder, named.model);
    options.numerics = Numerics::kExact;
    const auto run = [&](bool widen) {
      options.widen_to_f32 = widen;
      ScriptedRequest request(0, 12, named.model.spec.vocab_size);
      return RunSteps(options, std::vector<Round>{{MakeStep(1, {request.Next(11, 11)})},
                                                  {MakeStep(2, {request.Next(1, 1)})}});
    };
    const StepsOutcome stored = run(false);
    const StepsOutcome widened = run(true);
    ExpectSameBits(stored.logits.at(1), widened.logits.at(1), named.name);
    ExpectSameBits(stored.logits.at(2), widened.logits.at(2), named.name);
  }
}

}  // namespace
}  // namespace braid
