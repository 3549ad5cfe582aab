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
    if (!plan_.requests.empty() &&
        taken_ns + more_ns > static_cast<double>(options_.express_ns)) {
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

/// Under overload somebody will be late: the fewest are if it is the costliest.
void BraidPolicy::ChooseLost(const EngineView& view) {
  // The starvation bound: a small share of all work goes to those that were given up long ago,
  // oldest first.
  const double workers_ns =
      static_cast<double>(view.now_ns - credited_ns_) * static_cast<double>(instances_.size());
  credit_ns_ = std::min(credit_ns_ + options_.starvation_share * workers_ns,
                        static_cast<double>(options_.ttft_floor_ns * 100));
  credited_ns_ = view.now_ns;
  due_.clear();
  const double workers = static_cast<double>(instances_.size());
  const auto add = [&](RequestIndex request) {
    const RequestState& state = view.request(request);
    Task& mine = task(request);
    mine.due.work_ns = LeftNs(state, 1) * stretch_ / workers;
    mine.due.due_ns = state.request.arrival_ns + mine.limit_ns - view.now_ns -
                      static_cast<std::int64_t>(options_.due_margin *
                                                static_cast<double>(mine.limit_ns));
    if (mine.lost &&
        view.now_ns - state.request.arrival_ns > options_.starvation_factor * mine.limit_ns &&
        credit_ns_ >= LeftNs(state, 1)) {
      mine.rescued = true;
      credit_ns_ -= LeftNs(state, 1);
    }
    // What was begun would be lost twice.
    mine.due.spared = state.kv_tokens > 0;
    // Nor does it help to waver: what was given up before it began stays so.
    mine.due.on_time = mine.rescued || !mine.lost || mine.due.spared;
    if (!mine.rescued && mine.due.on_time) due_.push_back(&mine.due);
  };
  for (const RequestIndex request : bulk_) add(request);
  for (const RequestIndex request : in_chunk_) add(request);
  on_time_.Choose(view.now_ns, due_);
  for (const RequestIndex request : bulk_) task(request).lost = !task(request).due.on_time;
}

/// Takes the KV of prompts that were begun and given up, oldest first, until one that is on time
/// finds a home.
bool BraidPolicy::EvictLost(const EngineView& view, RequestIndex request, StepSink& sink) {
  for (const RequestIndex victim : bulk_) {
    if (!task(victim).lost || view.request(victim).kv_tokens == 0) continue;
    Forget(victim);
    sink.Evict(victim);
    if (ChooseHome(view, request, true)) return true;
  }
  return false;
}

/// Least slack first; those that cannot meet their limit any more come last, unless they have waited
/// past the starvation bound. Each gets the instances of its home; what is left over then goes to
/// whoever gains most by another instance.
void BraidPolicy::IssueBulk(const EngineView& view, StepSink& sink) {
  std::int32_t num_free = 0;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(instances_.size()); ++i) {
    at(i).taken = at(i).bulk != kNoIndex || !MayPrefill(i, sink);
    num_free += at(i).taken ? 0 : 1;
  }
  if (num_free == 0) return;
  ChooseLost(view);
  struct Candidate {
    RequestIndex request;
    bool lost;
    std::int64_t key;
  };
  std::vector<Candidate> order;
  order.reserve(bulk_.size());
  for (const RequestIndex request : bulk_) {
    const RequestState& state = view.request(request);
    // Who has begun holds slots already: switching must be worth something.
    const bool begun = state.kv_tokens > 0 && options_.hysteresis;
    const std::int64_t slack = SlackNs(view, request) - (begun ? options_.switch_slack_ns : 0);
    order.push_back({request, options_.slack_order && task(request).lost,
                     options_.slack_order ? slack : state.request.arrival_ns});
  }
  std::sort(order.begin(), order.end(), [&](const Candidate& a, const Candidate& b) {
    if (a.lost != b.lost) return b.lost;
    return a.key != b.key ? a.key < b.key
                          : view.request(a.request).request.id < view.request(b.request).request.id;
  });

  struct Chosen {
    RequestIndex request;
    std::vector<std::int32_t> group;
  };
  std::vector<Chosen> chosen;
  for (const Candidate& candidate : order) {
    if (num_free == 0) break;
    // Whoever is given up takes nothing from those that can be served in time.
    if (candidate.lost && !(chosen.empty() && in_chunk_.empty())) break;
    Task& mine = task(candidate.request);
    if (mine.home.empty()) {
      const bool found = ChooseHome(view, candidate.request, true) ||
                         (!candidate.lost && EvictLost(view, candidate.request, sink));
      if (!found) continue;
    }
    const bool free = std::all_of(mine.home.begin(), mine.home.end(), [&](const KvShare& share) {
      return BulkFree(share.instance);
    });
    if (!free) continue;
    chosen.push_back({candidate.request, {}});
    for (const KvShare& share : mine.home) {
      chosen.back().group.push_back(share.instance);
      at(share.instance).taken = true;
      --num_free;
    }
  }
  while (options_.degree_growth && num_free > 0 && !chosen.empty()) {
    Chosen* best = nullptr;
    std::int32_t helper = kNoIndex;
    double most = 0;
    for (Chosen& candidate : chosen) {
      const auto degree = static_cast<std::int32_t>(candidate.group.size());
      const std::int32_t node = candidate.group.front() / cluster_.instances_per_node();
      std::int32_t found = kNoIndex;
      for (std::int32_t i = node * cluster_.instances_per_node();
           i < (node + 1) * cluster_.instances_per_node(); ++i) {
        if (BulkFree(i)) {
          found = i;
          break;
        }
      }
      if (found == kNoIndex) continue;
      const RequestState& state = view.request(candidate.request);
      const double before = LeftNs(state, degree);
      const double gain = before - LeftNs(state, degree + 1);
      if (gain <= options_.growth_gain * before / degree || gain <= most) continue;
      best = &candidate;
      helper = found;
      most = gain;
    }
    if (best == nullptr) break;
    best->group.push_back(helper);
    at(helper).taken = true;
    --num_free;
  }
  for (const Chosen& candidate : chosen) {
    if (!IssueChunk(view, candidate.request, candidate.group, sink)) continue;
    bulk_.erase(std::find(bulk_.begin(), bulk_.end(), candidate.request));
  }
  for (Instance& instance : instances_) instance.taken = false;
}

}  // namespace braid
