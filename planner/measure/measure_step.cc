#include "planner/measure/measure_step.h"

#include <algorithm>

namespace braid {
namespace {

std::int64_t CeilDiv(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

}  // namespace

StepMeter::StepMeter(std::int32_t num_instances, std::int32_t instances_per_node)
    : loads_(static_cast<std::size_t>(num_instances)), instances_per_node_(instances_per_node) {}

void StepMeter::AddPrefill(const StepPlan& plan, const PlannedRequest& planned,
                           const RequestState& state) {
  const std::size_t first = planned.num_members == 0 ? 0 : planned.first_member;
  const std::size_t count = planned.num_members == 0 ? plan.instances.size() : planned.num_members;
  const std::int64_t degree = static_cast<std::int64_t>(count);
  const std::int64_t before = state.kv_tokens;
  const std::int64_t after = before + planned.rows;
  const std::int64_t pairs = CeilDiv(after * after - before * before, degree);
  const bool last = planned.rows == state.prefill_left();
  for (std::size_t i = first; i < first + count; ++i) {
    StepSizes& sizes = load(plan.instances[i]).sizes;
    sizes[Size::kRows] += CeilDiv(planned.rows, degree);
    sizes[Size::kPrefillPairs] += pairs;
    if (degree > 1) sizes[Size::kRingTokens] += CeilDiv(after, degree);
    if (last) sizes[Size::kSampledRows] += 1;
  }
}

void StepMeter::AddDecode(const StepPlan& plan, const PlannedRequest& planned,
                          const RequestState& state) {
  Load& master = load(planned.master);
  ++master.masters;
  ++master.sizes[Size::kRows];
  ++master.sizes[Size::kSampledRows];
  ++master.sizes[Size::kDecodeContext];  // the row's own token
  for (const KvShare& owner : state.owners) {
    StepSizes& sizes = load(owner.instance).sizes;
    sizes[Size::kDecodeContext] += owner.tokens;
    if (!plan.queries_to_all && owner.instance != planned.master) ++sizes[Size::kQueryRows];
  }
  if (!plan.queries_to_all) return;
  for (const std::int32_t instance : plan.instances) {
    if (instance != planned.master) ++load(instance).sizes[Size::kQueryRows];
  }
}

void StepMeter::AddMove(const StepPlan& plan, const PlannedRequest& planned,
                        const RequestState& state) {
  for (std::uint32_t i = 0; i < planned.num_shares; ++i) {
    const KvShare& share = plan.shares[planned.first_share + i];
    if (share.instance != kHostMemory) {
      load(share.instance).sizes[Size::kMovedTokens] += share.tokens;
      continue;
    }
    for (const KvShare& owner : state.owners) {
      load(owner.instance).sizes[Size::kMovedTokens] += owner.tokens;
    }
    return;
  }
  if (planned.master != kHostMemory) {
    load(planned.master).sizes[Size::kMovedTokens] += planned.rows;
  }
}

void StepMeter::AddGrowth(const StepPlan& plan, StepMeasure& measure) {
  if (measure.decode_rows == 0) return;
  const std::int64_t busiest = measure.sizes[Size::kDecodeContext];
  for (const std::int32_t instance : plan.instances) {
    const Load& here = load(instance);
    if (here.sizes[Size::kDecodeContext] < busiest) continue;
    measure.context_growth = std::max(measure.context_growth, here.masters);
  }
  for (const std::int32_t instance : plan.instances) {
    const Load& here = load(instance);
    if (here.masters <= measure.context_growth) continue;
    measure.overtaking.push_back({here.sizes[Size::kDecodeContext], here.masters});
  }
}

StepMeasure StepMeter::Measure(const EngineView& view, const StepPlan& plan) {
  StepMeasure measure;
  for (const std::int32_t instance : plan.instances) load(instance) = Load();
  for (const PlannedRequest& planned : plan.requests) {
    const RequestState& state = view.request(planned.request);
    if (plan.move) {
      AddMove(plan, planned, state);
      measure.swap = measure.swap || planned.master == kHostMemory ||
                     plan.shares[planned.first_share].instance == kHostMemory;
    } else if (planned.decode) {
      AddDecode(plan, planned, state);
      ++measure.decode_rows;
    } else {
      AddPrefill(plan, planned, state);
      measure.prefill_rows += planned.rows;
    }
  }
  for (const std::int32_t instance : plan.instances) {
    const Load& here = load(instance);
    for (std::size_t i = 0; i < here.sizes.of.size(); ++i) {
      measure.sizes.of[i] = std::max(measure.sizes.of[i], here.sizes.of[i]);
    }
  }
  AddGrowth(plan, measure);
  const std::int32_t node = plan.instances.front() / instances_per_node_;
  const bool across_nodes =
      std::any_of(plan.instances.begin(), plan.instances.end(),
                  [&](std::int32_t index) { return index / instances_per_node_ != node; });
  measure.signature = {.degree = static_cast<std::int32_t>(plan.instances.size()),
                       .prefill = measure.prefill_rows > 0,
                       .decode = measure.decode_rows > 0,
                       .sampled = measure.sizes[Size::kSampledRows] > 0,
                       .move = plan.move,
                       .token_split = plan.overlap == OverlapMode::kTokenSplit,
                       .across_nodes = across_nodes,
                       .exchange_in_turn = plan.exchange_in_turn};
  return measure;
}

}  // namespace braid
