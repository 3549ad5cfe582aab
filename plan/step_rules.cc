#include "plan/step_rules.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

namespace braid {
namespace {

std::string Name(const Step& step) { return "step " + std::to_string(step.number); }

Status CheckTokens(const StepRequest& request, const StepLimits& limits) {
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
  return {};
}

/// A master keeps the KV of the rows that it owns: nothing brings it elsewhere.
Status CheckMaster(const Step& step, const StepRequest& request) {
  if (request.master == kNoMaster) return {};
  const std::string master = std::to_string(request.master);
  if (step.RingIndex(request.master) < 0) {
    return InvalidArgument("has master " + master + ", which is not of the step's group");
  }
  if (!request.ring.empty()) {
    return InvalidArgument("has both a master and a ring; leave one out");
  }
  std::int64_t position = 0;
  for (const KvExtent& extent : request.kv) {
    position += extent.count;
    if (position > request.first_position && extent.instance != request.master) {
      return InvalidArgument("keeps KV of its new tokens in instance " +
                             std::to_string(extent.instance) + "; its master is " + master);
    }
  }
  return {};
}

Status CheckRing(const Step& step, const StepRequest& request) {
  std::int32_t last = -1;
  for (const std::int32_t instance : request.ring) {
    const std::int32_t index = step.RingIndex(instance);
    if (index < 0) {
      return InvalidArgument("has instance " + std::to_string(instance) +
                             " in its ring, which is not of the step's group");
    }
    if (index <= last) return InvalidArgument("has a ring that is not in the order of the group");
    last = index;
  }
  return {};
}

Status CheckMove(const Step& step, const KvMove& move, const StepLimits& limits) {
  for (const KvExtent* extent : {&move.from, &move.to}) {
    RETURN_IF_ERROR(CheckExtent(step, *extent, limits));
  }
  if (move.from.count != move.to.count) {
    return InvalidArgument("moves " + std::to_string(move.from.count) + " tokens into " +
                           std::to_string(move.to.count) + " slots");
  }
  return {};
}

}  // namespace

Status CheckExtent(const Step& step, const KvExtent& extent, const StepLimits& limits) {
  if (extent.instance < 0 || extent.instance >= limits.num_instances) {
    return InvalidArgument("keeps KV in instance " + std::to_string(extent.instance) + " of " +
                           std::to_string(limits.num_instances));
  }
  if (step.RingIndex(extent.instance) < 0) {
    return InvalidArgument("keeps KV in instance " + std::to_string(extent.instance) +
                           ", which is not of the step's group");
  }
  if (extent.count <= 0 || extent.first_slot < 0 ||
      extent.count > limits.num_kv_slots - extent.first_slot) {
    return InvalidArgument("has a KV extent of " + std::to_string(extent.count) +
                           " slots from slot " + std::to_string(extent.first_slot) +
                           "; the pool has " + std::to_string(limits.num_kv_slots));
  }
  return {};
}

Status CheckInstances(const Step& step, const StepLimits& limits) {
  if (step.instances.empty()) return InvalidArgument(Name(step) + " has no instances");
  std::set<std::int32_t> seen;
  for (const std::int32_t instance : step.instances) {
    if (instance < 0 || instance >= limits.num_instances) {
      return InvalidArgument(Name(step) + " runs on instance " + std::to_string(instance) + " of " +
                             std::to_string(limits.num_instances));
    }
    if (!seen.insert(instance).second) {
      return InvalidArgument(Name(step) + " has instance " + std::to_string(instance) +
                             " twice in its group");
    }
  }
  return {};
}

Status CheckRequest(const Step& step, const StepRequest& request, const StepLimits& limits) {
  RETURN_IF_ERROR(CheckTokens(request, limits));
  std::int64_t covered = 0;
  for (const KvExtent& extent : request.kv) {
    RETURN_IF_ERROR(CheckExtent(step, extent, limits));
    covered += extent.count;
  }
  const std::int64_t context =
      request.first_position + static_cast<std::int64_t>(request.tokens.size());
  if (covered != context) {
    return InvalidArgument("has KV slots for " + std::to_string(covered) + " of its " +
                           std::to_string(context) + " tokens");
  }
  RETURN_IF_ERROR(CheckMaster(step, request));
  return CheckRing(step, request);
}

Status CheckMoves(const Step& step, const StepLimits& limits) {
  std::set<std::int32_t> sources;
  for (const KvMove& move : step.moves) {
    if (const Status status = CheckMove(step, move, limits); !status.ok()) {
      return status.WithContext(Name(step) + ", request " + std::to_string(move.request));
    }
    sources.insert(move.from.instance);
  }
  for (const KvMove& move : step.moves) {
    if (!sources.contains(move.to.instance)) continue;
    return InvalidArgument(Name(step) + " moves KV both from and to instance " +
                           std::to_string(move.to.instance) + "; use two steps");
  }
  for (std::size_t i = 0; i < step.instances.size(); ++i) {
    if (sources.contains(step.instances[i]) == (i < sources.size())) continue;
    return InvalidArgument(Name(step) + " must name the " + std::to_string(sources.size()) +
                           " instances that KV leaves before those that get it");
  }
  return {};
}

Status CheckDisjoint(const Step& step) {
  std::vector<std::tuple<std::int32_t, std::int32_t, std::int32_t>> extents;
  const auto add = [&extents](const KvExtent& kv) {
    extents.emplace_back(kv.instance, kv.first_slot, kv.count);
  };
  for (const StepRequest& request : step.requests) {
    for (const KvExtent& kv : request.kv) add(kv);
  }
  for (const KvMove& move : step.moves) {
    add(move.from);
    add(move.to);
  }
  std::sort(extents.begin(), extents.end());
  for (std::size_t i = 1; i < extents.size(); ++i) {
    const auto& [instance, first, count] = extents[i - 1];
    if (std::get<0>(extents[i]) == instance && std::get<1>(extents[i]) < first + count) {
      return InvalidArgument(Name(step) + " uses KV slot " +
                             std::to_string(std::get<1>(extents[i])) + " of instance " +
                             std::to_string(instance) + " twice");
    }
  }
  return {};
}

}  // namespace braid
