#include "tests/runtime/stories260k.h"

#include <gtest/gtest.h>

#include <ostream>

namespace braid {
namespace {

struct StoriesCase {
  Mesh mesh;
  Numerics numerics = Numerics::kExact;
  std::int32_t max_rows = 512;

  std::string Name() const {
    return "tp" + std::to_string(mesh.tensor) + "_pp" + std::to_string(mesh.pipeline) +
           (numerics == Numerics::kExact ? "_exact" : "_fast") +
           (max_rows < 512 ? "_chunk" + std::to_string(max_rows) : "");
  }
};

void PrintTo(const StoriesCase& stories, std::ostream* out) { *out << stories.Name(); }

std::vector<StoriesCase> AllCases() {
  std::vector<StoriesCase> cases;
  for (const Mesh mesh : {Mesh{1, 1}, Mesh{2, 1}, Mesh{4, 1}, Mesh{1, 2}, Mesh{1, 5}, Mesh{2, 2}}) {
    cases.push_back({mesh, Numerics::kExact});
    cases.push_back({mesh, Numerics::kFast});
  }
  cases.push_back({{2, 2}, Numerics::kExact, 3});
  return cases;
}

class Stories260K : public ::testing::TestWithParam<StoriesCase> {};

TEST_P(Stories260K, AreToldWordForWord) {
  if (StoriesFolder().empty()) {
    GTEST_SKIP() << "BRAID_TEST_STORIES260K does not name the folder of the model";
  }
  const std::vector<GreedyStory> stories = ReadStories();
  ASSERT_FALSE(stories.empty());
  JobOptions options;
  options.model_path = StoriesModel();
  options.mesh = GetParam().mesh;
  options.numerics = GetParam().numerics;
  options.max_rows = GetParam().max_rows;
  options.widen_to_f32 = true;
  options.wait_limit = std::chrono::seconds(30);
  std::size_t told = 0;
  const Status verdict = RunInprocJob(options, [&](Lead& lead) -> Status {
    for (const GreedyStory& story : stories) {
      ASSIGN_OR_RETURN(const std::string text, TellStory(lead, story));
      EXPECT_EQ(text, story.text);
      ++told;
    }
    return {};
  });
  EXPECT_TRUE(verdict.ok()) << verdict.ToString();
  EXPECT_EQ(told, stories.size());
}

INSTANTIATE_TEST_SUITE_P(Splits, Stories260K, ::testing::ValuesIn(AllCases()),
                         [](const auto& stories) { return stories.param.Name(); });

}  // namespace
}  // namespace braid
