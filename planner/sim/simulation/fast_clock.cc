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
  // A run that goes on under its own number was not planned anew; what was foreseen has been
  // planned since then.
  const bool goes_on = started.number == running.number;
  const std::int64_t planned_ns = running.foreseen() ? running.start_ns - running.foreseen_ns : 0;
  const std::int64_t planning_ns =
      goes_on ? 0 : std::clamp<std::int64_t>(planning_ns_ - planned_ns, 0, planning_ns_);
  const std::int64_t last_pass_ns = started.pass_start_ns;
  started.live = true;
  started.shared = false;
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
  started.work_ns = planning_ns;
  const std::int32_t passes = started.period_ns > 0 ? 1 : started.repeats;
  for (std::int32_t i = 0; i < passes; ++i) started.work_ns += PassNs(started, i);
  started.pass = 0;
  started.pass_start_ns = running.start_ns + planning_ns;
  started.pausing = false;
  started.done_ns = 0;
  started.updated_ns = running.start_ns;
  started.rate = 0;
  started.passes_begun = 0;
  started.next_pass_ns = planning_ns;
  started.shape = {};
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
      const auto& here = on_instance_[At(instance)];
      for (const Tenant& tenant : here) {
        MeasureShape(strand(tenant.step));
        strand(tenant.step).shared |= here.size() > 1;
      }
    }
  }
  if (goes_on && last_pass_ns + started.period_ns > running.start_ns && started.period_ns > 0) {
    PauseUntil(step, last_pass_ns + started.period_ns);
  }
  Rebalance(started.instances, running.start_ns);
}

/// Which lanes a strand keeps busy, for sharing; only those that share are asked.
void FastClock::MeasureShape(Strand& strand) {
  // A swap uses the host's link: neither lane.
  if (strand.shape.step_ns > 0) return;
  // Of a run, the pass in its middle.
  const std::int32_t middle = strand.repeats / 2;
  const std::int64_t pass_ns = std::max(std::int64_t{1}, PassNs(strand, middle));
  strand.shape = {.step_ns = pass_ns};
  if (strand.measure.swap) return;
  strand.shape =
      ShapeOf(costs_.Timed(strand.measure.signature), strand.measure.SizesOf(middle), pass_ns);
}

/// How fast `instance` lets each of its strands go that do not pause.
void FastClock::ShareInstance(std::int32_t instance) {
  active_.clear();
  for (Tenant& tenant : on_instance_[At(instance)]) {
    if (!strand(tenant.step).pausing) active_.push_back(&tenant);
  }
  if (active_.size() == 1) {
    active_.front()->rate = kFullRate;
    return;
  }
  if (active_.empty()) return;
  const bool rounds = std::all_of(active_.begin(), active_.end(), [&](const Tenant* tenant) {
    return strand(tenant->step).rounds;
  });
  if (rounds) {
    rounds_.clear();
    for (const Tenant* tenant : active_) {
      const StepMeasure& measure = strand(tenant->step).measure;
      rounds_.push_back({.signature = measure.signature, .sizes = measure.sizes});
    }
    const std::span<const std::int64_t> rates = round_rates_.Rates(rounds_);
    for (std::size_t i = 0; i < active_.size(); ++i) {
      active_[i]->rate = std::clamp(rates[i], kLeastRate, kFullRate);
    }
    return;
  }
  shapes_.clear();
  for (const Tenant* tenant : active_) shapes_.push_back(strand(tenant->step).shape);
  const std::vector<std::int64_t> rates = ApproximateRates(shapes_, conditions_);
  for (std::size_t i = 0; i < active_.size(); ++i) {
    active_[i]->rate = std::clamp(rates[i], kLeastRate, kFullRate);
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
      if (peer.pausing) continue;
      const std::int64_t rate = peer.instances.size() == 1 ? tenant.rate : RateOf(tenant.step);
      if (rate == peer.rate) continue;
      Advance(peer, now_ns);
      peer.rate = rate;
      Schedule(tenant.step);
    }
  }
}

