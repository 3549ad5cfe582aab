#pragma once

#include "tests/planner/simulation/history.h"
#include "tests/planner/simulation/slot_runs.h"

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
///   - all KV of a request goes to the host or comes back, and until then nothing else happens to
///   it;
///   - a group contains all instances that own KV of its requests, and new KV is where the plan
///   says;
///   - a strand slot carries one step at a time on every instance of the group;
///   - in the end every request that arrived finished or was rejected, and all slots are free.
class HistoryReplayer {
 public:
  /// `requests`: all that arrived.
  HistoryReplayer(const ReplayRules& rules, std::span<const Request> requests);

  /// What is wrong, one sentence each, in order of time, ten at most; empty: nothing.
  std::vector<std::string> Check(std::span<const Fact> history);

 private:
  struct Life {
    Request request;
    SlotRuns kv;               ///< of each token, in order
    std::int64_t swapped = 0;  ///< tokens whose KV is in the host's memory; then `kv` is empty
    bool prefilled = false;    ///< may decode
    bool gone = false;
    std::int32_t generated = 0;
    std::int32_t evictions = 0;
    std::int32_t chunks = 0;
    std::int64_t first_scheduled_ns = -1;
    std::int64_t first_token_ns = -1;
    std::int64_t last_token_ns = -1;
    std::uint64_t step = 0;  ///< number of the step it is in; 0: none

    std::int64_t kv_tokens() const { return CountOf(kv) + swapped; }
    /// Tokens of prompt and text that a prefill has yet to go through.
    std::int64_t left() const {
      return std::int64_t{request.prompt_tokens} + generated - kv_tokens();
    }
  };
  struct Running {
    RunningStep step;
    std::vector<std::uint64_t> ids;
    std::int64_t resumed_ns = 0;  ///< when the stretch that runs began
    std::int64_t repeats = 0;     ///< done by the stretches before it
    std::map<std::int32_t, std::int64_t> promised;
  };

  void ReadStretches(std::span<const Fact> history);
  void Replay(const StepStarted& fact);
  void Replay(const StepEnded& fact);
  void Replay(const RequestLeft& fact);

  void CheckStrand(const RunningStep& step);
  void CheckStarting(const RunningStep& step, const PlannedRequest& planned, const Life& life);
  void CheckChunk(const RunningStep& step, const PlannedRequest& planned, const Life& life);
  void CheckStretch(const StepEnded& fact, const Running& running);
  void Promise(Running& running, std::int32_t repeats);
  void Release(Running& running);
  void EndFor(const StepEnded& fact, const PlannedRequest& planned, const RequestSnapshot& after);
  void CheckGrown(const StepEnded& fact, const PlannedRequest& planned, const Life& life,
                  const SlotRuns& now);
  void Swap(const StepEnded& fact, const PlannedRequest& planned, Life& life, const SlotRuns& now);
  void CheckMoved(const StepEnded& fact, const PlannedRequest& planned, const Life& life,
                  const SlotRuns& now);
  void Agree(const Life& life, const RequestSnapshot& said);
  void CheckEnd();

  void Take(const SlotRuns& runs);
  void Free(const SlotRuns& runs);
  Life& Find(std::uint64_t id);
  void Advance(std::int64_t now_ns);
  void Require(bool rule, const std::string& what);

  ReplayRules rules_;
  std::map<std::uint64_t, Life> lives_;
  std::map<std::uint64_t, Running> running_;  ///< by number
  std::vector<TakenSlots> slots_;             ///< by instance
  std::vector<std::int64_t> promised_;        ///< slots, to running steps, by instance
  /// Repeats planned for the stretches that a step has yet to end, by number, the next one last.
  std::map<std::uint64_t, std::vector<std::int32_t>> stretches_;
  Life nobody_;  ///< stands for a request that never arrived
  std::int64_t now_ns_ = 0;
  std::uint64_t last_number_ = 0;
  std::string where_;  ///< the fact being replayed
  std::vector<std::string> wrong_;
};

}  // namespace braid
