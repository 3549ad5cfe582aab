#include "models/chat.h"
#include "runtime/generate.h"
#include "runtime/job.h"
#include "tests/comm/messages.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <ostream>

namespace braid {
namespace {

constexpr double kTolerance = 1e-3;  // max|a-b| / max|b|

/// With the model that BRAID_TEST_SMOLLM2 names, against what another implementation says of it
/// (docs/reference.md). In CI (`CI` is "true") the model must be there.
class SmolLm2 : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* const path = std::getenv("BRAID_TEST_SMOLLM2");
    if (path == nullptr || *path == '\0') {
      const char* const ci = std::getenv("CI");
      if (ci != nullptr && std::string(ci) == "true") {
        FAIL() << "BRAID_TEST_SMOLLM2 must name the model file in CI";
      }
      GTEST_SKIP() << "BRAID_TEST_SMOLLM2 does not name a model file";
    }
    options_.model_path = path;
    options_.context = 256;
    options_.wait_limit = std::chrono::seconds(50);
    std::ifstream file(BRAID_TEST_DATA "/smollm2_reference.json");
    reference_ = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
    ASSERT_TRUE(reference_.is_object());
    ASSERT_EQ(reference_["format"], 1);
  }

  /// Logits after every token of `ids`, in steps of 32 rows. [tokens][vocab]
  static Result<std::vector<std::vector<float>>> AllLogits(Lead& lead,
                                                           const std::vector<std::int32_t>& ids) {
    std::vector<std::vector<float>> logits;
    for (std::size_t first = 0; first < ids.size(); first += 32) {
      const std::size_t rows = std::min<std::size_t>(32, ids.size() - first);
      StepRequest request;
      request.first_position = static_cast<std::int32_t>(first);
      const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(first);
      request.tokens.assign(begin, begin + static_cast<std::ptrdiff_t>(rows));
      request.sampled_rows = static_cast<std::int32_t>(rows);
      request.kv = {{0, 0, static_cast<std::int32_t>(first + rows)}};
      Step step;
      step.instances = {0};
      step.requests = {request};
      ASSIGN_OR_RETURN(const StepResult result, lead.Run(step));
      const std::size_t vocab = result.logits.size() / rows;
      for (std::size_t row = 0; row < rows; ++row) {
        const auto values = result.logits.subspan(row * vocab, vocab);
        logits.emplace_back(values.begin(), values.end());
      }
    }
    return logits;
  }

  /// The largest distance of the stored logits of a position (its 16 best and 64 others).
  static double DistanceAt(const nlohmann::json& position, const nlohmann::json& probe_ids,
                           const std::vector<float>& logits) {
    double worst = 0;
    const auto compare = [&](const nlohmann::json& ids, const nlohmann::json& values) {
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto mine = static_cast<double>(logits.at(ids[i].get<std::size_t>()));
        // Not std::max, which would lose a NaN.
        if (!(std::abs(mine - values[i].get<double>()) <= worst)) {
          worst = std::abs(mine - values[i].get<double>());
        }
      }
    };
    compare(position["top_ids"], position["top_logits"]);
    compare(probe_ids, position["probe_logits"]);
    return worst / position["max_abs"].get<double>();
  }

  /// Holds all positions of all sequences against the reference.
  void ExpectReferenceLogits() {
    std::size_t compared = 0;
    EXPECT_OK(RunInprocJob(options_, [&](Lead& lead) -> Status {
      for (const nlohmann::json& sequence : reference_["sequences"]) {
        ASSIGN_OR_RETURN(const auto logits,
                         AllLogits(lead, sequence["ids"].get<std::vector<std::int32_t>>()));
        double worst = 0;
        for (std::size_t p = 0; p < logits.size(); ++p) {
          const nlohmann::json& position = sequence["positions"][p];
          worst = std::max(worst, DistanceAt(position, reference_["probe_ids"], logits[p]));
          const auto best = std::max_element(logits[p].begin(), logits[p].end());
          EXPECT_NEAR(*best, position["top_logits"][0].get<double>(),
                      kTolerance * position["max_abs"].get<double>());
          ++compared;
        }
        EXPECT_LE(worst, kTolerance) << sequence["name"];
        RecordProperty("distance_of_" + sequence["name"].get<std::string>() + "_1e9",
                       std::to_string(std::lround(worst * 1e9)));
      }
      return {};
    }));
    EXPECT_GE(compared, 64U);
  }

  JobOptions options_;
  nlohmann::json reference_;
};

TEST_F(SmolLm2, HasTheReferencesLogitsWithWeightsAsStored) { ExpectReferenceLogits(); }

