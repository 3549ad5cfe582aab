#include "runtime/executor.h"

#include "comm/inproc/inproc_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Operators that only note what they are asked for: the first token of an embedding stands for the
/// step that it belongs to.
class NotingOperators final : public Operators {
 public:
  explicit NotingOperators(std::int32_t num_tiles) : num_tiles_(num_tiles) {}

  std::int32_t NumTiles(const OperatorArgs&) const override { return num_tiles_; }
  void RunTile(const OperatorArgs& args, std::int32_t tile) override {
    ran_.emplace_back(std::get<EmbedArgs>(args).tokens[0], tile);
  }
  const std::vector<std::pair<std::int32_t, std::int32_t>>& ran() const { return ran_; }

 private:
  std::int32_t num_tiles_;
  std::vector<std::pair<std::int32_t, std::int32_t>> ran_;
};

class ExecutorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ModelShard whole;
    Result<KvMemory> kv = KvMemory::Make(ModelSpec(), whole, 4);
    ASSERT_TRUE(kv.ok());
    kv_.emplace(std::move(*kv));
    Result<std::unique_ptr<Transport>> transport = world_.Open(0);
    ASSERT_TRUE(transport.ok());
    transport_ = std::move(*transport);
    const ExecutorParts parts = {.transport = transport_.get(),
                                 .operators = &operators_,
                                 .parameters = &parameters_,
                                 .kv = &*kv_,
                                 .first_rank = 0,
                                 .wait_limit = std::chrono::seconds(1),
                                 .trace = true};
    ExecutorLimits limits = {.strand_slots = 2, .max_rows = 4, .widths = {}};
    limits.widths[static_cast<std::size_t>(Buffer::kResidual)] = 2;
    limits.widths[static_cast<std::size_t>(Buffer::kLogits)] = 3;
    Result<std::unique_ptr<Executor>> executor = Executor::Make(parts, limits);
    ASSERT_TRUE(executor.ok());
    executor_ = std::move(*executor);
  }

  /// `num_tasks` tasks that follow one another.
  static Program ProgramOf(std::uint64_t step, std::int32_t slot, std::int32_t num_tasks,
                           std::int32_t priority = 0) {
    auto tmpl = std::make_shared<Template>();
    tmpl->dependencies = {1};
    for (std::int32_t i = 0; i < num_tasks; ++i) {
      tmpl->tasks.push_back({.kind = TaskKind::kEmbed,
                             .out = Buffer::kResidual,
                             .num_dependencies = static_cast<std::uint8_t>(i > 0 ? 1 : 0)});
    }
    tmpl->prologue = {0, static_cast<std::uint32_t>(num_tasks)};
    tmpl->widths[static_cast<std::size_t>(Buffer::kLogits)] = 3;
    Program program = {tmpl, {}};
    program.bindings.step = step;
    program.bindings.slot = slot;
    program.bindings.priority = priority;
    program.bindings.tokens = {static_cast<std::int32_t>(step)};
    program.bindings.sampled_rows = {0};
    return program;
  }
  /// Numbers of the steps in the order in which they end.
  std::vector<std::uint64_t> RunAll() {
    std::vector<std::uint64_t> order;
    while (!executor_->idle()) {
      const Result<bool> progressed = executor_->Advance();
      EXPECT_TRUE(progressed.ok() && *progressed);
      while (const auto finished = executor_->TakeFinished()) order.push_back(finished->number);
    }
    while (const auto finished = executor_->TakeFinished()) order.push_back(finished->number);
    return order;
  }

  InprocWorld world_{1};
  std::unique_ptr<Transport> transport_;
  ModelSpec spec_;
  ModelShard shard_;
  ModelWeights weights_;
  Parameters parameters_{spec_, shard_, weights_};
  std::optional<KvMemory> kv_;
  NotingOperators operators_{2};
  std::unique_ptr<Executor> executor_;
};

TEST_F(ExecutorTest, RunsEveryTileOfEveryTaskOnceAndInOrder) {
  ASSERT_TRUE(executor_->Start(ProgramOf(5, 0, 2)).ok());
  EXPECT_FALSE(executor_->idle());
  EXPECT_THAT(RunAll(), ElementsAre(5));
  EXPECT_THAT(operators_.ran(),
              ElementsAre(std::pair(5, 0), std::pair(5, 1), std::pair(5, 0), std::pair(5, 1)));
  EXPECT_EQ(executor_->TakeTrace().size(), 2U);
  EXPECT_TRUE(executor_->TakeTrace().empty());
}

