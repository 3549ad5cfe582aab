#include "tests/runtime/logits_distance.h"
#include "tests/runtime/model_file.h"
#include "tests/runtime/odd_models.h"
#include "tests/runtime/rank_steps.h"
#include "tests/runtime/reference_model.h"
#include "tests/runtime/step_script.h"

#include <gtest/gtest.h>

#include <cmath>
#include <ostream>

namespace braid {
namespace {

/// Three requests that come and go as in real batches: whole prompts, prompts in chunks, single
/// tokens, all in one step; then decode steps of all of them.
struct Script {
  /// Where a row of logits belongs.
  struct Row {
    std::uint64_t step = 0;
    std::size_t request = 0;
    std::int32_t position = 0;
  };

  std::vector<ScriptedRequest> requests;
  std::vector<Round> rounds;
  std::vector<Row> rows;  // in the order in which the steps yield them

  struct Part {
    std::size_t request = 0;
    std::int32_t count = 0;
    std::int32_t sampled = 0;
  };
  void AddStep(const std::vector<Part>& parts) {
    std::vector<StepRequest> step;
    const std::uint64_t number = rounds.size() + 1;
    for (const Part& part : parts) {
      ScriptedRequest& request = requests[part.request];
      step.push_back(request.Next(part.count, part.sampled));
      for (std::int32_t i = part.sampled; i > 0; --i) {
        rows.push_back({number, part.request, request.position() - i});
      }
    }
    rounds.push_back({MakeStep(number, std::move(step))});
  }
};

Script MixedScript(std::int32_t vocab_size) {
  Script script;
  for (std::uint64_t id = 0; id < 3; ++id) script.requests.emplace_back(id, 16, vocab_size);
  script.AddStep({{0, 7, 7}, {1, 1, 1}, {2, 4, 0}});
  script.AddStep({{0, 1, 1}, {1, 1, 1}, {2, 5, 5}});
  script.AddStep({{2, 3, 0}, {1, 2, 0}});
  for (int i = 0; i < 3; ++i) script.AddStep({{2, 1, 1}, {0, 1, 1}, {1, 1, 1}});
  script.AddStep({{0, 1, 1}, {1, 1, 1}});
  return script;
}

/// The largest distance of any row from the reference's row for it.
double DistanceFromReference(const ReferenceModel& reference, const Script& script,
                             const StepsOutcome& outcome) {
  std::vector<std::vector<std::vector<double>>> expected;
  for (const ScriptedRequest& request : script.requests) {
    expected.push_back(
        reference.Logits(request.tokens().first(static_cast<std::size_t>(request.position()))));
  }
  const auto vocab = static_cast<std::size_t>(reference.spec().vocab_size);
  std::map<std::uint64_t, std::size_t> row_in_step;
  double worst = 0;
  for (const Script::Row& row : script.rows) {
    const std::vector<float>& logits = outcome.logits.at(row.step);
    const std::size_t begin = row_in_step[row.step]++ * vocab;
    if (begin + vocab > logits.size()) return std::numeric_limits<double>::infinity();
    const std::vector<double>& truth =
        expected[row.request][static_cast<std::size_t>(row.position)];
    worst = std::max(worst, Distance(std::span(logits).subspan(begin, vocab), std::span(truth)));
  }
  return worst;
}

double DistanceBetween(const StepsOutcome& a, const StepsOutcome& b) {
  double worst = 0;
  for (const auto& [step, logits] : b.logits) {
    if (logits.empty()) continue;
    worst = std::max(worst, Distance(std::span(a.logits.at(step)), std::span(logits)));
  }
  return worst;
}

JobOptions OptionsFor(const std::string& path, const Mesh& mesh) {
  JobOptions options;
  options.model_path = path;
  options.mesh = mesh;
  options.numerics = Numerics::kExact;
  options.max_rows = 256;
  options.wait_limit = std::chrono::seconds(30);
  return options;
}

struct SplitCase {
  NamedModel named;
  Mesh mesh;

