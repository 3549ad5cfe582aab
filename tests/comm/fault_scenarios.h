#pragma once

#include "comm/collectives/all_gather.h"
#include "comm/collectives/all_reduce.h"
#include "comm/collectives/barrier.h"
#include "comm/collectives/broadcast.h"
#include "comm/collectives/gather.h"
#include "comm/collectives/transfer.h"
#include "comm/collectives/wait.h"
#include "tests/comm/fault_transport.h"
#include "tests/comm/messages.h"

#include <chrono>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace braid {

/// Rank 1 is at fault in all of them, rank 0 depends on it.
inline constexpr int kFaultyRank = 1;

enum class CollectiveKind {
  kAllReduceShort,
  kAllReduceLong,
  kAllGather,
  kGather,
  kBroadcast,
  kBarrier,
  kTransfer
};

/// What one rank of one collective is given.
struct CollectiveRun {
  CollectiveKind kind = CollectiveKind::kAllReduceShort;
  std::chrono::milliseconds deadline = std::chrono::seconds(20);
  std::size_t extra_floats = 0;  ///< of an all-reduce: a vector longer than that of the others
};

/// Runs one collective over all ranks (a transfer: from rank 1 to rank 0) and waits for it.
inline Status RunCollective(Transport& transport, const CollectiveRun& run) {
  std::vector<int> group(static_cast<std::size_t>(transport.size()));
  std::iota(group.begin(), group.end(), 0);
  CollectiveCall call = {.transport = &transport,
                         .group = group,
                         .tag = Tag(2, 41),
                         .deadline = In(run.deadline),
                         .phase = "test phase"};
  const std::vector<std::size_t> blocks(group.size(), 100000);
  std::vector<std::byte> bytes(100000 * group.size());
  const auto mine =
      std::span(bytes).subspan(100000 * static_cast<std::size_t>(transport.rank()), 100000);
  switch (run.kind) {
    case CollectiveKind::kAllReduceShort:
    case CollectiveKind::kAllReduceLong: {
      const bool is_short = run.kind == CollectiveKind::kAllReduceShort;
      std::vector<float> data((is_short ? 1000U : 500000U) + run.extra_floats);
      AllReduce all_reduce;
      RETURN_IF_ERROR(all_reduce.Start(call, data));
      return WaitAll({&all_reduce});
    }
    case CollectiveKind::kAllGather: {
      AllGather all_gather;
      RETURN_IF_ERROR(all_gather.Start(call, blocks, bytes));
      return WaitAll({&all_gather});
    }
    case CollectiveKind::kGather: {
      Gather gather;
      RETURN_IF_ERROR(gather.Start(
          call, {.root_index = 0,
                 .block_bytes = blocks,
                 .mine = mine,
                 .all = transport.rank() == 0 ? std::span(bytes) : std::span<std::byte>()}));
      return WaitAll({&gather});
    }
    case CollectiveKind::kBroadcast: {
      Broadcast broadcast;
      RETURN_IF_ERROR(broadcast.Start(call, kFaultyRank, bytes));
      return WaitAll({&broadcast});
    }
    case CollectiveKind::kBarrier: {
      Barrier barrier;
      RETURN_IF_ERROR(barrier.Start(call));
      return WaitAll({&barrier});
    }
    case CollectiveKind::kTransfer: {
      if (transport.rank() > 1) return Status();
      const std::vector<int> pair = {1, 0};
      call.group = pair;
      Transfer transfer;
      RETURN_IF_ERROR(transport.rank() == 1 ? transfer.StartSend(call, bytes)
                                            : transfer.StartReceive(call, bytes));
      return WaitAll({&transfer});
    }
  }
  return Status();
}

inline void MisbehaveIfFaulty(std::unique_ptr<Transport>& transport, const Fault& fault) {
  if (transport->rank() != kFaultyRank) return;
  transport = std::make_unique<FaultTransport>(std::move(transport), fault);
}

/// One way in which a job fails: what each rank runs, and what rank 0 must end with.
struct FaultScenario {
  std::string name;
  std::function<Status(std::unique_ptr<Transport>& transport)> run;
  StatusCode code;
  std::vector<std::string> words;  ///< all of them in the message of rank 0
  bool any_rank_first = false;     ///< rank 0 may also hear of it from rank 1
};

/// All ranks start at about the same time, so that only the faulty one can be late.
inline Status StartTogether(Transport& transport) {
  std::vector<int> group(static_cast<std::size_t>(transport.size()));
  std::iota(group.begin(), group.end(), 0);
  Barrier barrier;
  RETURN_IF_ERROR(barrier.Start({.transport = &transport,
                                 .group = group,
                                 .tag = Tag(3, 1),
                                 .deadline = Soon(),
                                 .phase = "start"}));
  return WaitAll({&barrier});
}

