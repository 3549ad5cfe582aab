#include "engine/engine.h"

#include <algorithm>

namespace braid {
namespace {

bool Contains(const std::vector<std::int32_t>& values, std::int32_t value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

Status Engine::CheckPlan(const StepPlan& plan) {
  if (plan.requests.empty() || plan.instances.empty()) {
    return Internal("the policy issues a step without requests or instances");
  }
  for (std::size_t i = 0; i < plan.instances.size(); ++i) {
    const std::int32_t instance = plan.instances[i];
    const auto after = plan.instances.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    if (instance < 0 || instance >= options_.num_instances ||
        std::find(after, plan.instances.end(), instance) != plan.instances.end()) {
      return Internal("the policy issues a step on instance " + std::to_string(instance) +
                      ", which does not exist or is named twice");
    }
  }
  for (const PlannedRequest& planned : plan.requests) {
    const std::string rule = BrokenRule(plan, planned);
    if (rule.empty()) continue;
    const std::string name = Exists(planned.request)
                                 ? std::to_string(request(planned.request).request.id)
                                 : "at place " + std::to_string(planned.request);
    return Internal("the policy breaks a rule for request " + name + " of step " +
                    std::to_string(next_number_) + ": " + rule);
  }
  return Status();
}

/// What of the rules the plan breaks for one request, in words; empty: none.
std::string Engine::BrokenRule(const StepPlan& plan, const PlannedRequest& planned) const {
  if (!Exists(planned.request)) return "no such request";
  const RequestState& state = requests_[static_cast<std::size_t>(planned.request)];
  if (!state.idle()) return "it is in another step";
  for (const KvShare& owner : state.owners) {
    if (!Contains(plan.instances, owner.instance)) {
      return "instance " + std::to_string(owner.instance) +
             " holds KV of it but is not in the group";
    }
  }
  if (planned.first_share + planned.num_shares > plan.shares.size() ||
      planned.first_member + planned.num_members > plan.instances.size()) {
    return "its shares or its ring reach beyond those of the step";
  }
  if (IsSwap(plan, planned)) {
    const bool out = planned.master != kHostMemory;
    const bool may = out ? state.phase == Phase::kDecode || state.phase == Phase::kPrefill
                         : state.phase == Phase::kSwapped;
    std::int64_t tokens = 0;
    for (std::uint32_t i = 0; i < planned.num_shares; ++i) {
      const KvShare& share = plan.shares[planned.first_share + i];
      tokens += share.tokens;
      if (!out && (!Contains(plan.instances, share.instance) || share.tokens < 0)) {
        return "its KV is to come back outside the group";
      }
    }
    if (plan.max_repeats > 1) return "only decode passes can be repeated";
    const bool whole = tokens == state.kv_tokens && (!out || planned.num_shares == 1);
    return may && whole ? "" : "a swap of KV that is not there, or not of all of it";
  }
  if (state.phase == Phase::kSwapped) return "its KV is in the host's memory";
  std::int64_t shared = 0;
  for (std::uint32_t i = 0; i < planned.num_shares; ++i) {
    const KvShare& share = plan.shares[planned.first_share + i];
    shared += share.tokens;
    if (!Contains(plan.instances, share.instance) || share.tokens < 0) {
      return "its KV is to stay outside the group";
    }
    if (plan.move && share.instance == planned.master) return "a move to where its KV is";
  }
  if (plan.max_repeats > 1 && (plan.move || !planned.decode)) {
    return "only decode passes can be repeated";
  }
  if (plan.move) {
    const bool there =
        planned.rows >= 1 && shared == planned.rows && state.TokensIn(planned.master) >= shared;
    return there ? "" : "a move of tokens that are not there";
  }
  if (planned.decode) {
    if (state.phase != Phase::kDecode) return "it decodes before its prefill ended";
    if (!Contains(plan.instances, planned.master)) return "its master is not in the group";
    if (planned.num_shares > 0) return "its new KV stays with its master, it has no shares";
    return {};
  }
  if (state.phase == Phase::kDecode) return "it is prefilled already";
  if (planned.rows < 1 || planned.rows > state.prefill_left()) {
    return "a chunk of " + std::to_string(planned.rows) + " tokens where " +
           std::to_string(state.prefill_left()) + " are left";
  }
  return shared == planned.rows ? "" : "the shares of its chunk do not add up";
}

}  // namespace braid
