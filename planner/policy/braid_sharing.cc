#include "planner/cost/approximate_round_rates.h"
#include "planner/policy/braid.h"

#include <algorithm>
#include <bit>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

constexpr std::int64_t kContextGrain = 1024;
constexpr double kOne = static_cast<double>(ContentionMatrix::kOne);

std::int64_t Magnitude(std::int64_t value) {
  return std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0)));
}

/// The size that stands for all of a magnitude.
std::int64_t Middle(std::int64_t magnitude) {
  return magnitude < 2 ? magnitude : (std::int64_t{3} << (magnitude - 1)) / 2;
}

}  // namespace

/// A pass of `rows` requests with `context` KV tokens on one instance, and how far apart such
/// passes are beside a prefill while nothing presses.
PacedStrand BraidPolicy::DecodeStrand(std::int64_t rows, std::int64_t context) const {
  StepSizes sizes;
  sizes[Size::kRows] = rows;
  sizes[Size::kSampledRows] = rows;
  sizes[Size::kDecodeContext] = context;
  const StepSignature signature = {.degree = 1, .decode = true};
  const std::int64_t pass_ns = costs_.StepNs(signature, sizes);
  return {.shape = ShapeOf(costs_.Timed(signature), sizes, pass_ns),
          .period_ns = options_.pacing ? RelaxedPeriodNs(pass_ns) : 0};
}

/// What work gets done a second where a prefill and a decode share ranks, against one after the
/// other: > 1 where sharing pays.
BraidPolicy::Sharing BraidPolicy::PredictSharing(const PacedStrand& decode,
                                                 const StrandShape& prefill) const {
  const PacedStrand lanes[] = {decode, {.shape = prefill, .period_ns = 0}};
  const std::vector<std::int64_t> in_lanes = PacedRates(lanes, conditions_);
  const double pass = static_cast<double>(std::max<std::int64_t>(decode.shape.step_ns, 1));
  const double period = std::max(pass, static_cast<double>(decode.period_ns));
  const double lanes_speed =
      (static_cast<double>(in_lanes[0]) * pass / period + static_cast<double>(in_lanes[1])) / kOne;
  // Rounds know no pauses: they have to beat lanes without them too.
  const PacedStrand eager[] = {{.shape = decode.shape}, {.shape = prefill}};
  const std::vector<std::int64_t> in_eager_lanes = PacedRates(eager, conditions_);
  const double eager_speed = static_cast<double>(in_eager_lanes[0] + in_eager_lanes[1]) / kOne;
  const StrandShape rounds[] = {decode.shape, prefill};
  const std::vector<std::int64_t> in_rounds = ApproximateRoundRates(rounds, conditions_);
  const double rounds_speed = static_cast<double>(in_rounds[0] + in_rounds[1]) / kOne;
  Sharing sharing = {.mode = OverlapMode::kLanes, .speed = lanes_speed};
  if (options_.rounds &&
      rounds_speed > std::max(lanes_speed, eager_speed) * (1 + options_.overlap_gain)) {
    sharing = {.mode = OverlapMode::kLiger, .speed = rounds_speed};
  }
  if (sharing.speed < 1 + options_.sharing_gain) sharing.mode = OverlapMode::kNone;
  return sharing;
}