  std::string Name() const {
    return named.name + "_tp" + std::to_string(mesh.tensor) + "_pp" + std::to_string(mesh.pipeline);
  }
};

void PrintTo(const SplitCase& split, std::ostream* out) { *out << split.Name(); }

std::vector<SplitCase> AllCases() {
  std::vector<SplitCase> cases;
  for (const NamedModel& named : OddModels()) {
    for (const Mesh& mesh : MeshesFor(named.model.spec)) cases.push_back({named, mesh});
  }
  return cases;
}

std::vector<SplitCase> UnsplitCases() {
  std::vector<SplitCase> cases;
  for (const NamedModel& named : OddModels()) cases.push_back({named, {}});
  return cases;
}

class SplitModel : public ::testing::TestWithParam<SplitCase> {};
class UnsplitModel : public ::testing::TestWithParam<SplitCase> {};

TEST_P(UnsplitModel, YieldsTheLogitsOfTheReference) {
  const TestFolder folder;
  const std::string path = WriteModel(folder, GetParam().named.model);
  const Result<ReferenceModel> reference = ReferenceModel::Load(path);
  ASSERT_TRUE(reference.ok()) << reference.error().ToString();
  for (const Numerics numerics : {Numerics::kExact, Numerics::kFast}) {
    for (const bool widen : {false, true}) {
      JobOptions options = OptionsFor(path, {});
      options.numerics = numerics;
      options.widen_to_f32 = widen;
      const Script script = MixedScript(reference->spec().vocab_size);
      const StepsOutcome outcome = RunSteps(options, script.rounds);
      EXPECT_LE(DistanceFromReference(*reference, script, outcome), 1e-4);
    }
  }
}

// The reference is exact to some 1e-15, so 1e-4 is all that f32 may lose on the way. Between one
// rank and several, both in f32 with the same kernels, only the order changes in which the
// partial products of o and down (and nothing else) are added: a few units in the last place
// (6e-8) a layer, so 1e-5 leaves no room for a wrong row, head or column.
TEST_P(SplitModel, YieldsTheLogitsOfTheReferenceAndOfOneRankAndSendsWhatIsPredicted) {
  const TestFolder folder;
  const std::string path = WriteModel(folder, GetParam().named.model);
  const Result<ReferenceModel> reference = ReferenceModel::Load(path);
  ASSERT_TRUE(reference.ok()) << reference.error().ToString();
  const Script script = MixedScript(reference->spec().vocab_size);
  const StepsOutcome outcome = RunSteps(OptionsFor(path, GetParam().mesh), script.rounds);
  const double from_reference = DistanceFromReference(*reference, script, outcome);
  const double from_one_rank =
      DistanceBetween(outcome, RunSteps(OptionsFor(path, {}), script.rounds));
  EXPECT_LE(from_reference, 1e-4);
  EXPECT_LE(from_one_rank, 1e-5);
  RecordProperty("from_reference_1e9", std::to_string(std::lround(from_reference * 1e9)));
  RecordProperty("from_one_rank_1e9", std::to_string(std::lround(from_one_rank * 1e9)));
  for (std::size_t rank = 0; rank < outcome.sent.size(); ++rank) {
    EXPECT_EQ(outcome.sent[rank].bytes, outcome.predicted[rank].bytes) << "rank " << rank;
    EXPECT_EQ(outcome.sent[rank].messages, outcome.predicted[rank].messages) << "rank " << rank;
  }
}

const auto kCaseName = [](const auto& info) { return info.param.Name(); };
INSTANTIATE_TEST_SUITE_P(Odd, UnsplitModel, ::testing::ValuesIn(UnsplitCases()), kCaseName);
INSTANTIATE_TEST_SUITE_P(Odd, SplitModel, ::testing::ValuesIn(AllCases()), kCaseName);

// Long enough that sums go by slices, and sums, hand-overs and logits by several messages each.
TEST(LongStep, SendsExactlyWhatIsPredictedAndKeepsItsLogits) {
  RandomModel model = OddModel(9, 3, 8);
  model.spec.model_dim = 200;
  model.spec.num_layers = 2;
  model.spec.vocab_size = 601;
  model.spec.context_length = ScriptedRequest::PoolSize(183);
  const TestFolder folder;
  const std::string path = WriteModel(folder, model);
  const auto script = [&] {
    ScriptedRequest request(0, 183, model.spec.vocab_size);
    return std::vector<Round>{{MakeStep(1, {request.Next(181, 181)})},
                              {MakeStep(2, {request.Next(2, 1)})}};
  }();
  JobOptions options = OptionsFor(path, {});
  const StepsOutcome alone = RunSteps(options, script);
  for (const Mesh mesh : {Mesh{2, 1}, Mesh{3, 1}, Mesh{1, 2}, Mesh{2, 2}}) {
    options.mesh = mesh;
    const StepsOutcome outcome = RunSteps(options, script);
    EXPECT_LE(DistanceBetween(outcome, alone), 1e-5);
    EXPECT_EQ(outcome.sent, outcome.predicted) << mesh.tensor << " x " << mesh.pipeline;
    for (const SentTraffic& sent : outcome.sent) EXPECT_GT(sent.bytes, 128U * 1024U);
  }
}

}  // namespace
}  // namespace braid
