#include "runtime/job.h"
#include "tests/comm/fault_transport.h"
#include "tests/comm/rank_threads.h"
#include "tests/runtime/model_file.h"
#include "tests/runtime/odd_models.h"
#include "tests/runtime/step_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <thread>

namespace braid {
namespace {

using std::chrono::milliseconds;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// One rank's way into a job.
struct RankPart {
  JobOptions options;
  Fault fault;
};

/// How every rank came back from RunRank. Ranks that are threads; none may stay away: the test
/// binary's time limit is the last resort.
std::vector<Status> RunRanks(const std::vector<RankPart>& parts, const LeadFunction& lead) {
  std::vector<Status> statuses(parts.size());
  RunRankThreads(static_cast<int>(parts.size()), [&](std::unique_ptr<Transport> transport) {
    const auto rank = static_cast<std::size_t>(transport->rank());
    if (parts[rank].fault.kind != Fault::Kind::kNone) {
      transport = std::make_unique<FaultTransport>(std::move(transport), parts[rank].fault);
    }
    statuses[rank] = RunRank(parts[rank].options, *transport, lead);
    // Not all of them can end in order here; that they return is enough.
    const Status closed = transport->Close(In(parts[rank].options.wait_limit));
    if (statuses[rank].ok() && !closed.ok()) statuses[rank] = closed.WithContext("Close");
  });
  return statuses;
}

/// Ten decode steps.
Status TenSteps(Lead& lead) {
  ScriptedRequest request(0, 10, lead.spec().vocab_size);
  for (int i = 0; i < 10; ++i) {
    RETURN_IF_ERROR(lead.Run(MakeStep(0, {request.Next(1, 1)})).status());
  }
  return {};
}

class FaultyJob : public ::testing::Test {
 protected:
  std::vector<RankPart> Parts(const Mesh& mesh, milliseconds wait_limit) const {
    JobOptions options;
    options.model_path = path_;
    options.mesh = mesh;
    options.wait_limit = wait_limit;
    return std::vector<RankPart>(static_cast<std::size_t>(mesh.size()), {options, {}});
  }