TEST_F(ExecutorTest, HasNothingToDoWithoutAStep) {
  const Result<bool> progressed = executor_->Advance();
  ASSERT_TRUE(progressed.ok());
  EXPECT_FALSE(*progressed);
  EXPECT_EQ(executor_->wait_time().count(), 0);
  EXPECT_FALSE(executor_->TakeFinished().has_value());
}

TEST_F(ExecutorTest, EndsAProgramWithoutTasksAtOnce) {
  ASSERT_TRUE(executor_->Start(ProgramOf(5, 0, 0)).ok());
  EXPECT_TRUE(executor_->idle());
  EXPECT_EQ(executor_->TakeFinished()->number, 5U);
  EXPECT_FALSE(executor_->TakeFinished().has_value());
  ASSERT_TRUE(executor_->Start(ProgramOf(6, 0, 1)).ok());
  EXPECT_THAT(RunAll(), ElementsAre(6));
}

TEST_F(ExecutorTest, QueuesStepsOfOneSlotByNumber) {
  ASSERT_TRUE(executor_->Start(ProgramOf(1, 0, 1)).ok());
  ASSERT_TRUE(executor_->Start(ProgramOf(3, 0, 0)).ok());
  ASSERT_TRUE(executor_->Start(ProgramOf(4, 0, 1)).ok());
  EXPECT_FALSE(executor_->idle());
  EXPECT_THAT(RunAll(), ElementsAre(1, 3, 4));
  EXPECT_TRUE(executor_->idle());
}

TEST_F(ExecutorTest, RefusesANumberThatIsNotAboveThoseInItsSlot) {
  ASSERT_TRUE(executor_->Start(ProgramOf(3, 0, 1)).ok());
  for (const std::uint64_t number : {2U, 3U}) {
    const Status status = executor_->Start(ProgramOf(number, 0, 1));
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr("after step 3"));
  }
  EXPECT_TRUE(executor_->Start(ProgramOf(2, 1, 1)).ok());
  EXPECT_THAT(RunAll(), ElementsAre(2, 3));
}

TEST_F(ExecutorTest, RefusesASlotThatDoesNotExist) {
  for (const std::int32_t slot : {-1, 2, 1 << 30}) {
    const Status status = executor_->Start(ProgramOf(1, slot, 1));
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr("strand slot " + std::to_string(slot) + " of 2"));
  }
  EXPECT_TRUE(executor_->idle());
}

TEST_F(ExecutorTest, RefusesMoreRowsThanItHasRoomFor) {
  Program program = ProgramOf(1, 0, 1);
  program.bindings.tokens.assign(5, 1);
  const Status status = executor_->Start(std::move(program));
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("5 rows; at most 4 fit"));
  EXPECT_TRUE(executor_->idle());
}

TEST_F(ExecutorTest, LetsTheLowestNumberGoFirst) {
  ASSERT_TRUE(executor_->Start(ProgramOf(8, 0, 3)).ok());
  ASSERT_TRUE(executor_->Start(ProgramOf(7, 1, 3)).ok());
  EXPECT_THAT(RunAll(), ElementsAre(7, 8));
}

TEST_F(ExecutorTest, LetsTheHighestPriorityGoFirst) {
  ASSERT_TRUE(executor_->Start(ProgramOf(7, 0, 3)).ok());
  ASSERT_TRUE(executor_->Start(ProgramOf(8, 1, 3, 1)).ok());
  EXPECT_THAT(RunAll(), ElementsAre(8, 7));
}

TEST_F(ExecutorTest, LetsAHigherPriorityInBetweenTiles) {
  ASSERT_TRUE(executor_->Start(ProgramOf(7, 0, 1)).ok());
  ASSERT_TRUE(executor_->Advance().ok());
  ASSERT_TRUE(executor_->Start(ProgramOf(8, 1, 1, 1)).ok());
  EXPECT_THAT(RunAll(), ElementsAre(8, 7));
  EXPECT_THAT(operators_.ran(),
              ElementsAre(std::pair(7, 0), std::pair(8, 0), std::pair(8, 1), std::pair(7, 1)));
}

TEST_F(ExecutorTest, ShowsTheLogitsOfASampledStep) {
  ASSERT_TRUE(executor_->Start(ProgramOf(1, 1, 1)).ok());
  while (!executor_->idle()) ASSERT_TRUE(executor_->Advance().ok());
  const auto finished = executor_->TakeFinished();
  ASSERT_TRUE(finished.has_value());
  EXPECT_EQ(finished->logits.rows, 1);
  EXPECT_EQ(finished->logits.cols, 3);
}

}  // namespace
}  // namespace braid
