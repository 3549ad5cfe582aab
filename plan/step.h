#pragma once

#include "base/status.h"

#include <cstdint>
#include <vector>

namespace braid {

/// `count` consecutive KV slots of one instance, holding consecutive tokens of one request.
struct KvExtent {
  std::int32_t instance = 0;
  std::int32_t first_slot = 0;
  std::int32_t count = 0;

  bool operator==(const KvExtent&) const = default;
};

/// The rows of one request in a step: `tokens` at positions first_position.., of which the last
/// `sampled_rows` rows yield logits. `kv` says where the KV of every token of the request stays,
/// those of this step included, in token order.
struct StepRequest {
  std::uint64_t id = 0;
  std::int32_t first_position = 0;
  std::vector<std::int32_t> tokens;
  std::int32_t sampled_rows = 0;
  std::vector<KvExtent> kv;

  bool operator==(const StepRequest&) const = default;
};

/// One forward pass of one group, as data. An immutable value once it is in the log.
struct Step {
  std::uint64_t number = 0;             ///< total order over all steps of a job
  std::vector<std::int32_t> instances;  ///< the group
  std::int32_t slot = 0;                ///< strand slot, the same on all ranks of the group
  std::int32_t priority = 0;            ///< higher goes first where strands share a rank
  std::vector<StepRequest> requests;

  bool operator==(const Step&) const = default;

  std::int32_t num_rows() const;
  std::int32_t num_sampled_rows() const;
};

/// What a step may ask of the ranks that run it.
struct StepLimits {
  std::int32_t vocab_size = 0;
  std::int32_t num_instances = 1;
  std::int32_t num_strand_slots = 1;
  std::int32_t num_kv_slots = 0;  ///< of each instance
  std::int32_t max_rows = 0;
};

/// Errors: InvalidArgument naming the request and the first rule it breaks: tokens outside the
/// vocabulary, KV extents that do not cover the context, lie outside the pool or overlap those of
/// another request, more rows than fit, a slot or instance that does not exist.
Status ValidateStep(const Step& step, const StepLimits& limits);

}  // namespace braid
