#include "runtime/generate.h"

#include "models/gguf/random_vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int32_t kVocab = kLeastRandomVocabulary;
constexpr std::int32_t kEnd = 2;

/// A lead without a job: answers each step with logits whose best token is the next of a script,
/// and remembers what it was asked.
class ScriptedLead final : public Lead {
 public:
  ScriptedLead(std::int32_t context, std::int32_t max_rows, std::vector<std::int32_t> script)
      : vocabulary_(MakeRandomVocabulary(kVocab)),
        tokenizer_(std::move(Tokenizer::Make(vocabulary_)).value()),
        script_(std::move(script)) {
    options_.context = context;
    options_.max_rows = max_rows;
    spec_.vocab_size = kVocab;
  }

  const ModelSpec& spec() const override { return spec_; }
  const Tokenizer& tokenizer() const override { return *tokenizer_; }
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  const JobOptions& options() const override { return options_; }

  Result<StepResult> Run(Step step) override {
    step.number = steps_.size() + 1;
    RETURN_IF_ERROR(ValidateStep(step, {.vocab_size = kVocab,
                                        .num_instances = 1,
                                        .num_strand_slots = 1,
                                        .num_kv_slots = options_.context,
                                        .max_rows = options_.max_rows}));
    steps_.push_back(step);
    logits_.assign(kVocab, -1.0F);
    if (step.num_sampled_rows() == 0) return StepResult{step.number, {}};
    if (next_ == script_.size()) return Unavailable("the script is at its end");
    logits_[static_cast<std::size_t>(script_[next_++])] = 1.0F;
    return StepResult{step.number, logits_};
  }
  Result<std::vector<RankReport>> Reports() override { return std::vector<RankReport>(); }

  const std::vector<Step>& steps() const { return steps_; }

 private:
  Vocabulary vocabulary_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::vector<std::int32_t> script_;
  JobOptions options_;
  ModelSpec spec_;
  std::vector<Step> steps_;
  std::vector<float> logits_;
  std::size_t next_ = 0;
};

Generation Must(const Result<Generation>& generation) {
  EXPECT_TRUE(generation.ok()) << generation.status().ToString();
  return generation.ok() ? *generation : Generation{};
}

const std::vector<std::int32_t> kPrompt = {10, 11, 12, 13, 14};

TEST(Generate, FeedsEachTokenBackAtTheNextPosition) {
  ScriptedLead lead(100, 50, {20, 21, 22});
  const Generation generation = Must(Generate(lead, kPrompt, {.max_tokens = 3}));
  EXPECT_THAT(generation.tokens, ElementsAre(20, 21, 22));
  EXPECT_EQ(generation.prompt_tokens, 5);
  EXPECT_FALSE(generation.ended);
  // The third token needs no step of its own.
  ASSERT_EQ(lead.steps().size(), 3U);
  EXPECT_EQ(lead.steps()[0].requests[0].tokens, kPrompt);
  EXPECT_THAT(lead.steps()[1].requests[0].tokens, ElementsAre(20));
  EXPECT_EQ(lead.steps()[1].requests[0].first_position, 5);
  EXPECT_THAT(lead.steps()[2].requests[0].tokens, ElementsAre(21));
  EXPECT_EQ(lead.steps()[2].requests[0].first_position, 6);
}

TEST(Generate, CutsThePromptIntoChunksAndSamplesOnlyTheLast) {
  ScriptedLead lead(100, 2, {20});
  EXPECT_THAT(Must(Generate(lead, kPrompt, {.max_tokens = 1})).tokens, ElementsAre(20));
  ASSERT_EQ(lead.steps().size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    const StepRequest& request = lead.steps()[i].requests[0];
    EXPECT_EQ(request.first_position, static_cast<std::int32_t>(2 * i));
    EXPECT_EQ(request.tokens.size(), i < 2 ? 2U : 1U);
    EXPECT_EQ(request.sampled_rows, i < 2 ? 0 : 1);
  }
}

