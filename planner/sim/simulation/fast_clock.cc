#include "planner/sim/simulation/fast_clock.h"

#include <algorithm>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

/// A strand that finds every lane taken still gets in between two tasks of the others.
constexpr std::int64_t kLeastRate = 16;

}  // namespace

FastClock::FastClock(const CostModel& costs, const ClusterSpec& cluster, std::int64_t planning_ns)
    : costs_(costs),
      meter_(cluster.num_instances(), cluster.instances_per_node()),
      planning_ns_(planning_ns),
      on_instance_(At(cluster.num_instances())),
      round_rates_(costs) {
  constexpr auto kNetwork = static_cast<std::size_t>(WorkClass::kNetwork);
  constexpr auto kMatMul = static_cast<std::size_t>(WorkClass::kMatMul);
  conditions_.compute_contention = costs.contention().factor[kMatMul][kNetwork];
  conditions_.network_contention = costs.contention().factor[kNetwork][kMatMul];
}

std::int64_t FastClock::PassNs(const Strand& strand, std::int32_t repeat) const {
  if (strand.measure.swap) return costs_.SwapNs(strand.measure.sizes[Size::kMovedTokens]);
  const StepSizes sizes = strand.measure.SizesOf(repeat);
  return costs_.StepNs(strand.measure.signature, sizes);
}

void FastClock::Start(const EngineView& view, StepIndex step) {
  if (strands_.size() <= At(step)) strands_.resize(At(step) + 1);
  const RunningStep& running = view.step(step);
  Strand& started = strand(step);
  // A run that goes on under its own number was not planned anew.
  const std::int64_t planning_ns = started.number == running.number ? 0 : planning_ns_;
  started.live = true;
  started.number = running.number;
  started.priority = running.plan.priority;
  started.measure = meter_.Measure(view, running.plan);
  started.instances = running.plan.instances;
  started.repeats = running.repeats;
  started.period_ns = running.plan.period_ns;
  started.rounds = running.plan.overlap == OverlapMode::kLiger;
  for (const PlannedRequest& planned : running.plan.requests) {
    if (!planned.decode || running.plan.move) continue;
    const RequestState& state = view.request(planned.request);
    started.repeats = std::min(started.repeats, state.request.output_tokens - state.generated);
  }
  started.repeats = std::max(started.repeats, 1);
  std::int64_t start = planning_ns;
  for (std::int32_t i = 0; i < started.repeats; ++i) {
    const std::int64_t pass = PassNs(started, i);
    started.work_ns = start + pass;
    start += std::max(pass, started.period_ns);
  }
  started.done_ns = 0;
  started.updated_ns = running.start_ns;
  started.rate = 0;
  started.passes_begun = 0;
  started.next_pass_ns = planning_ns;
  started.shape = {.step_ns = std::max({std::int64_t{1}, PassNs(started, 0), started.period_ns})};
  bool shares_ranks = false;
  for (const std::int32_t instance : started.instances) {
    auto& here = on_instance_[At(instance)];
    const auto later = [&](const Tenant& other) {
      const Strand& peer = strands_[At(other.step)];
      return peer.priority != started.priority ? peer.priority < started.priority
                                               : peer.number > started.number;
    };
    here.insert(std::find_if(here.begin(), here.end(), later), Tenant{.step = step});
    shares_ranks = shares_ranks || here.size() > 1;
  }
  if (shares_ranks) {
    // Strands that had their ranks to themselves have not been measured yet.
    for (const std::int32_t instance : started.instances) {
      for (const Tenant& tenant : on_instance_[At(instance)]) MeasureShape(strand(tenant.step));
    }
  }
  Rebalance(started.instances, running.start_ns);
}

/// Which lanes a strand keeps busy, for sharing; only those that share are asked.
void FastClock::MeasureShape(Strand& strand) {
  // A swap uses the host's link: neither lane.
  if (strand.measure.swap || strand.shape.compute_ns > 0 || strand.shape.network_ns > 0) return;
  strand.shape =
      ShapeOf(costs_.Timed(strand.measure.signature), strand.measure.sizes, strand.shape.step_ns);
}