  TestFolder folder_;
  RandomModel model_ = OddModel(9, 3, 8);
  std::string path_ = WriteModel(folder_, model_);
};

constexpr milliseconds kPatience = std::chrono::seconds(20);
constexpr milliseconds kImpatience(1000);
// Sends of a rank other than 0 before its first step: its credentials.
constexpr int kSendsOfStart = 1;
// Somewhere in the middle of a step, and not of the first.
constexpr int kSendsOfSomeSteps = 12;

std::string Words(const std::vector<Status>& statuses) {
  std::string words;
  for (const Status& status : statuses) words += "\n  " + status.ToString();
  return words;
}

TEST_F(FaultyJob, NamesTheRankAndThePhaseWhereAMessageIsTooLate) {
  std::vector<RankPart> parts = Parts({2, 1}, kImpatience);
  parts[1].fault = {.kind = Fault::Kind::kDelaySends,
                    .at = kSendsOfStart + kSendsOfSomeSteps,
                    .delay = std::chrono::minutes(10)};
  const std::vector<Status> statuses = RunRanks(parts, TenSteps);
  // Either may strike first: rank 1 waits for rank 0, which waits for rank 1.
  int late = 0;
  for (const Status& status : statuses) {
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(status.message(), HasSubstr("of phase 'decode'")) << Words(statuses);
    EXPECT_THAT(status.message(), HasSubstr("waited past its deadline for rank "));
    if (status.code() == StatusCode::kDeadlineExceeded) ++late;
  }
  EXPECT_GE(late, 1) << Words(statuses);
}

TEST_F(FaultyJob, TellsTheWaitingRankItsOwnDeadlineAndNotOnlyThatTheJobIsOver) {
  std::vector<RankPart> parts = Parts({1, 2}, kImpatience);
  // The hand-over of stage 0 is lost: only rank 1 and then rank 0 can notice.
  parts[1].fault = {.kind = Fault::Kind::kDropSend, .at = kSendsOfStart};
  const std::vector<Status> statuses = RunRanks(parts, TenSteps);
  EXPECT_EQ(statuses[0].code(), StatusCode::kDeadlineExceeded) << Words(statuses);
  EXPECT_THAT(statuses[0].message(), HasSubstr("gather of phase 'decode'"));
  EXPECT_THAT(statuses[0].message(), HasSubstr("for rank 1 ("));
  EXPECT_FALSE(statuses[1].ok());
}

TEST_F(FaultyJob, EndsOnAllRanksWhereOneDiesInTheMiddleOfAStep) {
  for (const Mesh mesh : {Mesh{3, 1}, Mesh{1, 3}, Mesh{2, 2}}) {
    std::vector<RankPart> parts = Parts(mesh, kPatience);
    parts[1].fault = {.kind = Fault::Kind::kDie, .at = 25};
    const std::vector<Status> statuses = RunRanks(parts, TenSteps);
    EXPECT_THAT(statuses[1].message(), HasSubstr("this rank has died")) << Words(statuses);
    int first_hand = 0;
    for (std::size_t rank = 0; rank < statuses.size(); ++rank) {
      if (rank == 1) continue;
      EXPECT_THAT(statuses[rank].code(), AnyOf(StatusCode::kUnavailable, StatusCode::kAborted));
      EXPECT_THAT(statuses[rank].message(), HasSubstr("rank 1 (")) << Words(statuses);
      if (statuses[rank].code() == StatusCode::kUnavailable) ++first_hand;
    }
    EXPECT_GE(first_hand, 1) << Words(statuses);
  }
}

TEST_F(FaultyJob, EndsOnAllRanksWhereRankZeroDies) {
  std::vector<RankPart> parts = Parts({2, 2}, kPatience);
  parts[0].fault = {.kind = Fault::Kind::kDie, .at = 30};
  const std::vector<Status> statuses = RunRanks(parts, TenSteps);
  for (const Status& status : statuses) EXPECT_FALSE(status.ok()) << Words(statuses);
}

// Wherever it strikes: in the agreement, in the log, in a step, at the end.
TEST_F(FaultyJob, EndsWhereverARankDies) {
  for (const int faulty : {0, 1}) {
    for (int at = 0; at < 60; at += 1 + at / 12) {
      std::vector<RankPart> parts = Parts({2, 2}, kPatience);
      parts[static_cast<std::size_t>(faulty)].fault = {.kind = Fault::Kind::kDie, .at = at};
      const std::vector<Status> statuses = RunRanks(parts, TenSteps);
      for (const Status& status : statuses) EXPECT_FALSE(status.ok()) << at << Words(statuses);
    }
  }
}

TEST_F(FaultyJob, EndsWhicheverMessageIsLost) {
  for (const int faulty : {0, 1}) {
    for (int at = 0; at < 30; at += 1 + at / 6) {
      std::vector<RankPart> parts = Parts({2, 1}, milliseconds(100));
      parts[static_cast<std::size_t>(faulty)].fault = {.kind = Fault::Kind::kDropSend, .at = at};
      const std::vector<Status> statuses = RunRanks(parts, TenSteps);
      for (const Status& status : statuses) EXPECT_FALSE(status.ok()) << at << Words(statuses);
    }
  }
}

TEST_F(FaultyJob, EndsWhicheverMessageIsOfAnotherOperation) {
  for (const int faulty : {0, 1}) {
    for (int at = 0; at < 60; at += 1 + at / 12) {
      std::vector<RankPart> parts = Parts({2, 1}, kPatience);
      parts[static_cast<std::size_t>(faulty)].fault = {.kind = Fault::Kind::kWrongOperation,
                                                       .at = at};
      const std::vector<Status> statuses = RunRanks(parts, TenSteps);
      for (const Status& status : statuses) EXPECT_FALSE(status.ok()) << at << Words(statuses);
    }
  }
}

// Steps that sample nothing end on rank 0 as soon as it has handed them on, so the log runs far
// ahead of ranks that are slow.
TEST_F(FaultyJob, WaitsForRanksThatTheLeadHasLeftBehind) {
  for (const Mesh mesh : {Mesh{1, 3}, Mesh{2, 3}}) {
    std::vector<RankPart> parts = Parts(mesh, kPatience);
    for (std::size_t rank = 1; rank < parts.size(); ++rank) {
      parts[rank].fault = {
          .kind = Fault::Kind::kDelaySends, .at = kSendsOfStart, .delay = milliseconds(3)};
    }
    const auto run = [](std::vector<float>* logits) {
      return [logits](Lead& lead) -> Status {
        ScriptedRequest request(0, 10, lead.spec().vocab_size);
        for (int i = 0; i < 9; ++i) {
          RETURN_IF_ERROR(lead.Run(MakeStep(0, {request.Next(1, 0)})).status());
        }
        ASSIGN_OR_RETURN(const StepResult result, lead.Run(MakeStep(0, {request.Next(1, 1)})));
        logits->assign(result.logits.begin(), result.logits.end());
        return {};
      };
    };
    std::vector<float> slow;
    std::vector<float> healthy;
    const std::vector<Status> statuses = RunRanks(parts, run(&slow));
    for (const Status& status : statuses) EXPECT_OK(status);
    for (const Status& status : RunRanks(Parts(mesh, kPatience), run(&healthy))) EXPECT_OK(status);
    EXPECT_EQ(slow, healthy);
    EXPECT_FALSE(slow.empty());
  }
}

TEST_F(FaultyJob, NamesBothSidesWhereAnOperationIsNotTheExpectedOne) {
  std::vector<RankPart> parts = Parts({2, 1}, kPatience);
  parts[1].fault = {.kind = Fault::Kind::kWrongOperation, .at = kSendsOfStart + 2};
  const std::vector<Status> statuses = RunRanks(parts, TenSteps);
  EXPECT_EQ(statuses[0].code(), StatusCode::kInternal) << Words(statuses);
  EXPECT_THAT(statuses[0].message(), HasSubstr("operation 2"));
  EXPECT_THAT(statuses[0].message(), HasSubstr("operation 3"));
  EXPECT_THAT(statuses[0].message(), HasSubstr("rank 1 ("));
  EXPECT_FALSE(statuses[1].ok());
}

TEST_F(FaultyJob, EndsWhereTheLogItselfIsWrong) {
  std::vector<RankPart> parts = Parts({2, 1}, kPatience);
  // Rank 0 sends its verdict first, then the frame of the first entry.
  parts[0].fault = {.kind = Fault::Kind::kWrongOperation, .at = 1};
  const std::vector<Status> statuses = RunRanks(parts, TenSteps);
  EXPECT_EQ(statuses[1].code(), StatusCode::kInternal) << Words(statuses);
  EXPECT_FALSE(statuses[0].ok());
}

TEST_F(FaultyJob, ReturnsTheLeadsErrorOnAllRanks) {
  const std::vector<Status> statuses = RunRanks(Parts({2, 2}, kPatience), [](Lead& lead) -> Status {
    RETURN_IF_ERROR(TenSteps(lead));
    return OutOfMemory("no room for " + std::string(3000, 'x'));
  });
  for (const Status& status : statuses) {
    EXPECT_EQ(status.code(), StatusCode::kOutOfMemory) << Words(statuses);
    EXPECT_EQ(status.message(), "no room for " + std::string(3000, 'x'));
  }
}

TEST_F(FaultyJob, IsLeftByTheFollowersWhereTheLeadStaysSilent) {
  const std::vector<Status> statuses =
      RunRanks(Parts({2, 1}, kImpatience), [](Lead& lead) -> Status {
        std::this_thread::sleep_for(4 * kImpatience);
        return TenSteps(lead);
      });
  EXPECT_EQ(statuses[1].code(), StatusCode::kDeadlineExceeded) << Words(statuses);
  EXPECT_THAT(statuses[1].message(), HasSubstr("rank 0 ("));
  EXPECT_THAT(statuses[1].message(), HasSubstr("2000 ms"));
  EXPECT_EQ(statuses[0].code(), StatusCode::kAborted);
  EXPECT_THAT(statuses[0].message(), HasSubstr("rank 1 ("));
}

TEST_F(FaultyJob, IsOverForALeadThatTakesItsErrorForNothing) {
  std::vector<RankPart> parts = Parts({2, 1}, kImpatience);
  parts[1].fault = {.kind = Fault::Kind::kDie, .at = 25};
  const std::vector<Status> statuses = RunRanks(parts, [](Lead& lead) -> Status {
    const Status ignored = TenSteps(lead);
    EXPECT_FALSE(ignored.ok());
    return {};
  });
  EXPECT_FALSE(statuses[0].ok()) << Words(statuses);
  EXPECT_FALSE(statuses[1].ok()) << Words(statuses);
}

/// Jobs that must not begin: the lead is never called, and every rank hears the same.
class RefusedJob : public FaultyJob {
 protected:
  std::vector<Status> RunRefused(const std::vector<RankPart>& parts) {
    const std::vector<Status> statuses = RunRanks(parts, [](Lead&) -> Status {
      ADD_FAILURE() << "the job has begun";
      return {};
    });
    for (const Status& status : statuses) {
      EXPECT_EQ(status.code(), statuses[0].code()) << Words(statuses);
      EXPECT_EQ(status.message(), statuses[0].message());
    }
    return statuses;
  }
};

TEST_F(RefusedJob, WhereOneRankHasAnotherFile) {
  std::vector<RankPart> parts = Parts({3, 1}, kPatience);
  model_.seed = 2;
  parts[2].options.model_path = WriteModel(folder_, model_, "other.gguf");
  const Status status = RunRefused(parts)[0];
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("model file: rank 2 ("));
}

TEST_F(RefusedJob, WhereOneRankHasAModelOfAnotherShape) {
  std::vector<RankPart> parts = Parts({2, 1}, kPatience);
  parts[1].options.model_path = WriteModel(folder_, OddModel(8, 1, 16), "other.gguf");
  const Status status = RunRefused(parts)[0];
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("model file: rank 1 ("));
}