void FastClock::PauseUntil(StepIndex index, std::int64_t begins_ns) {
  Strand& paced = strand(index);
  paced.pausing = true;
  paced.end_ns = begins_ns;
  ++paced.version;
  due_.push({paced.end_ns, paced.number, index, paced.version});
}

/// Begins the pass of a paced strand that is due.
void FastClock::BeginPass(Strand& paced, std::int64_t now_ns) {
  paced.pausing = false;
  paced.pass_start_ns = now_ns;
  paced.work_ns = PassNs(paced, paced.pass);
  paced.done_ns = 0;
  paced.updated_ns = now_ns;
  paced.rate = 0;  // Rebalance gives it one
}

/// Whether what a strand does now is the last that it does.
bool FastClock::AtLast(const Strand& strand) const {
  return strand.period_ns == 0 || (!strand.pausing && strand.pass + 1 >= strand.repeats);
}

void FastClock::AdvanceTo(std::int64_t now_ns) {
  while (NextNs() <= now_ns) {
    const Due next = due_.top();
    Strand& paced = strand(next.step);
    if (AtLast(paced)) {
      // Several may be due at once: what ends its step waits for Next.
      ended_.push_back(next);
      due_.pop();
      continue;
    }
    due_.pop();
    if (paced.pausing) {
      BeginPass(paced, next.end_ns);
    } else {
      ++paced.pass;
      const std::int64_t begins_ns = paced.pass_start_ns + paced.period_ns;
      if (begins_ns > next.end_ns) {
        PauseUntil(next.step, begins_ns);
      } else {
        BeginPass(paced, next.end_ns);
      }
    }
    Rebalance(paced.instances, next.end_ns);
  }
  for (const Due& due : ended_) due_.push(due);
  ended_.clear();
}

void FastClock::Stop(StepIndex step, std::int64_t now_ns) {
  Strand& stopped = strand(step);
  if (!stopped.live || stopped.repeats == 1) return;
  if (stopped.period_ns > 0) {
    StopPaced(step, now_ns);
    return;
  }
  Advance(stopped, now_ns);
  // The first pass is run in any case.
  std::int64_t work = stopped.next_pass_ns;
  std::int32_t repeats = stopped.passes_begun;
  while (repeats < stopped.repeats && (repeats == 0 || work < stopped.done_ns)) {
    stopped.passes_begun = repeats;
    stopped.next_pass_ns = work;
    work += PassNs(stopped, repeats);
    ++repeats;
  }
  if (repeats == stopped.repeats) return;
  stopped.repeats = repeats;
  stopped.work_ns = std::max(work, stopped.done_ns);
  Schedule(step);
}

/// The pass that runs, or the first, is the last; a pause between two ends at once.
void FastClock::StopPaced(StepIndex step, std::int64_t now_ns) {
  Strand& stopped = strand(step);
  if (!stopped.pausing || stopped.pass == 0) {
    stopped.repeats = stopped.pass + 1;
    return;
  }
  stopped.repeats = stopped.pass;
  --stopped.pass;
  stopped.pausing = false;
  stopped.done_ns = stopped.work_ns;
  stopped.updated_ns = now_ns;
  stopped.rate = kFullRate;
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
  std::int64_t now_ns = NextNs();
  // Passes of others may come first where nobody called AdvanceTo.
  for (; !AtLast(strand(due_.top().step)); now_ns = NextNs()) AdvanceTo(now_ns);
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

FastClock::Passes FastClock::PassesAlone(StepIndex step) const {
  const Strand& ended = strands_[At(step)];
  Passes passes;
  if (ended.shared) return passes;
  for (; passes.num < ended.repeats; ++passes.num) passes.ns += PassNs(ended, passes.num);
  return passes;
}

CostModel::LaneNs FastClock::Busy(StepIndex step) const {
  const Strand& ended = strands_[At(step)];
  if (ended.measure.swap) return {};
  const StepSizes middle = ended.measure.SizesOf(ended.repeats / 2);
  const CostModel::LaneNs pass = costs_.BusyNs(ended.measure.signature, middle);
  return {.compute = pass.compute * ended.repeats, .network = pass.network * ended.repeats};
}

}  // namespace braid
