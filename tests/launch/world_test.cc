#include "launch/world.h"

#include "launch/job_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace braid {
namespace {

using testing::HasSubstr;

Environment With(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(DetectWorld, SeesOneProcessWithoutALauncher) {
  const World world = DetectWorld(With({}));
  EXPECT_FALSE(world.launched);
  EXPECT_EQ(world.size, 1);
  EXPECT_EQ(world.rank, 0);
}

TEST(DetectWorld, ReadsRankAndSizeFromTheLauncher) {
  const World world =
      DetectWorld(With({{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_RANK", "3"}}));
  EXPECT_TRUE(world.launched);
  EXPECT_EQ(world.size, 4);
  EXPECT_EQ(world.rank, 3);
}

TEST(DetectWorld, TakesAPmixRankAsASignOfALauncher) {
  const World world = DetectWorld(With({{"PMIX_RANK", "1"}}));
  EXPECT_TRUE(world.launched);
  EXPECT_EQ(world.rank, 1);
}

TEST(DetectWorld, IgnoresVariablesThatAreNoNumbers) {
  EXPECT_FALSE(DetectWorld(With({{"OMPI_COMM_WORLD_SIZE", "many"}})).launched);
}

TEST(ChooseMesh, GivesAllRanksThatStagesLeaveToTensorParallelism) {
  EXPECT_EQ(*ChooseMesh(0, 1, 4), (Mesh{4, 1}));
  EXPECT_EQ(*ChooseMesh(0, 2, 4), (Mesh{2, 2}));
  EXPECT_EQ(*ChooseMesh(0, 3, 0), (Mesh{1, 3}));
}

TEST(ChooseMesh, SaysWhatToChangeWhereRanksAndSplitDisagree) {
  EXPECT_THAT(ChooseMesh(2, 1, 3).error().message(),
              HasSubstr("--tp 2 x --pp 1 needs 2 ranks, but 3 were started; change -n to 2"));
  EXPECT_THAT(ChooseMesh(0, 2, 3).error().message(), HasSubstr("cannot be cut into --pp 2"));
  EXPECT_EQ(ChooseMesh(4, 1, 1).error().code(), StatusCode::kInvalidArgument);
}

TEST(ChooseComm, FollowsTheLauncherUnlessTold) {
  const World alone;
  const World launched{.launched = true, .rank = 0, .size = 2};
  EXPECT_EQ(*ChooseComm("", alone), Comm::kInproc);
  EXPECT_EQ(*ChooseComm("", launched), Comm::kMpi);
  EXPECT_EQ(*ChooseComm("mpi", alone), Comm::kMpi);
  EXPECT_THAT(ChooseComm("inproc", launched).error().message(),
              HasSubstr("each of the 2 processes"));
}

TEST(ChooseMeshFor, PointsToLaunchWhereMpiHasTooFewRanks) {
  EXPECT_THAT(ChooseMeshFor(Comm::kMpi, 2, 2, World{}).error().message(),
              HasSubstr("braid launch -n 4"));
  EXPECT_EQ(*ChooseMeshFor(Comm::kMpi, 0, 1, World{}), (Mesh{1, 1}));
}

TEST(ReadPromptTest, WantsExactlyOneSource) {
  EXPECT_EQ(*ReadPrompt({.prompt = "x", .prompt_file = ""}, nullptr), "x");
  EXPECT_EQ(*ReadPrompt({.prompt = "", .prompt_file = ""}, nullptr), "");
  EXPECT_EQ(*ReadPrompt({.prompt = {}, .prompt_file = ""}, "own"), "own");
  EXPECT_FALSE(ReadPrompt({.prompt = {}, .prompt_file = ""}, nullptr).ok());
  EXPECT_FALSE(ReadPrompt({.prompt = "x", .prompt_file = "y"}, nullptr).ok());
  EXPECT_EQ(ReadPrompt({.prompt = {}, .prompt_file = "/nowhere"}, nullptr).error().code(),
            StatusCode::kNotFound);
}

}  // namespace
}  // namespace braid
