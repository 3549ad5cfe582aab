#include "planner/policy/braid.h"

#include <algorithm>
#include <cmath>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

constexpr std::int32_t kExpressPriority = 1;
constexpr std::int32_t kFewestChunkRows = 256;
constexpr std::int64_t kOvertakingShare = 8;  // of the TTFT limit

}  // namespace

void BraidPolicy::PlaceExpress(const EngineView& view) {
  std::size_t kept = 0;
  bool blocked = false;
  for (const RequestIndex request : express_waiting_) {
    if (blocked || !ChooseHome(view, request, false)) {
      // Smaller ones may overtake for want of memory, but not for long.
      const std::int64_t waited = view.now_ns - view.request(request).request.arrival_ns;
      blocked = blocked || waited > task(request).limit_ns / kOvertakingShare;
      express_waiting_[kept++] = request;
      continue;
    }
    const std::int32_t home = task(request).home.front().instance;
    at(home).express_queue.push_back(request);
    at(home).express_queue_ns +=
        static_cast<std::int64_t>(LeftNs(view.request(request), 1) - lines_[1].a_ns);
    touched_.push_back(home);
  }
  express_waiting_.resize(kept);
}

/// Puts the next batch of the express queue into plan_, and what it takes.
void BraidPolicy::FillExpress(const EngineView& view, std::int32_t index) {
  plan_.Clear();
  plan_.instances = {index};
  plan_.priority = kExpressPriority;
  std::int64_t room = view.instance(index).free();
  double taken_ns = 0;
  for (const RequestIndex request : at(index).express_queue) {
    const RequestState& state = view.request(request);
    const double more_ns = LeftNs(state, 1) - lines_[1].a_ns;
    if (!plan_.requests.empty() && taken_ns + more_ns > static_cast<double>(options_.express_ns)) {
      break;
    }
    if (room < state.prefill_left()) break;
    room -= state.prefill_left();
    taken_ns += more_ns;
    const auto share = static_cast<std::uint32_t>(plan_.shares.size());
    plan_.shares.push_back({.instance = index, .tokens = state.prefill_left()});
    plan_.requests.push_back({.request = request,
                              .rows = state.prefill_left(),
                              .master = index,
                              .first_share = share,
                              .num_shares = 1});
  }
  plan_.overlap = ModeOn(plan_.instances, true);
  plan_.predicted_ns = static_cast<std::int64_t>(taken_ns + lines_[1].a_ns);
}

void BraidPolicy::IssueExpress(const EngineView& view, std::int32_t index, StepSink& sink) {
  Instance& instance = at(index);
  if (instance.express != kNoIndex || instance.express_queue.empty()) return;
  if (!MayPrefill(index, true, sink)) return;
  FillExpress(view, index);
  if (plan_.requests.empty() || sink.Issue(plan_) != Issued::kYes) return;
  TakeRanks(plan_.instances, true);
  for (const PlannedRequest& planned : plan_.requests) {
    instance.express_queue.pop_front();
    instance.express_queue_ns -=
        static_cast<std::int64_t>(LeftNs(view.request(planned.request), 1) - lines_[1].a_ns);
  }
  ExplainExpress(view, index);
  instance.express = view.instance(index).steps.back();
  if (instance.component != kNoIndex) component(instance.component).dirty = true;
  if (!options_.foresight || instance.express_queue.empty()) return;
  FillExpress(view, index);
  if (!plan_.requests.empty()) sink.Foresee(instance.express, plan_);
}

/// Tokens after `prefix` that take about `budget_ns` on `degree` instances.
double BraidPolicy::RowsWithin(double budget_ns, double prefix, std::int32_t degree) const {
  const PrefillLine& line = lines_[At(degree)];
  const double linear = line.b_ns + 2 * line.c_ns * prefix;
  // c n^2 + (b + 2 c p) n = budget
  const double root = std::sqrt(linear * linear + 4 * line.c_ns * budget_ns);
  return 2 * budget_ns / (linear + root);
}

/// Rows of the next chunk of a prompt of which `prefix` tokens are done and `left` are not.
std::int32_t BraidPolicy::ChunkRows(std::int32_t prefix, std::int32_t left,
                                    std::int32_t degree) const {
  if (!options_.chunking) return left;
  const double rows = RowsWithin(static_cast<double>(options_.chunk_ns), prefix, degree);
  const auto chunk = std::max(kFewestChunkRows, static_cast<std::int32_t>(rows));
  // No crumbs: a rest below a quarter of a chunk goes along.
  return chunk + chunk / 4 >= left ? left : chunk;
}

