#include "runtime/agreement.h"

#include "tests/comm/rank_threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace braid {
namespace {

using ::testing::HasSubstr;

constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(20);

Credentials Usual() {
  return {.prepared = {}, .version = "1.2.3", .model_hash = 42, .configuration = "tp 2, exact"};
}

/// What every rank is told; ranks without credentials never come.
std::vector<Status> AgreeAll(const std::vector<std::optional<Credentials>>& credentials,
                             std::chrono::milliseconds wait_limit = kPatience) {
  std::vector<Status> verdicts(credentials.size());
  RunRankThreads(static_cast<int>(credentials.size()), [&](std::unique_ptr<Transport> transport) {
    const auto rank = static_cast<std::size_t>(transport->rank());
    if (credentials[rank]) verdicts[rank] = Agree(*transport, *credentials[rank], wait_limit);
    // A refusal leaves nothing in flight: the job can end in order.
    const Status closed = transport->Close(Soon());
    if (wait_limit == kPatience) {
      EXPECT_OK(closed);
    }
  });
  return verdicts;
}

/// The one verdict of all ranks.
Status Verdict(const std::vector<std::optional<Credentials>>& credentials) {
  const std::vector<Status> verdicts = AgreeAll(credentials);
  for (const Status& verdict : verdicts) {
    EXPECT_EQ(verdict.code(), verdicts[0].code());
    EXPECT_EQ(verdict.message(), verdicts[0].message());
  }
  return verdicts[0];
}

TEST(Agreement, IsReachedWhereAllSayTheSame) {
  for (const std::size_t size : {1U, 2U, 5U}) {
    EXPECT_OK(Verdict(std::vector<std::optional<Credentials>>(size, Usual())));
  }
}

TEST(Agreement, NamesTheRankWithAnotherVersion) {
  std::vector<std::optional<Credentials>> all(4, Usual());
  all[2]->version = "1.2.4";
  const Status verdict = Verdict(all);
  EXPECT_EQ(verdict.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(verdict.message(), HasSubstr("version of braid: rank 2 ("));
  EXPECT_THAT(verdict.message(), HasSubstr("has 1.2.4 where most have 1.2.3"));
}

TEST(Agreement, NamesTheRankWithAnotherConfiguration) {
  std::vector<std::optional<Credentials>> all(3, Usual());
  all[1]->configuration = "tp 2, fast";
  const Status verdict = Verdict(all);
  EXPECT_EQ(verdict.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(verdict.message(), HasSubstr("configuration: rank 1 ("));
  EXPECT_THAT(verdict.message(), HasSubstr("has tp 2, fast where most have tp 2, exact"));
}

TEST(Agreement, NamesTheRankWithAnotherModel) {
  std::vector<std::optional<Credentials>> all(3, Usual());
  all[2]->model_hash = 43;
  const Status verdict = Verdict(all);
  EXPECT_EQ(verdict.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(verdict.message(), HasSubstr("model file: rank 2 ("));
}

TEST(Agreement, NamesRankZeroWhereItIsTheOddOne) {
  std::vector<std::optional<Credentials>> all(3, Usual());
  all[0]->model_hash = 43;
  EXPECT_THAT(Verdict(all).message(), HasSubstr("rank 0 ("));
}

TEST(Agreement, ComparesWithRankZeroWhereThereIsNoMajority) {
  std::vector<std::optional<Credentials>> all(2, Usual());
  all[1]->version = "1.0.0";
  EXPECT_THAT(Verdict(all).message(), HasSubstr("rank 1 ("));
}

TEST(Agreement, TellsAllRanksWhatStoppedOneOfThem) {
  std::vector<std::optional<Credentials>> all(3, Usual());
  all[1]->prepared = NotFound("there is no file model.gguf");
  all[1]->model_hash = 0;
  const Status verdict = Verdict(all);
  EXPECT_EQ(verdict.code(), StatusCode::kNotFound);
  EXPECT_THAT(verdict.message(), HasSubstr("rank 1 ("));
  EXPECT_THAT(verdict.message(), HasSubstr("): there is no file model.gguf"));
}

TEST(Agreement, NamesNoRankWhereAllFailAlike) {
  std::vector<std::optional<Credentials>> all(3, Usual());
  for (auto& credentials : all) credentials->prepared = InvalidArgument("tp 3 is too many");
  const Status verdict = Verdict(all);
  EXPECT_EQ(verdict.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(verdict.message(), "tp 3 is too many");
}

TEST(Agreement, KeepsEveryCodeOnItsWay) {
  for (const StatusCode code :
       {StatusCode::kInvalidArgument, StatusCode::kFailedPrecondition, StatusCode::kNotFound,
        StatusCode::kOutOfMemory, StatusCode::kUnavailable, StatusCode::kDeadlineExceeded,
        StatusCode::kAborted, StatusCode::kInternal}) {
    std::vector<std::optional<Credentials>> all(2, Usual());
    all[1]->prepared = Status(code, "so it is");
    EXPECT_EQ(Verdict(all).code(), code);
  }
}

TEST(Agreement, CutsWordsThatAreTooLongInsteadOfFailing) {
  std::vector<std::optional<Credentials>> all(2, Usual());
  all[0]->prepared = Internal(std::string(100000, 'x'));
  all[1]->configuration = std::string(100000, 'y');
  const Status verdict = Verdict(all);
  EXPECT_EQ(verdict.code(), StatusCode::kInternal);
  EXPECT_THAT(verdict.message(), HasSubstr("xxxx"));
}

TEST(Agreement, SaysWhichRankDidNotCome) {
  std::vector<std::optional<Credentials>> all(3, Usual());
  all[2].reset();
  const std::vector<Status> verdicts = AgreeAll(all, std::chrono::milliseconds(300));
  EXPECT_EQ(verdicts[0].code(), StatusCode::kDeadlineExceeded) << verdicts[0].ToString();
  EXPECT_THAT(verdicts[0].message(), HasSubstr("start-up"));
  EXPECT_THAT(verdicts[0].message(), HasSubstr("for rank 2 ("));
  EXPECT_FALSE(verdicts[1].ok());
}

}  // namespace
}  // namespace braid
