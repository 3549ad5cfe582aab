#include "tests/comm/fault_scenarios.h"
#include "tests/comm/rank_threads.h"

#include <gmock/gmock.h>

#include <atomic>
#include <mutex>

namespace braid {
namespace {

using testing::HasSubstr;

/// What each rank's body returned, or what it learned in Close where it returned OK.
std::vector<Status> Outcomes(int size,
                             const std::function<Status(std::unique_ptr<Transport>&)>& body) {
  std::vector<Status> outcomes(static_cast<std::size_t>(size));
  std::mutex mutex;
  RunRankThreads(size, [&](std::unique_ptr<Transport> transport) {
    const auto rank = static_cast<std::size_t>(transport->rank());
    Status outcome = body(transport);
    if (transport != nullptr) {
      const Status closed = transport->Close(Soon());
      if (outcome.ok()) outcome = closed;
    }
    const std::lock_guard lock(mutex);
    outcomes[rank] = std::move(outcome);
  });
  return outcomes;
}

struct FaultCase {
  FaultScenario scenario;
  int size;
};

class InprocFault : public testing::TestWithParam<FaultCase> {};

TEST_P(InprocFault, EndsEveryRankWithTheCauseNamed) {
  const auto& [scenario, size] = GetParam();
  const std::vector<Status> outcomes = Outcomes(size, scenario.run);
  EXPECT_OK(CheckOutcome(scenario, size, outcomes[0]));
  for (const Status& outcome : outcomes) EXPECT_FALSE(outcome.ok());
}

// As when Ctrl-Z stops a job: all its ranks stand still, and none of them is late.
TEST(CollectiveDeadline, DoesNotCountAPauseInWhichNobodyPolled) {
  RunHealthyRankThreads(2, [](Transport& transport) {
    const std::vector<int> group = {0, 1};
    std::vector<float> data(10, 1.0F);
    AllReduce all_reduce;
    ASSERT_OK(all_reduce.Start({.transport = &transport,
                                .group = group,
                                .tag = Tag(1, 1),
                                .deadline = In(std::chrono::milliseconds(500)),
                                .phase = "test"},
                               data));
    // Rank 1 comes a moment later, so that rank 0 does look at its deadline.
    std::this_thread::sleep_for(std::chrono::milliseconds(transport.rank() == 0 ? 1200 : 1300));
    EXPECT_OK(WaitAll({&all_reduce}));
    EXPECT_EQ(data[0], 2.0F);
  });
}

std::vector<FaultCase> FaultCases() {
  std::vector<FaultCase> cases;
  for (const int size : {2, 4}) {
    for (const FaultScenario& scenario : FaultScenarios()) cases.push_back({scenario, size});
  }
  return cases;
}

std::string NameOfFault(const testing::TestParamInfo<FaultCase>& info) {
  return info.param.scenario.name + "_" + std::to_string(info.param.size);
}

INSTANTIATE_TEST_SUITE_P(All, InprocFault, testing::ValuesIn(FaultCases()), NameOfFault);

struct CollectiveCase {
  CollectiveKind kind;
  int size;
};

class EveryCollective : public testing::TestWithParam<CollectiveCase> {};

TEST_P(EveryCollective, NamesTheRankThatIsLate) {
  const auto [kind, size] = GetParam();
  const FaultScenario scenario = WithFault(
      "late", {.kind = Fault::Kind::kDelaySends, .delay = std::chrono::seconds(60)},
      {.kind = kind, .deadline = std::chrono::milliseconds(400)}, StatusCode::kDeadlineExceeded,
      {"waited past its deadline for rank 1 (", "test phase"});
  EXPECT_OK(CheckOutcome(scenario, size, Outcomes(size, scenario.run)[0]));
}

TEST_P(EveryCollective, NamesTheRankThatIsDeadLongBeforeTheDeadline) {
  const auto [kind, size] = GetParam();
  const FaultScenario scenario = WithFault(
      "dead", {.kind = Fault::Kind::kDie}, {.kind = kind, .deadline = std::chrono::hours(1)},
      StatusCode::kUnavailable, {"rank 1 (", "ended without closing", "test phase"});
  EXPECT_OK(CheckOutcome(scenario, size, Outcomes(size, scenario.run)[0]));
}

std::vector<CollectiveCase> CollectiveCases() {
  std::vector<CollectiveCase> cases;
  for (const int size : {2, 4}) {
    for (const CollectiveKind kind :
         {CollectiveKind::kAllReduceShort, CollectiveKind::kAllReduceLong,
          CollectiveKind::kAllGather, CollectiveKind::kGather, CollectiveKind::kBroadcast,
          CollectiveKind::kBarrier, CollectiveKind::kTransfer}) {
      cases.push_back({kind, size});
    }
  }
  return cases;
}

std::string NameOf(const testing::TestParamInfo<CollectiveCase>& info) {
  static constexpr const char* kNames[] = {"AllReduceShort", "AllReduceLong", "AllGather", "Gather",
                                           "Broadcast",      "Barrier",       "Transfer"};
  return kNames[static_cast<int>(info.param.kind)] + std::to_string(info.param.size);
}

INSTANTIATE_TEST_SUITE_P(All, EveryCollective, testing::ValuesIn(CollectiveCases()), NameOf);

TEST(InprocAbort, AnswersAllLaterCallsOfAllRanksAndLetsThemCloseInOrder) {
  const std::vector<Status> outcomes =
      Outcomes(3, [](std::unique_ptr<Transport>& transport) -> Status {
        if (transport->rank() == 1) {
          transport->Abort(Internal("first words"));
          transport->Abort(Internal("second words"));
        }
        while (transport->Health().ok()) std::this_thread::yield();
        EXPECT_EQ(transport->Health().code(), StatusCode::kAborted);
        const int peer = transport->rank() == 0 ? 1 : 0;
        EXPECT_EQ(transport->Send(peer, Tag(1, 1), {}).error().code(), StatusCode::kAborted);
        EXPECT_EQ(transport->Receive(peer, Tag(1, 1), {}).error().code(), StatusCode::kAborted);
        EXPECT_EQ(transport->Test(Ticket{}).error().code(), StatusCode::kAborted);
        const Status health = transport->Health();
        return health;
      });
  for (const Status& outcome : outcomes) {
    EXPECT_THAT(outcome.message(), HasSubstr("first words"));
    EXPECT_THAT(outcome.message(), HasSubstr("rank 1 ("));
  }
}

TEST(InprocDeath, LeavesPeersAloneThatDoNotDependOnTheDeadRank) {
  const std::vector<Status> outcomes =
      Outcomes(3, [](std::unique_ptr<Transport>& transport) -> Status {
        if (transport->rank() == 1) {
          transport.reset();
          return Status();
        }
        while (transport->Health().ok()) std::this_thread::yield();
        EXPECT_EQ(transport->Health().code(), StatusCode::kUnavailable);
        // Ranks 0 and 2 can still talk.
        const int peer = 2 - transport->rank();
        Exchange exchange(*transport);
        exchange.Send(peer, Tag(1, 1), Filled(50000, 1));
        exchange.Receive(peer, Tag(1, 1), 50000);
        return exchange.Finish();
      });
  EXPECT_EQ(outcomes[0].code(), StatusCode::kUnavailable);
  EXPECT_THAT(outcomes[0].message(), HasSubstr("rank 1 ("));
}

TEST(InprocDeath, StillDeliversWhatTheDeadRankHadSent) {
  Outcomes(2, [](std::unique_ptr<Transport>& transport) -> Status {
    if (transport->rank() == 1) {
      const auto data = Filled(100, 5);
      EXPECT_TRUE(transport->Send(0, Tag(1, 1), data).ok());
      transport.reset();
      return Status();
    }
    while (transport->Health().ok()) std::this_thread::yield();
    Exchange exchange(*transport);
    exchange.Receive(1, Tag(1, 1), 100);
    EXPECT_OK(exchange.Finish());
    EXPECT_EQ(exchange.received()[0].data, Filled(100, 5));
    return Status();
  });
}

TEST(InprocClose, NamesTheRanksThatDoNotCome) {
  std::atomic<bool> waited = false;
  const std::vector<Status> outcomes =
      Outcomes(3, [&waited](std::unique_ptr<Transport>& transport) -> Status {
        if (transport->rank() == 0) {
          const Status closed = transport->Close(In(std::chrono::milliseconds(200)));
          waited = true;
          return closed;
        }
        if (transport->rank() == 1) return Status();
        while (!waited) std::this_thread::yield();
        return Status();
      });
  EXPECT_EQ(outcomes[0].code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(outcomes[0].message(), HasSubstr("rank 2 ("));
  EXPECT_THAT(outcomes[0].message(), testing::Not(HasSubstr("rank 1 (")));
}

TEST(InprocClose, RefusesWhileAMessageIsInFlightAndTellsThePeers) {
  const std::vector<Status> outcomes =
      Outcomes(2, [](std::unique_ptr<Transport>& transport) -> Status {
        std::vector<std::byte> data(8);
        if (transport->rank() == 0) {
          EXPECT_TRUE(transport->Receive(1, Tag(1, 1), data).ok());
          return transport->Close(Soon());
        }
        while (transport->Health().ok()) std::this_thread::yield();
        return transport->Health();
      });
  EXPECT_EQ(outcomes[0].code(), StatusCode::kInternal);
  EXPECT_EQ(outcomes[1].code(), StatusCode::kAborted);
  EXPECT_THAT(outcomes[1].message(), HasSubstr("in flight at Close"));
}

TEST(InprocWorld, GivesEachRankItsTransportOnce) {
  InprocWorld world(2);
  const auto first = world.Open(1);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ((*first)->rank(), 1);
  EXPECT_EQ((*first)->size(), 2);
  EXPECT_EQ(world.Open(1).error().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(world.Open(2).error().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(world.Open(-1).error().code(), StatusCode::kInvalidArgument);
}

TEST(Collective, RefusesToStartAgainWhileInFlightAndToPollBeforeItStarts) {
  Outcomes(2, [](std::unique_ptr<Transport>& transport) -> Status {
    Barrier barrier;
    EXPECT_EQ(barrier.Poll().error().code(), StatusCode::kFailedPrecondition);
    const std::vector<int> group = {0, 1};
    const CollectiveCall call = {.transport = transport.get(),
                                 .group = group,
                                 .tag = Tag(1, 1),
                                 .deadline = Soon(),
                                 .phase = "test"};
    EXPECT_OK(barrier.Start(call));
    EXPECT_EQ(barrier.Start(call).code(), StatusCode::kFailedPrecondition);
    EXPECT_OK(WaitAll({&barrier}));
    return Status();
  });
}

}  // namespace
}  // namespace braid