TEST_F(RefusedJob, WhereOneRankHasOtherOptions) {
  const std::vector<std::function<void(JobOptions&)>> changes = {
      [](JobOptions& options) {
        options.mesh = {1, 3};
      },
      [](JobOptions& options) { options.numerics = Numerics::kExact; },
      [](JobOptions& options) { options.widen_to_f32 = true; },
      [](JobOptions& options) { options.context = 64; },
      [](JobOptions& options) { options.max_rows = 16; },
      [](JobOptions& options) { options.strand_slots = 2; },
      [](JobOptions& options) { options.wait_limit += milliseconds(1); },
  };
  for (const auto& change : changes) {
    std::vector<RankPart> parts = Parts({3, 1}, kPatience);
    change(parts[1].options);
    const Status status = RunRefused(parts)[0];
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr("configuration: rank 1 ("));
  }
}

TEST_F(RefusedJob, WhereOneRankLacksTheFile) {
  std::vector<RankPart> parts = Parts({2, 1}, kPatience);
  parts[1].options.model_path = folder_.File("absent.gguf");
  const Status status = RunRefused(parts)[0];
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), StartsWith("rank 1 ("));
  EXPECT_THAT(status.message(), HasSubstr("absent.gguf"));
}

TEST_F(RefusedJob, WhereNoRankHasTheFileWithoutNamingOne) {
  path_ = folder_.File("absent.gguf");
  const Status status = RunRefused(Parts({2, 1}, kPatience))[0];
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), ::testing::Not(HasSubstr("rank")));
}