/// How prefills of a kind and the decodes of `group` had better share their ranks; kNone: they take
/// turns. Predicted once per magnitude of the group.
OverlapMode BraidPolicy::ModeBeside(const Component& group, bool express) {
  if (!strands_) return OverlapMode::kNone;
  if (group.decoding.empty()) return OverlapMode::kLanes;
  if (!options_.sharing_choice) return OverlapMode::kLanes;
  const auto instances =
      static_cast<std::int64_t>(std::max<std::size_t>(group.instances.size(), 1));
  const std::int64_t rows =
      Magnitude((static_cast<std::int64_t>(group.decoding.size()) + instances - 1) / instances);
  const std::int64_t context = Magnitude(group.context / kContextGrain);
  const std::int64_t key = (rows * 64 + context) * 2 + (express ? 1 : 0);
  const auto known = sharing_.find(key);
  if (known != sharing_.end()) return known->second.mode;
  const double budget_ns = static_cast<double>(express ? options_.express_ns : options_.chunk_ns);
  const auto tokens = static_cast<std::int64_t>(RowsWithin(budget_ns, 0, 1));
  StepSizes sizes;
  sizes[Size::kRows] = tokens;
  sizes[Size::kSampledRows] = 1;
  sizes[Size::kPrefillPairs] = tokens * tokens;
  const StepSignature signature = {.degree = 1, .prefill = true};
  const StrandShape prefill =
      ShapeOf(costs_.Timed(signature), sizes, costs_.StepNs(signature, sizes));
  const Sharing sharing = PredictSharing(
      DecodeStrand(std::max<std::int64_t>(1, Middle(rows)), Middle(context) * kContextGrain),
      prefill);
  sharing_[key] = sharing;
  return sharing.mode;
}

/// How a prefill on `group` shares its ranks with what decodes there.
OverlapMode BraidPolicy::ModeOn(const std::vector<std::int32_t>& group, bool express) {
  OverlapMode mode = OverlapMode::kNone;
  bool first = true;
  for (const std::int32_t index : group) {
    if (at(index).component == kNoIndex) continue;
    const OverlapMode here = ModeBeside(component(at(index).component), express);
    // Rounds only where all agree: the group goes at one pace.
    mode = first || mode == here ? here : OverlapMode::kLanes;
    first = false;
  }
  return mode;
}

/// Notes of each instance whether the prefill that has started there shares it.
void BraidPolicy::TakeRanks(const std::vector<std::int32_t>& group, bool express) {
  for (const std::int32_t index : group) {
    const std::int32_t decodes = at(index).component;
    at(index).alone = decodes == kNoIndex
                          ? !strands_
                          : ModeBeside(component(decodes), express) == OverlapMode::kNone;
  }
}

/// The group with most to decode on `instances`; null: nothing decodes there.
const BraidPolicy::Component* BraidPolicy::BusiestOn(
    const std::vector<std::int32_t>& instances) const {
  const Component* busiest = nullptr;
  for (const std::int32_t index : instances) {
    if (instances_[At(index)].component == kNoIndex) continue;
    const Component& group = components_[At(instances_[At(index)].component)];
    if (group.decoding.empty()) continue;
    if (busiest == nullptr || group.decoding.size() > busiest->decoding.size()) busiest = &group;
  }
  return busiest;
}

/// What a step of `alone_ns` takes beside the decodes of `group`, which may be null.
double BraidPolicy::NsBeside(const StepMeasure& measure, std::int64_t alone_ns,
                             const Component* group) const {
  const auto alone = static_cast<double>(alone_ns);
  if (group == nullptr) return alone;
  const auto instances = static_cast<std::int64_t>(group->instances.size());
  const auto decoding = static_cast<std::int64_t>(group->decoding.size());
  const PacedStrand strands[] = {
      DecodeStrand((decoding + instances - 1) / instances, group->context),
      {.shape = ShapeOf(costs_.Timed(measure.signature), measure.sizes, alone_ns)}};
  const std::vector<std::int64_t> rates = PacedRates(strands, conditions_);
  return alone * kOne / static_cast<double>(std::max<std::int64_t>(rates[1], 1));
}

/// How the decodes of `group` run: as the prefills beside them do.
OverlapMode BraidPolicy::DecodeMode(const EngineView& view, const Component& group) const {
  OverlapMode mode = OverlapMode::kNone;
  for (const std::int32_t index : group.instances) {
    const Instance& mine = instances_[At(index)];
    for (const StepIndex step : {mine.bulk, mine.express}) {
      if (step == kNoIndex) continue;
      if (view.step(step).plan.overlap != OverlapMode::kLiger) return OverlapMode::kLanes;
      mode = OverlapMode::kLiger;
    }
  }
  return mode;
}

}  // namespace braid
