#pragma once

#include "planner/cost/prefill_line.h"

#include <cstdint>
#include <memory>
#include <span>

namespace braid {

/// What a batching of prompts is to make small. T is the time of the group that a request is in.
enum class BatchingObjective : std::uint8_t {
  kNormalisedLatency,  ///< sum of T / length, ns per token: LoongServe's
  kTimeToFirstToken,   ///< sum of T, ns
  /// Sum of max(0, waited + T - limit) / limit + time_weight x T / limit: how far requests exceed
  /// their limits, relative to them; the second term keeps order where all are met or all are lost.
  kSloHinge,
};

/// How it is searched.
enum class BatchingMethod : std::uint8_t {
  kExact,         ///< the optimum, up to the rounding of sums
  kBucketed,      ///< cuts on a grid of some 400 positions and fewer degrees, then cuts moved
  kPaperRule,     ///< LoongServe's claim that both splits are monotone, as printed in the paper
  kReleasedRule,  ///< as in its released code, where one bound is the other way round
};

/// One prompt, or one chunk of it, that waits for prefill.
struct BatchingRequest {
  std::int64_t tokens = 0;     ///< rows to compute, at least 1
  double pairs = 0;            ///< (p + n)^2 - p^2 of n tokens after p
  std::int64_t slots = 0;      ///< KV slots that its group must have free
  double length = 1;           ///< what kNormalisedLatency divides by, > 0
  std::int64_t waited_ns = 0;  ///< since it arrived; kSloHinge
  std::int64_t limit_ns = 1;   ///< to its first token, > 0; kSloHinge
};

struct BatchingInstance {
  std::int64_t free_slots = 0;
  std::int32_t node = 0;
};

/// Borrowed for the duration of the call.
struct BatchingProblem {
  std::span<const BatchingRequest> requests;
  std::span<const BatchingInstance> instances;
  /// lines[d]: prefill on d instances; lines[0] is not read. Degrees go up to lines.size() - 1.
  /// No coefficient is negative: the search relies on it.
  std::span<const PrefillLine> lines;
  BatchingObjective objective = BatchingObjective::kNormalisedLatency;
  BatchingMethod method = BatchingMethod::kExact;
  double time_weight = 1e-3;  ///< of kSloHinge
};

/// Requests request_order[first_request .. end_request) prefill together on instances
/// instance_order[first_instance .. end_instance).
struct BatchingGroup {
  std::int32_t first_request = 0;
  std::int32_t end_request = 0;
  std::int32_t first_instance = 0;
  std::int32_t end_instance = 0;
  double time_ns = 0;

  std::int32_t degree() const { return end_instance - first_instance; }
};

/// Points into the Batcher; valid until its next Solve.
struct BatchingPlan {
  bool feasible = false;  ///< false: the requests do not fit in the free slots; no groups then
  std::span<const std::int32_t> request_order;   ///< indices of requests, longest first
  std::span<const std::int32_t> instance_order;  ///< indices of instances, most free slots first
  std::span<const BatchingGroup> groups;         ///< longest requests first; together all requests
  double objective = 0;
  double makespan_ns = 0;  ///< of the slowest group; decides between equal objectives
};

/// The exact search up to 256 requests x 8 instances, or as much work in another shape; bucketed
/// beyond.
BatchingMethod ChooseBatchingMethod(std::size_t num_requests, std::size_t num_instances);

/// Partitions waiting prompts and idle instances into groups that prefill side by side. Requests
/// are ordered by length, instances by free slots, and groups are intervals in both orders:
///   f[i][k] = min over j < i, l < k with slots(j..i] <= free(l..k] of f[j][l] + cost((j..i], k -
///   l)
/// Instances at the end of their order may stay idle. Reuses its memory: nothing is allocated once
/// problems of a size have been seen.
/// Cost:   O(n^2 m^2) at worst; pruned, see docs/algorithms.md. 64 x 8: tens of us.
/// Thread: one at a time.
/// Source: LoongServe, arXiv:2404.09526, section 5.3; the pruning and the objectives are ours.
class Batcher {
 public:
  Batcher();
  Batcher(Batcher&&) noexcept;
  Batcher& operator=(Batcher&&) noexcept;
  ~Batcher();

  const BatchingPlan& Solve(const BatchingProblem& problem);

 private:
  struct Scratch;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace braid