inline FaultScenario WithFault(const std::string& name, const Fault& fault,
                               const CollectiveRun& run, StatusCode code,
                               std::vector<std::string> words) {
  return {name,
          [fault, run](std::unique_ptr<Transport>& transport) -> Status {
            RETURN_IF_ERROR(StartTogether(*transport));
            MisbehaveIfFaulty(transport, fault);
            CollectiveRun own = run;
            // Its own messages are late: the others' deadlines are the ones to strike.
            if (transport->rank() == kFaultyRank) own.deadline = CollectiveRun{}.deadline;
            return RunCollective(*transport, own);
          },
          code, std::move(words), false};
}

/// Rank 1's vector has more numbers than the others'.
inline FaultScenario WithSizes(const std::string& name, CollectiveKind kind,
                               std::size_t extra_floats, std::vector<std::string> words) {
  return {name,
          [kind, extra_floats](std::unique_ptr<Transport>& transport) {
            const bool faulty = transport->rank() == kFaultyRank;
            return RunCollective(*transport,
                                 {.kind = kind, .extra_floats = faulty ? extra_floats : 0});
          },
          StatusCode::kInternal, std::move(words), true};
}

/// For two ranks or more; with more than two, rank 0 may learn of it from another rank first.
inline std::vector<FaultScenario> FaultScenarios() {
  using std::chrono::milliseconds;
  const CollectiveRun any{};
  const CollectiveRun brief{.deadline = milliseconds(300)};
  std::vector<FaultScenario> scenarios;
  scenarios.push_back(WithFault("wrong_operation", {.kind = Fault::Kind::kWrongOperation}, any,
                                StatusCode::kInternal,
                                {"operation 3", "operation 4", "rank 1 (", "test phase"}));
  scenarios.push_back(WithSizes("wrong_size_both_copied", CollectiveKind::kAllReduceShort, 1,
                                {"4000 bytes", "4004 bytes", "rank 1 ("}));
  scenarios.push_back(WithSizes("wrong_size_one_copied", CollectiveKind::kAllReduceShort, 2000,
                                {"4000 bytes", "12000 bytes", "rank 1 ("}));
  scenarios.push_back(WithSizes("wrong_size_long", CollectiveKind::kAllReduceShort, 3095,
                                {"4000 bytes", "16380 bytes", "rank 1 ("}));
  scenarios.push_back(WithFault("late_messages",
                                {.kind = Fault::Kind::kDelaySends, .delay = milliseconds(60000)},
                                brief, StatusCode::kDeadlineExceeded,
                                {"rank 0 (", "waited past its deadline for rank 1 (", "test phase",
                                 "channel 2", "step 41", "operation 3"}));
  scenarios.push_back(WithFault("dropped_message", {.kind = Fault::Kind::kDropSend}, brief,
                                StatusCode::kDeadlineExceeded,
                                {"waited past its deadline for rank 1 ("}));
  scenarios.push_back(WithFault("dead_at_once", {.kind = Fault::Kind::kDie}, any,
                                StatusCode::kUnavailable,
                                {"rank 1 (", "ended without closing its transport"}));
  scenarios.push_back(WithFault("dead_in_the_middle", {.kind = Fault::Kind::kDie, .at = 9},
                                {.kind = CollectiveKind::kAllReduceLong}, StatusCode::kUnavailable,
                                {"rank 1 (", "ended without closing its transport"}));
  scenarios.push_back({"abort_reaches_waiters",
                       [](std::unique_ptr<Transport>& transport) {
                         if (transport->rank() != kFaultyRank) {
                           return RunCollective(*transport, {});
                         }
                         const Status failure = Internal("the disk is on fire");
                         transport->Abort(failure);
                         return failure;
                       },
                       StatusCode::kAborted,
                       {"rank 1 (", "failed: Internal: the disk is on fire"},
                       false});
  return scenarios;
}

/// Whether rank 0 ended as it must; `size` tells whether another may have been first.
inline Status CheckOutcome(const FaultScenario& scenario, int size, const Status& outcome) {
  const bool may_be_second = scenario.any_rank_first || size > 2;
  const bool as_expected =
      outcome.code() == scenario.code || (may_be_second && outcome.code() == StatusCode::kAborted);
  if (!as_expected) {
    return Internal("rank 0 should have ended with " + std::string(StatusCodeName(scenario.code)) +
                    " and ended with: " + outcome.ToString());
  }
  for (const std::string& word : scenario.words) {
    const bool own_word = word.rfind("rank 0", 0) == 0 || word.rfind("operation", 0) == 0 ||
                          word.find("bytes") != std::string::npos;
    if (size > 2 && own_word) continue;
    if (outcome.message().find(word) == std::string::npos) {
      return Internal("\"" + word + "\" is not in: " + outcome.message());
    }
  }
  return Status();
}

}  // namespace braid