/// How fast `instance` lets each of its strands go.
void FastClock::ShareInstance(std::int32_t instance) {
  auto& here = on_instance_[At(instance)];
  if (here.size() == 1) {
    here.front().rate = kFullRate;
    return;
  }
  if (std::all_of(here.begin(), here.end(),
                  [&](const Tenant& tenant) { return strand(tenant.step).rounds; })) {
    rounds_.clear();
    for (const Tenant& tenant : here) {
      const StepMeasure& measure = strand(tenant.step).measure;
      rounds_.push_back({.signature = measure.signature, .sizes = measure.sizes});
    }
    const std::span<const std::int64_t> rates = round_rates_.Rates(rounds_);
    for (std::size_t i = 0; i < here.size(); ++i) {
      here[i].rate = std::clamp(rates[i], kLeastRate, kFullRate);
    }
    return;
  }
  shapes_.clear();
  for (const Tenant& tenant : here) shapes_.push_back(strand(tenant.step).shape);
  const std::vector<std::int64_t> rates = ApproximateRates(shapes_, conditions_);
  for (std::size_t i = 0; i < here.size(); ++i) {
    here[i].rate = std::clamp(rates[i], kLeastRate, kFullRate);
  }
}

/// A group goes as fast as the slowest of its instances lets it.
std::int64_t FastClock::RateOf(StepIndex index) const {
  std::int64_t rate = kFullRate;
  for (const std::int32_t instance : strands_[At(index)].instances) {
    for (const Tenant& tenant : on_instance_[At(instance)]) {
      if (tenant.step == index) rate = std::min(rate, tenant.rate);
    }
  }
  return rate;
}

void FastClock::Advance(Strand& strand, std::int64_t now_ns) {
  strand.done_ns = std::min(
      strand.work_ns, strand.done_ns + (now_ns - strand.updated_ns) * strand.rate / kFullRate);
  strand.updated_ns = now_ns;
}

void FastClock::Schedule(StepIndex index) {
  Strand& due = strand(index);
  const std::int64_t left = due.work_ns - due.done_ns;
  due.end_ns = due.updated_ns + (left * kFullRate + due.rate - 1) / due.rate;
  ++due.version;
  due_.push({due.end_ns, due.number, index, due.version});
}

void FastClock::Rebalance(const std::vector<std::int32_t>& instances, std::int64_t now_ns) {
  for (const std::int32_t instance : instances) ShareInstance(instance);
  for (const std::int32_t instance : instances) {
    for (const Tenant& tenant : on_instance_[At(instance)]) {
      Strand& peer = strand(tenant.step);
      const std::int64_t rate = peer.instances.size() == 1 ? tenant.rate : RateOf(tenant.step);
      if (rate == peer.rate) continue;
      Advance(peer, now_ns);
      peer.rate = rate;
      Schedule(tenant.step);
    }
  }
}

void FastClock::Stop(StepIndex step, std::int64_t now_ns) {
  Strand& stopped = strand(step);
  if (!stopped.live || stopped.repeats == 1) return;
  Advance(stopped, now_ns);
  // The first pass is run in any case; a pause between two passes ends at once.
  std::int64_t work = stopped.next_pass_ns;
  std::int32_t repeats = stopped.passes_begun;
  std::int64_t begins = stopped.next_pass_ns;
  while (repeats < stopped.repeats && (repeats == 0 || begins < stopped.done_ns)) {
    const std::int64_t pass = PassNs(stopped, repeats);
    stopped.passes_begun = repeats;
    stopped.next_pass_ns = begins;
    work = begins + pass;
    begins += std::max(pass, stopped.period_ns);
    ++repeats;
  }
  if (repeats == stopped.repeats) return;
  stopped.repeats = repeats;
  stopped.work_ns = std::max(work, stopped.done_ns);
  Schedule(step);
}

std::int64_t FastClock::NextNs() {
  while (!due_.empty()) {
    const Due& next = due_.top();
    const Strand& ending = strand(next.step);
    if (ending.live && ending.version == next.version) return next.end_ns;
    due_.pop();
  }
  return kNever;
}

Completion FastClock::Next() {
  const std::int64_t now_ns = NextNs();
  const StepIndex index = due_.top().step;
  due_.pop();
  Strand& ended = strand(index);
  ended.live = false;
  for (const std::int32_t instance : ended.instances) {
    auto& here = on_instance_[At(instance)];
    std::erase_if(here, [index](const Tenant& tenant) { return tenant.step == index; });
  }
  Rebalance(ended.instances, now_ns);
  return {.step = index, .end_ns = now_ns, .repeats_done = ended.repeats};
}

bool FastClock::Ended(const RequestState& request) {
  return request.generated >= request.request.output_tokens;
}

CostModel::LaneNs FastClock::Busy(StepIndex step) const {
  const Strand& ended = strands_[At(step)];
  if (ended.measure.swap) return {};
  const StepSizes middle = ended.measure.SizesOf(ended.repeats / 2);
  const CostModel::LaneNs pass = costs_.BusyNs(ended.measure.signature, middle);
  return {.compute = pass.compute * ended.repeats, .network = pass.network * ended.repeats};
}

}  // namespace braid
