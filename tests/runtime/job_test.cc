#include "runtime/job.h"

#include "base/version.h"
#include "runtime/generate.h"
#include "runtime/task_trace.h"
#include "tests/comm/messages.h"
#include "tests/runtime/model_file.h"
#include "tests/runtime/odd_models.h"
#include "tests/runtime/step_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace braid {
namespace {

using ::testing::HasSubstr;

class InprocJob : public ::testing::Test {
 protected:
  JobOptions Options(const RandomModel& model, const Mesh& mesh) const {
    JobOptions options;
    options.model_path = WriteModel(folder_, model);
    options.mesh = mesh;
    options.numerics = Numerics::kExact;
    options.wait_limit = std::chrono::seconds(20);
    return options;
  }

  TestFolder folder_;
};

/// What 20 greedy tokens after a prompt of 30 are.
std::vector<std::int32_t> GreedyTokens(const JobOptions& options) {
  std::vector<std::int32_t> tokens;
  EXPECT_OK(RunInprocJob(options, [&](Lead& lead) -> Status {
    const ScriptedRequest prompt(0, 30, lead.spec().vocab_size);
    ASSIGN_OR_RETURN(const Generation generation,
                     Generate(lead, prompt.tokens(), {.max_tokens = 20, .stop_at_end = false}));
    EXPECT_EQ(generation.prompt_tokens, 30);
    tokens = generation.tokens;
    return {};
  }));
  return tokens;
}

TEST_F(InprocJob, GeneratesTheSameTokensHoweverItIsSplit) {
  const RandomModel model = OddModel(9, 3, 8);
  const std::vector<std::int32_t> expected = GreedyTokens(Options(model, {}));
  ASSERT_EQ(expected.size(), 20U);
  for (const Mesh& mesh : MeshesFor(model.spec)) {
    EXPECT_EQ(GreedyTokens(Options(model, mesh)), expected)
        << "tp " << mesh.tensor << " pp " << mesh.pipeline;
  }
}

// Steps that sample nothing end on rank 0 long before the last stage has begun with them, so the
// log runs far ahead of the others.
TEST_F(InprocJob, FollowsALeadThatRunsAheadOfTheLaterStages) {
  RandomModel model = OddModel(6, 3, 8);
  model.spec.num_layers = 5;
  const std::vector<std::int32_t> expected = GreedyTokens(Options(model, {}));
  for (const Mesh mesh : {Mesh{1, 2}, Mesh{1, 5}, Mesh{2, 3}}) {
    JobOptions options = Options(model, mesh);
    for (const std::int32_t chunk : {1, 7}) {
      options.max_rows = chunk;
      EXPECT_EQ(GreedyTokens(options), expected) << "chunk " << chunk;
    }
  }
}

// A message of more than 16 KiB is not gone when it is sent: rank 0 may have its logits, and ask
// for the next step or end the job, before the others have seen theirs leave.
TEST_F(InprocJob, GoesOnWhileTheLastMessagesOfAStepAreStillOut) {
  RandomModel model = OddModel(4, 2, 8);
  model.spec.num_layers = 2;
  model.spec.vocab_size = 15001;
  const std::vector<std::int32_t> expected = GreedyTokens(Options(model, {}));
  for (const Mesh mesh : {Mesh{2, 1}, Mesh{3, 1}, Mesh{1, 2}, Mesh{2, 2}}) {
    EXPECT_EQ(GreedyTokens(Options(model, mesh)), expected);
  }
}

TEST_F(InprocJob, EndsInOrderRightAfterAStepThatSamplesNothing) {
  RandomModel model = OddModel(6, 3, 8);
  model.spec.num_layers = 5;
  for (const Mesh mesh : {Mesh{1, 5}, Mesh{2, 2}}) {
    for (int round = 0; round < 5; ++round) {
      EXPECT_OK(RunInprocJob(Options(model, mesh), [](Lead& lead) -> Status {
        ScriptedRequest request(0, 30, lead.spec().vocab_size);
        ASSIGN_OR_RETURN(const StepResult result, lead.Run(MakeStep(0, {request.Next(30, 0)})));
        EXPECT_TRUE(result.logits.empty());
        return {};
      }));
    }
  }
}

TEST_F(InprocJob, NumbersStepsFromOneAndSkipsRefusedOnes) {
  EXPECT_OK(RunInprocJob(Options(OddModel(4, 2, 8), {2, 1}), [](Lead& lead) -> Status {
    ScriptedRequest request(0, 9, lead.spec().vocab_size);
    ASSIGN_OR_RETURN(StepResult result, lead.Run(MakeStep(77, {request.Next(3, 1)})));
    EXPECT_EQ(result.number, 1U);
    EXPECT_EQ(result.logits.size(), static_cast<std::size_t>(lead.spec().vocab_size));

    Step outside = MakeStep(0, {request.Next(3, 1)});
    outside.requests[0].tokens[1] = lead.spec().vocab_size;
    const Result<StepResult> refused = lead.Run(outside);
    EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(refused.status().message(), HasSubstr("outside the vocabulary"));

    Step again = outside;
    again.requests[0].tokens[1] = 5;
    ASSIGN_OR_RETURN(result, lead.Run(again));
    EXPECT_EQ(result.number, 2U);
    return {};
  }));
}

TEST_F(InprocJob, RefusesAStepOfMoreRowsThanItWasMadeFor) {
  JobOptions options = Options(OddModel(4, 2, 8), {1, 2});
  options.max_rows = 8;
  EXPECT_OK(RunInprocJob(options, [](Lead& lead) -> Status {
    ScriptedRequest request(0, 9, lead.spec().vocab_size);
    const Result<StepResult> refused = lead.Run(MakeStep(0, {request.Next(9, 1)}));
    EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(refused.status().message(), HasSubstr("9 rows; at most 8 fit"));
    return {};
  }));
}

TEST_F(InprocJob, TellsTheLeadItsEffectiveOptions) {
  JobOptions options = Options(OddModel(4, 2, 8), {});
  options.max_rows = 100000;
  EXPECT_OK(RunInprocJob(options, [](Lead& lead) -> Status {
    EXPECT_EQ(lead.options().context, lead.spec().context_length);
    EXPECT_EQ(lead.options().max_rows, lead.spec().context_length);
    EXPECT_EQ(lead.vocabulary().tokens.size(), static_cast<std::size_t>(lead.spec().vocab_size));
    return {};
  }));
}

TEST_F(InprocJob, ReportsEveryRankInOrder) {
  const RandomModel model = OddModel(9, 3, 8);
  EXPECT_OK(RunInprocJob(Options(model, {2, 2}), [&](Lead& lead) -> Status {
    ScriptedRequest request(0, 30, lead.spec().vocab_size);
    // Twice, and right after a step that the other ranks have not finished yet.
    for (int round = 0; round < 2; ++round) {
      RETURN_IF_ERROR(lead.Run(MakeStep(0, {request.Next(12, 0)})).status());
      ASSIGN_OR_RETURN(const std::vector<RankReport> reports, lead.Reports());
      EXPECT_EQ(reports.size(), 4U);
      for (std::size_t rank = 0; rank < reports.size(); ++rank) {
        const RankReport& report = reports[rank];
        EXPECT_EQ(report.rank, static_cast<std::int32_t>(rank));
        EXPECT_GT(report.weight_bytes, 0U);
        EXPECT_GT(report.kv_bytes, 0U);
        EXPECT_GT(report.bytes_sent, 0U);
        EXPECT_GT(report.peak_memory_bytes, report.weight_bytes);
        EXPECT_GT(report.compute_seconds, 0.0);
        EXPECT_GT(report.load_seconds, 0.0);
        EXPECT_GE(report.wait_seconds, 0.0);
      }
    }
    return {};
  }));
}

// 12 rows touch the slots up to 33 + 3 of the scattered pool; each rank of tp 2 holds two of the
// three KV heads (9 heads cut 5 and 4), in 3 layers.
TEST_F(InprocJob, CountsTheKvThatWasUsed) {
  EXPECT_OK(RunInprocJob(Options(OddModel(9, 3, 8), {2, 1}), [](Lead& lead) -> Status {
    ScriptedRequest request(0, 12, lead.spec().vocab_size);
    RETURN_IF_ERROR(lead.Run(MakeStep(0, {request.Next(12, 1)})).status());
    ASSIGN_OR_RETURN(const std::vector<RankReport> reports, lead.Reports());
    constexpr std::uint64_t kSlots = 39;
    constexpr std::uint64_t kBytesPerSlot = 3 * 2 * (2 * 8) * 4;
    EXPECT_EQ(reports[0].kv_bytes, kSlots * kBytesPerSlot);
    EXPECT_EQ(reports[1].kv_bytes, kSlots * kBytesPerSlot);
    return {};
  }));
}

TEST_F(InprocJob, TracesEveryTaskOfEveryRankOnce) {
  const RandomModel model = OddModel(4, 2, 8);
  TaskTrace trace;
  EXPECT_OK(RunInprocJob(
      Options(model, {2, 1}),
      [](Lead& lead) -> Status {
        ScriptedRequest request(0, 3, lead.spec().vocab_size);
        return lead.Run(MakeStep(0, {request.Next(3, 1)})).status();
      },
      &trace));
  // embed, sum; 16 tasks and 2 sums a layer; select, norm, product, gather.
  const std::size_t tasks = 2 + 3 * 18 + 4;
  const std::vector<TaskSpan> spans = trace.Take();
  EXPECT_EQ(spans.size(), 2 * tasks);
  std::set<std::int32_t> ranks;
  for (const TaskSpan& span : spans) {
    ranks.insert(span.rank);
    EXPECT_EQ(span.step, 1U);
    EXPECT_LE(span.begin_ns, span.end_ns);
  }
  EXPECT_EQ(ranks, (std::set<std::int32_t>{0, 1}));
}

TEST_F(InprocJob, WritesItsTraceAsTraceEvents) {
  const std::string path = folder_.File("trace.json");
  const std::vector<TaskSpan> spans = {{.rank = 1,
                                        .slot = 1,
                                        .step = 7,
                                        .kind = TaskKind::kMatMul,
                                        .weight = Weight::kDown,
                                        .layer = 3,
                                        .begin_ns = 1000,
                                        .end_ns = 3500}};
  EXPECT_OK(TaskTrace::Write(path, spans));
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_THAT(text, HasSubstr("\"traceEvents\""));
  EXPECT_THAT(text, HasSubstr("\"dur\":2.500"));
  EXPECT_THAT(text, HasSubstr("\"step\":7,\"layer\":3"));
  EXPECT_EQ(TaskTrace::Write(folder_.File("no/such/folder"), spans).code(),
            StatusCode::kUnavailable);
}

TEST_F(InprocJob, ReturnsTheVerdictOfItsLead) {
  const Status verdict = RunInprocJob(Options(OddModel(4, 2, 8), {2, 1}), [](Lead&) {
    return NotFound("the answer is not in the book");
  });
  EXPECT_EQ(verdict.code(), StatusCode::kNotFound);
  EXPECT_EQ(verdict.message(), "the answer is not in the book");
}

}  // namespace
}  // namespace braid