/// Splits the rows in two halves, one of which computes while the other communicates, where that is
/// clearly faster beside what decodes there; predicts the step's time alone.
void BraidPolicy::ChooseOverlap(const EngineView& view) {
  plan_.overlap = ModeOn(plan_.instances, false);
  StepMeasure measure = meter_.Measure(view, plan_);
  plan_.predicted_ns = costs_.StepNs(measure.signature, measure.sizes);
  if (!options_.overlap || plan_.overlap == OverlapMode::kLiger) return;
  const Component* beside =
      plan_.overlap == OverlapMode::kLanes ? BusiestOn(plan_.instances) : nullptr;
  const double plain_ns = NsBeside(measure, plan_.predicted_ns, beside);
  measure.signature.token_split = true;
  const std::int64_t split_ns = costs_.StepNs(measure.signature, measure.sizes);
  if (1 - NsBeside(measure, split_ns, beside) / plain_ns < options_.overlap_gain) return;
  plan_.overlap = OverlapMode::kTokenSplit;
  plan_.predicted_ns = split_ns;
}

/// Puts a chunk of `request` on `group` into plan_, after `prefix` tokens of it, of which those in
/// `before` are on their way. False: its home has no room for it.
bool BraidPolicy::PlanChunk(const EngineView& view, RequestIndex request,
                            const std::vector<std::int32_t>& group,
                            std::span<const KvShare> before) {
  const RequestState& state = view.request(request);
  std::int32_t prefix = state.kv_tokens;
  for (const KvShare& share : before) prefix += share.tokens;
  plan_.Clear();
  plan_.instances = group;
  const std::int32_t rows =
      ChunkRows(prefix, state.prefill_target - prefix, static_cast<std::int32_t>(group.size()));
  // Retention: each home keeps what it was promised, in token order.
  std::int32_t left = rows;
  for (const KvShare& home : task(request).home) {
    std::int32_t open = home.tokens - state.TokensIn(home.instance);
    for (const KvShare& share : before) {
      if (share.instance == home.instance) open -= share.tokens;
    }
    const auto room = static_cast<std::int32_t>(
        std::min<std::int64_t>(view.instance(home.instance).free(), std::max(0, open)));
    const std::int32_t part = std::min(left, room);
    if (part == 0) continue;
    plan_.shares.push_back({.instance = home.instance, .tokens = part});
    left -= part;
  }
  plan_.requests.push_back({.request = request,
                            .rows = rows,
                            .master = group.front(),
                            .first_share = 0,
                            .num_shares = static_cast<std::uint32_t>(plan_.shares.size())});
  return left == 0;
}

bool BraidPolicy::IssueChunk(const EngineView& view, RequestIndex request,
                             const std::vector<std::int32_t>& group, StepSink& sink) {
  if (!PlanChunk(view, request, group, {})) return false;
  ChooseOverlap(view);
  const Issued issued = sink.Issue(plan_);
  no_strand_ = no_strand_ || issued == Issued::kNoStrand;
  if (issued != Issued::kYes) return false;
  TakeRanks(group, false);
  ExplainChunk(view, request);
  in_chunk_.push_back(request);
  const StepIndex step = view.instance(group.front()).steps.back();
  for (const std::int32_t index : group) {
    at(index).bulk = step;
    if (at(index).component != kNoIndex) component(at(index).component).dirty = true;
  }
  if (options_.foresight) ForeseeChunk(view, request, group, step, sink);
  return true;
}

/// The chunk that follows, where it has the same instances and overlap.
void BraidPolicy::ForeseeChunk(const EngineView& view, RequestIndex request,
                               const std::vector<std::int32_t>& group, StepIndex step,
                               StepSink& sink) {
  const std::vector<KvShare> before = plan_.shares;
  const OverlapMode overlap = plan_.overlap;
  if (plan_.requests.front().rows == view.request(request).prefill_left()) return;
  if (!PlanChunk(view, request, group, before)) return;
  plan_.overlap = overlap;
  sink.Foresee(step, plan_);
}

}  // namespace braid
