#include "comm/mpi/open_mpi.h"
#include "tests/comm/messages.h"
#include "tests/comm/mpi_main.h"
#include "tests/runtime/model_file.h"
#include "tests/runtime/odd_models.h"
#include "tests/runtime/step_script.h"
#include "tests/runtime/stories260k.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

using ::testing::HasSubstr;

/// Runs this rank's part of a job on a transport of its own; MPI itself is the main function's.
Status RunOverMpi(const JobOptions& options, const LeadFunction& lead) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Transport> transport, OpenMpi());
  const Status verdict = RunRank(options, *transport, lead);
  EXPECT_OK(transport->Close(Soon()));
  return verdict;
}

/// The ways to use all ranks of this job.
std::vector<Mesh> MeshesOfThisJob() {
  const Result<std::unique_ptr<Transport>> transport = OpenMpi();
  if (!transport.ok()) {
    ADD_FAILURE() << transport.error().ToString();
    return {};
  }
  const int size = (*transport)->size();
  EXPECT_OK((*transport)->Close(Soon()));
  if (size == 4) return {{4, 1}, {2, 2}, {1, 4}};
  if (size == 2) return {{2, 1}, {1, 2}};
  if (size == 5) return {{1, 5}};
  return {{size, 1}};
}

JobOptions OptionsFor(const std::string& path, const Mesh& mesh) {
  JobOptions options;
  options.model_path = path;
  options.mesh = mesh;
  options.numerics = Numerics::kExact;
  options.wait_limit = std::chrono::seconds(20);
  return options;
}

/// Logits of two steps, of which the second goes on after an unsampled chunk.
LeadFunction LogitsInto(std::vector<std::vector<float>>* out) {
  return [out](Lead& lead) -> Status {
    ScriptedRequest request(0, 60, lead.spec().vocab_size);
    const std::vector<std::pair<std::int32_t, std::int32_t>> steps = {{30, 30}, {12, 0}, {1, 1}};
    for (const auto& [rows, sampled] : steps) {
      ASSIGN_OR_RETURN(const StepResult result,
                       lead.Run(MakeStep(0, {request.Next(rows, sampled)})));
      out->emplace_back(result.logits.begin(), result.logits.end());
    }
    return {};
  };
}

// The same program on the same mesh adds in the same order whatever carries the messages, so the
// results are the same bits.
TEST(MpiJob, YieldsTheBitsOfAnInprocJob) {
  // Logits and sums of all sizes: some copied aside, some sent by rendezvous, some in chunks.
  RandomModel model = OddModel(9, 3, 8, DType::kBF16);
  model.spec.num_layers = 4;
  model.spec.model_dim = 200;
  model.spec.vocab_size = 3001;
  const TestFolder folder;
  const std::string path = WriteModel(folder, model);
  for (const Mesh& mesh : MeshesOfThisJob()) {
    std::vector<std::vector<float>> over_mpi;
    ASSERT_OK(RunOverMpi(OptionsFor(path, mesh), LogitsInto(&over_mpi)));
    if (over_mpi.empty()) continue;  // not rank 0
    std::vector<std::vector<float>> inproc;
    ASSERT_OK(RunInprocJob(OptionsFor(path, mesh), LogitsInto(&inproc)));
    ASSERT_EQ(inproc.size(), 3U);
    EXPECT_FALSE(inproc[0].empty());
    EXPECT_EQ(over_mpi, inproc) << "tp " << mesh.tensor << " pp " << mesh.pipeline;
  }
}

TEST(MpiJob, ReportsEveryRank) {
  const TestFolder folder;
  const std::string path = WriteModel(folder, OddModel(9, 3, 8));
  for (const Mesh& mesh : MeshesOfThisJob()) {
    if (mesh.pipeline > 3) continue;
    EXPECT_OK(RunOverMpi(OptionsFor(path, mesh), [&](Lead& lead) -> Status {
      ScriptedRequest request(0, 20, lead.spec().vocab_size);
      RETURN_IF_ERROR(lead.Run(MakeStep(0, {request.Next(20, 1)})).status());
      ASSIGN_OR_RETURN(const std::vector<RankReport> reports, lead.Reports());
      EXPECT_EQ(reports.size(), static_cast<std::size_t>(mesh.size()));
      for (const RankReport& report : reports) EXPECT_GT(report.bytes_sent, 0U);
      return {};
    }));
  }
}

TEST(MpiJob, EndsInOrderWithTheLeadsVerdictOnAllRanks) {
  const TestFolder folder;
  const std::string path = WriteModel(folder, OddModel(9, 3, 8));
  const Status verdict = RunOverMpi(OptionsFor(path, MeshesOfThisJob()[0]),
                                    [](Lead&) { return NotFound("nothing to do"); });
  EXPECT_EQ(verdict.code(), StatusCode::kNotFound);
  EXPECT_EQ(verdict.message(), "nothing to do");
}

TEST(MpiJob, IsRefusedOnAllRanksWhereOneHasAnotherFile) {
  const std::vector<Mesh> meshes = MeshesOfThisJob();
  const TestFolder folder;
  RandomModel model = OddModel(9, 3, 8);
  const Result<std::unique_ptr<Transport>> opened = OpenMpi();
  ASSERT_TRUE(opened.ok()) << opened.error().ToString();
  Transport& transport = **opened;
  if (transport.rank() == transport.size() - 1) model.seed = 2;
  const Status verdict = RunRank(OptionsFor(WriteModel(folder, model), meshes[0]), transport,
                                 [](Lead&) -> Status { return Internal("it has begun"); });
  EXPECT_EQ(verdict.code(), StatusCode::kFailedPrecondition) << verdict.ToString();
  EXPECT_THAT(verdict.message(),
              HasSubstr("model file: rank " + std::to_string(transport.size() - 1) + " ("));
  EXPECT_OK(transport.Close(Soon()));
}

TEST(MpiJob, TellsTheStoriesWordForWord) {
  if (StoriesFolder().empty()) {
    GTEST_SKIP() << "BRAID_TEST_STORIES260K does not name the folder of the model";
  }
  const std::vector<GreedyStory> stories = ReadStories();
  ASSERT_FALSE(stories.empty());
  for (const Mesh& mesh : MeshesOfThisJob()) {
    JobOptions options = OptionsFor(StoriesModel(), mesh);
    options.widen_to_f32 = true;
    EXPECT_OK(RunOverMpi(options, [&](Lead& lead) -> Status {
      for (const GreedyStory& story : stories) {
        ASSIGN_OR_RETURN(const std::string text, TellStory(lead, story));
        EXPECT_EQ(text, story.text);
      }
      return {};
    }));
  }
}

}  // namespace
}  // namespace braid

int main(int argc, char** argv) { return braid::RunMpiTests(argc, argv); }
