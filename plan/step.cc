#include "plan/step.h"

#include <algorithm>
#include <string>
#include <tuple>

namespace braid {
namespace {

std::string Describe(const Step& step, const StepRequest& request) {
  return "step " + std::to_string(step.number) + ", request " + std::to_string(request.id);
}

Status ValidateRequest(const StepRequest& request, const StepLimits& limits) {
  if (request.tokens.empty()) return InvalidArgument("has no tokens");
  if (request.first_position < 0) return InvalidArgument("has a negative first position");
  for (std::size_t i = 0; i < request.tokens.size(); ++i) {
    if (request.tokens[i] < 0 || request.tokens[i] >= limits.vocab_size) {
      return InvalidArgument("token " + std::to_string(i) + " is " +
                             std::to_string(request.tokens[i]) + ", outside the vocabulary of " +
                             std::to_string(limits.vocab_size));
    }
  }
  const auto num_tokens = static_cast<std::int64_t>(request.tokens.size());
  if (request.sampled_rows < 0 || request.sampled_rows > num_tokens) {
    return InvalidArgument("samples " + std::to_string(request.sampled_rows) + " of " +
                           std::to_string(num_tokens) + " rows");
  }
  std::int64_t covered = 0;
  for (const KvExtent& extent : request.kv) {
    if (extent.instance < 0 || extent.instance >= limits.num_instances) {
      return InvalidArgument("keeps KV in instance " + std::to_string(extent.instance) + " of " +
                             std::to_string(limits.num_instances));
    }
    if (extent.count <= 0 || extent.first_slot < 0 ||
        extent.count > limits.num_kv_slots - extent.first_slot) {
      return InvalidArgument("has a KV extent of " + std::to_string(extent.count) +
                             " slots from slot " + std::to_string(extent.first_slot) +
                             "; the pool has " + std::to_string(limits.num_kv_slots));
    }
    covered += extent.count;
  }
  const std::int64_t context = request.first_position + num_tokens;
  if (covered != context) {
    return InvalidArgument("has KV slots for " + std::to_string(covered) + " of its " +
                           std::to_string(context) + " tokens");
  }
  return {};
}

Status CheckDisjoint(const Step& step) {
  std::vector<std::tuple<std::int32_t, std::int32_t, std::int32_t>> extents;
  for (const StepRequest& request : step.requests) {
    for (const KvExtent& kv : request.kv)
      extents.emplace_back(kv.instance, kv.first_slot, kv.count);
  }
  std::sort(extents.begin(), extents.end());
  for (std::size_t i = 1; i < extents.size(); ++i) {
    const auto& [instance, first, count] = extents[i - 1];
    if (std::get<0>(extents[i]) == instance && std::get<1>(extents[i]) < first + count) {
      return InvalidArgument("step " + std::to_string(step.number) + " uses KV slot " +
                             std::to_string(std::get<1>(extents[i])) + " of instance " +
                             std::to_string(instance) + " twice");
    }
  }
  return {};
}

}  // namespace

std::int32_t Step::num_rows() const {
  std::size_t rows = 0;
  for (const StepRequest& request : requests) rows += request.tokens.size();
  return static_cast<std::int32_t>(rows);
}

std::int32_t Step::num_sampled_rows() const {
  std::int32_t rows = 0;
  for (const StepRequest& request : requests) rows += request.sampled_rows;
  return rows;
}

Status ValidateStep(const Step& step, const StepLimits& limits) {
  const std::string name = "step " + std::to_string(step.number);
  if (step.requests.empty()) return InvalidArgument(name + " has no requests");
  if (step.instances.empty()) return InvalidArgument(name + " has no instances");
  for (const std::int32_t instance : step.instances) {
    if (instance < 0 || instance >= limits.num_instances) {
      return InvalidArgument(name + " runs on instance " + std::to_string(instance) + " of " +
                             std::to_string(limits.num_instances));
    }
  }
  if (step.slot < 0 || step.slot >= limits.num_strand_slots) {
    return InvalidArgument(name + " asks for strand slot " + std::to_string(step.slot) + " of " +
                           std::to_string(limits.num_strand_slots));
  }
  std::size_t rows = 0;
  for (const StepRequest& request : step.requests) {
    if (const Status status = ValidateRequest(request, limits); !status.ok()) {
      return status.WithContext(Describe(step, request));
    }
    rows += request.tokens.size();
  }
  if (rows > static_cast<std::size_t>(limits.max_rows)) {
    return InvalidArgument(name + " has " + std::to_string(rows) + " rows; at most " +
                           std::to_string(limits.max_rows) + " fit");
  }
  return CheckDisjoint(step);
}

}  // namespace braid