TEST_F(SmolLm2, HasTheReferencesLogitsWithWeightsInF32) {
  options_.widen_to_f32 = true;
  ExpectReferenceLogits();
}

TEST_F(SmolLm2, HasTheReferencesLogitsOnThreeRanks) {
  options_.mesh = {3, 1};
  ExpectReferenceLogits();
}

TEST_F(SmolLm2, HasOneRowOfTheReferenceInFull) {
  const nlohmann::json& full = reference_["full_logits"];
  const auto count = full["count"].get<std::size_t>();
  std::vector<std::int16_t> stored(count);
  std::ifstream file(BRAID_TEST_DATA "/" + full["file"].get<std::string>(), std::ios::binary);
  file.read(reinterpret_cast<char*>(stored.data()), static_cast<std::streamsize>(2 * count));
  ASSERT_TRUE(file.good());
  for (const nlohmann::json& sequence : reference_["sequences"]) {
    if (sequence["name"] != full["sequence"]) continue;
    EXPECT_OK(RunInprocJob(options_, [&](Lead& lead) -> Status {
      ASSIGN_OR_RETURN(const auto logits,
                       AllLogits(lead, sequence["ids"].get<std::vector<std::int32_t>>()));
      const std::vector<float>& row = logits.at(full["position"].get<std::size_t>());
      EXPECT_EQ(row.size(), count);
      double difference = 0;
      double largest = 0;
      for (std::size_t i = 0; i < std::min(count, row.size()); ++i) {
        const double expected = stored[i] * full["scale"].get<double>();
        EXPECT_TRUE(std::isfinite(row[i]));
        difference = std::max(difference, std::abs(double{row[i]} - expected));
        largest = std::max(largest, std::abs(expected));
      }
      EXPECT_LE(difference / largest, kTolerance);
      return {};
    }));
  }
}

/// Greedy text at one way of splitting.
class SmolLm2Greedy : public SmolLm2, public ::testing::WithParamInterface<Mesh> {
 protected:
  /// Compares a continuation up to the first near tie that went the other way; after one, what
  /// follows has another history.
  static void ExpectContinuation(const nlohmann::json& prompt, const Generation& mine) {
    auto expected = prompt["continuation_ids"].get<std::vector<std::int32_t>>();
    const bool ended = prompt["stopped_by"] == "eos";
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const bool is_end = ended && i + 1 == expected.size();
      const bool same = is_end ? mine.ended && mine.tokens.size() == i
                               : i < mine.tokens.size() && mine.tokens[i] == expected[i];
      if (same) continue;
      const double gap = prompt["gaps"][i].get<double>() / prompt["max_abs"][i].get<double>();
      EXPECT_LT(gap, kTolerance) << prompt["name"] << ", token " << i << " is not a near tie";
      std::cout << prompt["name"] << ": near tie at token " << i << " (gap " << gap << ")\n";
      return;
    }
    EXPECT_EQ(mine.ended, ended);
  }
};

TEST_P(SmolLm2Greedy, IsTheReferencesText) {
  options_.mesh = GetParam();
  EXPECT_OK(RunInprocJob(options_, [&](Lead& lead) -> Status {
    for (const nlohmann::json& prompt : reference_["greedy"]) {
      std::string text = prompt["text"];
      if (!prompt["messages"].empty()) {
        std::vector<ChatMessage> messages;
        for (const nlohmann::json& message : prompt["messages"]) {
          messages.push_back({message["role"], message["content"]});
        }
        ASSIGN_OR_RETURN(text, FormatChat(lead.vocabulary().chat_template, messages));
      }
      const std::vector<std::int32_t> ids = lead.tokenizer().Encode(text, true, true);
      EXPECT_EQ(ids, prompt["ids"].get<std::vector<std::int32_t>>());
      GenerateOptions generate;
      generate.max_tokens = reference_["max_new_tokens"];
      ASSIGN_OR_RETURN(const Generation mine, Generate(lead, ids, generate));
      ExpectContinuation(prompt, mine);
    }
    return {};
  }));
}

INSTANTIATE_TEST_SUITE_P(Splits, SmolLm2Greedy,
                         ::testing::Values(Mesh{1, 1}, Mesh{2, 1}, Mesh{3, 1}, Mesh{4, 1},
                                           Mesh{1, 2}),
                         [](const auto& mesh) {
                           return "tp" + std::to_string(mesh.param.tensor) + "_pp" +
                                  std::to_string(mesh.param.pipeline);
                         });

}  // namespace
}  // namespace braid