TEST_F(RefusedJob, WhereOneRankHasATruncatedFile) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{20}, std::size_t{4000}}) {
    std::vector<RankPart> parts = Parts({2, 1}, kPatience);
    parts[1].options.model_path = WriteTruncated(folder_, path_, bytes);
    const Status status = RunRefused(parts)[0];
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.ToString();
    EXPECT_THAT(status.message(), StartsWith("rank 1 ("));
  }
}

TEST_F(RefusedJob, WhereTheModelCannotBeSplitSo) {
  Status status = RunRefused(Parts({10, 1}, kPatience))[0];
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("cannot split 9 attention heads over tp 10"));
  status = RunRefused(Parts({1, 4}, kPatience))[0];
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("cannot split 3 layers over pp 4"));
}

TEST_F(RefusedJob, WhereThereAreFewerRanksThanTheMeshNeeds) {
  std::vector<RankPart> parts = Parts({2, 2}, kPatience);
  parts.pop_back();
  const Status status = RunRefused(parts)[0];
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("has 3 ranks, but tp 2 x pp 2 needs 4"));
}

TEST_F(RefusedJob, WhereTheContextIsNotOneOfTheModel) {
  for (const std::int32_t context : {-1, 257, 1 << 30}) {
    std::vector<RankPart> parts = Parts({2, 1}, kPatience);
    for (RankPart& part : parts) part.options.context = context;
    const Status status = RunRefused(parts)[0];
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr("--ctx"));
  }
}

TEST_F(RefusedJob, WhereAMeshHasNoRanks) {
  for (const Mesh mesh : {Mesh{0, 1}, Mesh{1, 0}, Mesh{-1, -1}}) {
    JobOptions options;
    options.model_path = path_;
    options.mesh = mesh;
    const Status status = RunInprocJob(options, [](Lead&) -> Status { return {}; });
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.ToString();
  }
}

TEST_F(FaultyJob, EndsWhereARankNeverComes) {
  JobOptions options = Parts({3, 1}, kImpatience)[0].options;
  std::vector<Status> statuses(3);
  RunRankThreads(3, [&](std::unique_ptr<Transport> transport) {
    const auto rank = static_cast<std::size_t>(transport->rank());
    if (rank == 2) {
      // Alive, but stuck somewhere before RunRank.
      std::this_thread::sleep_for(2 * kImpatience);
      return;
    }
    statuses[rank] = RunRank(options, *transport, TenSteps);
  });
  EXPECT_EQ(statuses[0].code(), StatusCode::kDeadlineExceeded) << Words(statuses);
  EXPECT_THAT(statuses[0].message(), HasSubstr("phase 'start-up'"));
  EXPECT_THAT(statuses[0].message(), HasSubstr("rank 2 ("));
  EXPECT_FALSE(statuses[1].ok());
}

}  // namespace
}  // namespace braid
