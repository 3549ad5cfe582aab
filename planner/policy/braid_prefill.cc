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

void BraidPolicy::PlaceExpress(const EngineView& view, StepSink& /*sink*/) {
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

void BraidPolicy::IssueExpress(const EngineView& view, std::int32_t index, StepSink& sink) {
  Instance& instance = at(index);
  if (instance.express != kNoIndex || instance.express_queue.empty()) return;
  if (!MayPrefill(index, sink)) return;
  plan_.Clear();
  plan_.instances = {index};
  plan_.priority = kExpressPriority;
  std::int64_t room = view.instance(index).free();
  double taken_ns = 0;
  while (!instance.express_queue.empty()) {
    const RequestIndex request = instance.express_queue.front();
    const RequestState& state = view.request(request);
    const double more_ns = LeftNs(state, 1) - lines_[1].a_ns;
    if (!plan_.requests.empty() && taken_ns + more_ns > static_cast<double>(options_.express_ns)) {
      break;
    }
    if (room < state.prefill_left()) break;
    room -= state.prefill_left();
    taken_ns += more_ns;
    instance.express_queue.pop_front();
    instance.express_queue_ns -= static_cast<std::int64_t>(more_ns);
    const auto share = static_cast<std::uint32_t>(plan_.shares.size());
    plan_.shares.push_back({.instance = index, .tokens = state.prefill_left()});
    plan_.requests.push_back({.request = request,
                              .rows = state.prefill_left(),
                              .master = index,
                              .first_share = share,
                              .num_shares = 1});
  }
  if (plan_.requests.empty()) return;
  plan_.predicted_ns = static_cast<std::int64_t>(taken_ns + lines_[1].a_ns);
  if (sink.Issue(plan_) != Issued::kYes) {
    for (std::size_t i = plan_.requests.size(); i-- > 0;) {
      const RequestIndex request = plan_.requests[i].request;
      instance.express_queue.push_front(request);
      instance.express_queue_ns +=
          static_cast<std::int64_t>(LeftNs(view.request(request), 1) - lines_[1].a_ns);
    }
    return;
  }
  ExplainExpress(view, index);
  instance.express = view.instance(index).steps.back();
  if (instance.component != kNoIndex) component(instance.component).dirty = true;
}

/// Rows of the next chunk: as many as take about chunk_ns on `degree` instances.
std::int32_t BraidPolicy::ChunkRows(const RequestState& state, std::int32_t degree) const {
  if (!options_.chunking) return state.prefill_left();
  const PrefillLine& line = lines_[At(degree)];
  const double budget = static_cast<double>(options_.chunk_ns);
  const double linear = line.b_ns + 2 * line.c_ns * state.kv_tokens;
  // c n^2 + (b + 2 c p) n = budget
  const double root = std::sqrt(linear * linear + 4 * line.c_ns * budget);
  const double rows = 2 * budget / (linear + root);
  const auto chunk = std::max(kFewestChunkRows, static_cast<std::int32_t>(rows));
  // No crumbs: a rest below a quarter of a chunk goes along.
  return chunk + chunk / 4 >= state.prefill_left() ? state.prefill_left() : chunk;
}

/// Splits the rows in two halves, one of which computes while the other communicates, where that is
/// clearly faster; predicts the step's time.
void BraidPolicy::ChooseOverlap(const EngineView& view) {
  StepMeasure measure = meter_.Measure(view, plan_);
  plan_.predicted_ns = costs_.StepNs(measure.signature, measure.sizes);
  if (!options_.overlap) return;
  measure.signature.token_split = true;
  const std::int64_t split_ns = costs_.StepNs(measure.signature, measure.sizes);
  const double gain = 1 - static_cast<double>(split_ns) / static_cast<double>(plan_.predicted_ns);
  if (gain < options_.overlap_gain) return;
  plan_.overlap = OverlapMode::kTokenSplit;
  plan_.predicted_ns = split_ns;
}

bool BraidPolicy::IssueChunk(const EngineView& view, RequestIndex request,
                             const std::vector<std::int32_t>& group, StepSink& sink) {
  const RequestState& state = view.request(request);
  plan_.Clear();
  plan_.instances = group;
  const auto degree = static_cast<std::int32_t>(group.size());
  const std::int32_t rows = ChunkRows(state, degree);
  // Retention: each home keeps what it was promised, in token order.
  std::int32_t left = rows;
  for (const KvShare& home : task(request).home) {
    const std::int32_t open = home.tokens - state.TokensIn(home.instance);
    const auto room = static_cast<std::int32_t>(
        std::min<std::int64_t>(view.instance(home.instance).free(), std::max(0, open)));
    const std::int32_t part = std::min(left, room);
    if (part == 0) continue;
    plan_.shares.push_back({.instance = home.instance, .tokens = part});
    left -= part;
  }
  if (left > 0) return false;
  plan_.requests.push_back({.request = request,
                            .rows = rows,
                            .master = group.front(),
                            .first_share = 0,
                            .num_shares = static_cast<std::uint32_t>(plan_.shares.size())});
  ChooseOverlap(view);
  if (sink.Issue(plan_) != Issued::kYes) return false;
  ExplainChunk(view, request);
  in_chunk_.push_back(request);
  const StepIndex step = view.instance(group.front()).steps.back();
  for (const std::int32_t index : group) {
    at(index).bulk = step;
    if (at(index).component != kNoIndex) component(at(index).component).dirty = true;
  }
  return true;
}

}  // namespace braid