TEST(Generate, GivesNothingForNoTokensAndAsksForNothing) {
  ScriptedLead lead(100, 50, {20});
  EXPECT_TRUE(Must(Generate(lead, kPrompt, {.max_tokens = 0})).tokens.empty());
  EXPECT_TRUE(Must(Generate(lead, kPrompt, {.max_tokens = -3})).tokens.empty());
  EXPECT_TRUE(lead.steps().empty());
}

TEST(Generate, StopsWhereTheContextIsFull) {
  // Positions 5, 6 and 7 are left; the token drawn after position 7 has no place any more.
  ScriptedLead lead(8, 50, {20, 21, 22, 23, 24, 25});
  const Generation generation = Must(Generate(lead, kPrompt, {.max_tokens = 50}));
  EXPECT_THAT(generation.tokens, ElementsAre(20, 21, 22, 23));
  EXPECT_FALSE(generation.ended);
  EXPECT_EQ(lead.steps().back().requests[0].first_position, 7);
}

TEST(Generate, DrawsOneTokenAfterAPromptThatFillsTheContext) {
  ScriptedLead lead(5, 50, {20, 21});
  EXPECT_THAT(Must(Generate(lead, kPrompt, {.max_tokens = 50})).tokens, ElementsAre(20));
}

TEST(Generate, RefusesAPromptLongerThanTheContext) {
  ScriptedLead lead(4, 50, {20});
  const Result<Generation> generation = Generate(lead, kPrompt, {.max_tokens = 5});
  EXPECT_EQ(generation.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(generation.status().message(), HasSubstr("5 tokens and the context holds 4"));
  EXPECT_TRUE(lead.steps().empty());
}

TEST(Generate, RefusesAnEmptyPrompt) {
  ScriptedLead lead(4, 50, {20});
  const Result<Generation> generation = Generate(lead, {}, {.max_tokens = 5});
  EXPECT_EQ(generation.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(generation.status().message(), HasSubstr("no tokens"));
}

TEST(Generate, RefusesBadSamplingBeforeItRunsAnything) {
  ScriptedLead lead(100, 50, {20});
  const Result<Generation> generation =
      Generate(lead, kPrompt, {.max_tokens = 5, .sampling = {.top_p = 2.0F}});
  EXPECT_EQ(generation.status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(lead.steps().empty());
}

TEST(Generate, EndsAtAnEndTokenWithoutGivingItOut) {
  ScriptedLead lead(100, 50, {20, kEnd, 21});
  std::vector<std::int32_t> heard;
  const Generation generation =
      Must(Generate(lead, kPrompt, {.max_tokens = 9, .on_token = [&](std::int32_t token) {
                                      heard.push_back(token);
                                      return true;
                                    }}));
  EXPECT_THAT(generation.tokens, ElementsAre(20));
  EXPECT_THAT(heard, ElementsAre(20));
  EXPECT_TRUE(generation.ended);
}

TEST(Generate, GoesOnBeyondAnEndTokenWhereAsked) {
  ScriptedLead lead(100, 50, {20, kEnd, 21});
  const Generation generation =
      Must(Generate(lead, kPrompt, {.max_tokens = 3, .stop_at_end = false}));
  EXPECT_THAT(generation.tokens, ElementsAre(20, kEnd, 21));
  EXPECT_FALSE(generation.ended);
}

TEST(Generate, StopsWhereTheListenerHasHeardEnough) {
  ScriptedLead lead(100, 50, {20, 21, 22});
  const Generation generation =
      Must(Generate(lead, kPrompt,
                    {.max_tokens = 9, .on_token = [](std::int32_t token) { return token != 21; }}));
  EXPECT_THAT(generation.tokens, ElementsAre(20, 21));
  EXPECT_FALSE(generation.ended);
  EXPECT_EQ(lead.steps().size(), 2U);
}

TEST(Generate, PassesOnWhatGoesWrong) {
  ScriptedLead lead(100, 50, {20, 21});
  EXPECT_EQ(Generate(lead, kPrompt, {.max_tokens = 9}).status().code(), StatusCode::kUnavailable);
  const std::vector<std::int32_t> outside = {10, kVocab};
  EXPECT_EQ(Generate(lead, outside, {.max_tokens = 9}).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace braid
