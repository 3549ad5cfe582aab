#pragma once

#include "tests/planner/simulation/history.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace braid {

/// Where a history took place.
struct ReplayRules {
  std::int32_t num_instances = 1;
  std::int64_t kv_slots = 0;  ///< of each instance
  std::int32_t max_strands = 1;
};

/// Re-checks a history from first principles: it knows the rules of KV slots, of request states and
/// of strands, and nothing of the engine that kept them. Checked:
///   - steps are numbered in the order of their start, time never goes back;
///   - a request is in one step at a time, after it arrived, before it left;
///   - its context is prefilled once in order (again after an eviction), then it decodes, until
///     exactly its output length; what it says of itself agrees at every step;
///   - a token's KV stays in its slot until the request leaves, is evicted or a move takes it; no
///     slot holds two tokens; slots lie within the pool, promises of running steps included;
///   - a group contains all instances that own KV of its requests, and new KV is where the plan says;
///   - a strand slot carries one step at a time on every instance of the group;
///   - in the end every request that arrived finished or was rejected, and all slots are free.
class HistoryReplayer {
 public:
  /// `requests`: all that arrived.
  HistoryReplayer(const ReplayRules& rules, std::span<const Request> requests);

  /// What is wrong, one sentence each, in order of time, ten at most; empty: nothing.
  std::vector<std::string> Check(std::span<const Fact> history);

 private:
  /// Where one token's KV is.
  struct Place {
    std::int32_t instance = 0;
    std::int32_t slot = 0;
    bool operator==(const Place&) const = default;
  };
  struct Life {
    Request request;
    std::vector<Place> kv;        ///< of each token, in order
    bool prefilled = false;       ///< may decode
    bool gone = false;
    std::int32_t generated = 0;
    std::int32_t evictions = 0;
    std::int32_t chunks = 0;
    std::int64_t first_scheduled_ns = -1;
    std::int64_t first_token_ns = -1;
    std::int64_t last_token_ns = -1;
    std::uint64_t step = 0;       ///< number of the step it is in; 0: none
  };
  struct Running {
    RunningStep step;
    std::vector<std::uint64_t> ids;
    std::int64_t resumes_ns = 0;  ///< when the stretch that runs began
    std::int64_t repeats = 0;     ///< done by the stretches before it
    std::vector<KvShare> promised;
  };

  void Replay(const StepStarted& fact);
  void Replay(const StepEnded& fact);
  void Replay(const RequestLeft& fact);

  void CheckStrand(const RunningStep& step);
  void CheckPlanned(const RunningStep& step, const PlannedRequest& planned, Life& life);
  void CheckChunk(const RunningStep& step, const PlannedRequest& planned, const Life& life);
  void CheckDecode(const RunningStep& step, const PlannedRequest& planned, const Life& life);
  void CheckMove(const RunningStep& step, const PlannedRequest& planned, const Life& life);
  void CheckStretch(const StepEnded& fact, const Running& running);

  void Promise(Running& running, std::int32_t repeats);
  void Release(Running& running);
  void EndChunk(const StepEnded& fact, const PlannedRequest& planned, Life& life);
  void EndDecode(const StepEnded& fact, Life& life);
  void FollowKv(const StepEnded& fact, const PlannedRequest& planned, Life& life,
                const RequestSnapshot& after);
  void CheckMoved(const std::string& who, const StepPlan& plan, const PlannedRequest& planned,
                  const std::vector<Place>& before, const std::vector<Place>& now);
  void CheckGrown(const std::string& who, const StepEnded& fact, const PlannedRequest& planned,
                  const std::vector<Place>& before, const std::vector<Place>& now);
  void Agree(const std::string& when, const Life& life, const RequestSnapshot& said);
  void Occupy(const std::string& who, const std::vector<Place>& places, bool taken);
  void CheckEnd();

  std::vector<Place> PlacesOf(const std::vector<KvExtent>& extents) const;
  Life* Find(std::uint64_t id);
  void Advance(std::int64_t now_ns);
  void Wrong(const std::string& what);
  void Require(bool rule, const std::string& what) {
    if (!rule) Wrong(what);
  }

  ReplayRules rules_;
  std::map<std::uint64_t, Life> lives_;
  std::map<std::uint64_t, Running> running_;      ///< by number
  std::vector<std::vector<bool>> taken_;          ///< by instance and slot
  std::vector<std::int64_t> used_;                ///< slots taken, by instance
  std::vector<std::int64_t> promised_;            ///< to running steps, by instance
  /// The stretches that a step still has to end, as planned: by number, the next first.
  std::map<std::uint64_t, std::vector<std::int32_t>> stretches_;
  std::int64_t now_ns_ = 0;
  std::uint64_t last_number_ = 0;
  std::vector<std::string> wrong_;
};

}  // namespace braid
