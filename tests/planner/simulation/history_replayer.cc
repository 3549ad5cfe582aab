#include "tests/planner/simulation/history_replayer.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace braid {
namespace {

constexpr std::size_t kMostComplaints = 10;

bool Holds(const std::vector<std::int32_t>& group, std::int32_t instance) {
  return std::find(group.begin(), group.end(), instance) != group.end();
}

std::string Text(std::int64_t value) { return std::to_string(value); }

SlotRuns RunsOf(const RequestSnapshot& request) {
  SlotRuns runs;
  for (const KvExtent& extent : request.extents) AppendRun(runs, extent);
  return runs;
}

/// Where a plan wants the KV of a chunk, or of what a move takes away.
std::map<std::int32_t, std::int64_t> SharesOf(const StepPlan& plan, const PlannedRequest& planned) {
  std::map<std::int32_t, std::int64_t> shares;
  for (std::uint32_t i = 0; i < planned.num_shares; ++i) {
    const KvShare& share = plan.shares.at(planned.first_share + i);
    if (share.tokens != 0) shares[share.instance] += share.tokens;
  }
  return shares;
}

bool GoesToHost(const StepPlan& plan, const PlannedRequest& planned) {
  return plan.move && planned.num_shares > 0 &&
         plan.shares.at(planned.first_share).instance == kHostMemory;
}

bool ComesFromHost(const StepPlan& plan, const PlannedRequest& planned) {
  return plan.move && planned.master == kHostMemory;
}

}  // namespace

HistoryReplayer::HistoryReplayer(const ReplayRules& rules, std::span<const Request> requests)
    : rules_(rules),
      slots_(static_cast<std::size_t>(rules.num_instances)),
      promised_(static_cast<std::size_t>(rules.num_instances)) {
  for (const Request& request : requests) lives_[request.id].request = request;
}

void HistoryReplayer::Require(bool rule, const std::string& what) {
  if (!rule && wrong_.size() < kMostComplaints) {
    wrong_.push_back("at " + Text(now_ns_) + " ns, " + where_ + ": " + what);
  }
}

HistoryReplayer::Life& HistoryReplayer::Find(std::uint64_t id) {
  const auto life = lives_.find(id);
  Require(life != lives_.end(), "request " + std::to_string(id) + " never arrived");
  return life == lives_.end() ? nobody_ : life->second;
}

void HistoryReplayer::Advance(std::int64_t now_ns) {
  Require(now_ns >= now_ns_, "time goes back to " + Text(now_ns));
  now_ns_ = now_ns;
}

/// A step that is repeated may end in several stretches; how many is known from the whole history.
void HistoryReplayer::ReadStretches(std::span<const Fact> history) {
  for (auto fact = history.rbegin(); fact != history.rend(); ++fact) {
    if (const auto* ended = std::get_if<StepEnded>(&*fact)) {
      stretches_[ended->step.number].push_back(ended->step.repeats);
    }
  }
}

std::vector<std::string> HistoryReplayer::Check(std::span<const Fact> history) {
  ReadStretches(history);
  for (const Fact& fact : history) {
    std::visit([this](const auto& happened) { Replay(happened); }, fact);
    if (wrong_.size() >= kMostComplaints) return wrong_;
  }
  CheckEnd();
  return wrong_;
}

// --- Starting.

void HistoryReplayer::Replay(const StepStarted& fact) {
  const RunningStep& step = fact.step;
  where_ = "start of step " + std::to_string(step.number);
  Advance(fact.now_ns);
  Require(step.number > last_number_, "its number is not above " + std::to_string(last_number_));
  last_number_ = step.number;
  Require(step.start_ns == fact.now_ns, "it says that it started at " + Text(step.start_ns));
  Require(!step.plan.instances.empty() && !step.plan.requests.empty(), "it is empty");
  CheckStrand(step);
  Running& running = running_[step.number];
  running.step = step;
  running.resumed_ns = fact.now_ns;
  for (std::size_t i = 0; i < step.plan.requests.size(); ++i) {
    const RequestSnapshot& before = fact.before[i];
    Life& life = Find(before.request.id);
    if (life.first_scheduled_ns < 0) life.first_scheduled_ns = fact.now_ns;
    Agree(life, before);
    CheckStarting(step, step.plan.requests[i], life);
    life.step = step.number;
    running.ids.push_back(before.request.id);
  }
  Promise(running, step.repeats);
}

void HistoryReplayer::CheckStrand(const RunningStep& step) {
  Require(step.strand >= 0 && step.strand < rules_.max_strands,
          "strand slot " + Text(step.strand) + " of " + Text(rules_.max_strands));
  for (const std::int32_t instance : step.plan.instances) {
    Require(instance >= 0 && instance < rules_.num_instances, "instance " + Text(instance));
    Require(std::count(step.plan.instances.begin(), step.plan.instances.end(), instance) == 1,
            "instance " + Text(instance) + " twice in the group");
    std::int32_t carried = 1;
    for (const auto& [number, other] : running_) {
      if (!Holds(other.step.plan.instances, instance)) continue;
      ++carried;
      Require(other.step.strand != step.strand, "strand slot " + Text(step.strand) +
                                                    " of instance " + Text(instance) +
                                                    " carries step " + std::to_string(number));
    }
    Require(carried <= rules_.max_strands,
            "instance " + Text(instance) + " carries " + Text(carried) + " strands");
  }
}

void HistoryReplayer::CheckStarting(const RunningStep& step, const PlannedRequest& planned,
                                    const Life& life) {
  const std::string who = "request " + std::to_string(life.request.id) + " ";
  Require(life.request.arrival_ns <= now_ns_, who + "has not arrived");
  Require(!life.gone, who + "has left");
  Require(life.step == 0, who + "is in step " + std::to_string(life.step));
  for (const KvExtent& run : life.kv) {
    Require(Holds(step.plan.instances, run.instance),
            who + "has KV in instance " + Text(run.instance) + ", outside the group");
  }
  const bool comes_back = ComesFromHost(step.plan, planned);
  Require(comes_back == (life.swapped > 0),
          who + "has " + Text(life.swapped) + " tokens in the host's memory");
  if (comes_back || GoesToHost(step.plan, planned)) {
    std::int64_t total = 0;
    for (const auto& [instance, tokens] : SharesOf(step.plan, planned)) total += tokens;
    Require(total == life.kv_tokens(),
            who + "swaps " + Text(total) + " of its " + Text(life.kv_tokens()) + " tokens");
    return;
  }
  if (step.plan.move) {
    const auto here = CountByInstance(life.kv);
    const auto leaves = here.find(planned.master);
    Require(leaves != here.end() && leaves->second >= planned.rows && planned.rows > 0,
            who + "has no " + Text(planned.rows) + " tokens in " + Text(planned.master));
    Require(step.repeats == 1, who + "is moved more than once");
    return;
  }
  if (planned.decode) {
    Require(life.prefilled, who + "decodes before it is prefilled");
    Require(Holds(step.plan.instances, planned.master), who + "has a master outside the group");
    Require(life.generated < life.request.output_tokens, who + "has no token left to produce");
    return;
  }
  CheckChunk(step, planned, life);
}

void HistoryReplayer::CheckChunk(const RunningStep& step, const PlannedRequest& planned,
                                 const Life& life) {
  const std::string who = "request " + std::to_string(life.request.id) + " ";
  Require(!life.prefilled, who + "is prefilled a second time");
  Require(planned.rows > 0 && planned.rows <= life.left(),
          who + "prefills " + Text(planned.rows) + " of " + Text(life.left()) + " tokens");
  Require(step.repeats == 1, who + "repeats a chunk");
  std::int64_t total = 0;
  for (const auto& [instance, tokens] : SharesOf(step.plan, planned)) {
    Require(Holds(step.plan.instances, instance) && tokens > 0,
            who + "keeps " + Text(tokens) + " tokens in instance " + Text(instance));
    total += tokens;
  }
  Require(total == planned.rows,
          who + "has slots for " + Text(total) + " of its " + Text(planned.rows) + " new tokens");
}

/// Slots that the running stretch may fill: none of them may be missing when it does.
void HistoryReplayer::Promise(Running& running, std::int32_t repeats) {
  const StepPlan& plan = running.step.plan;
  for (const PlannedRequest& planned : plan.requests) {
    if (planned.decode) running.promised[planned.master] += repeats;
    for (const auto& [instance, tokens] : SharesOf(plan, planned)) {
      running.promised[instance] += tokens;
    }
  }
  for (const auto& [instance, tokens] : running.promised) {
    const auto at = static_cast<std::size_t>(instance);
    if (at >= slots_.size()) continue;  // the host has room
    promised_[at] += tokens;
    Require(slots_[at].total() + promised_[at] <= rules_.kv_slots,
            "instance " + Text(instance) + " holds " + Text(slots_[at].total()) +
                " tokens and promises " + Text(promised_[at]) + ", of " + Text(rules_.kv_slots));
  }
}

void HistoryReplayer::Release(Running& running) {
  for (const auto& [instance, tokens] : running.promised) {
    const auto at = static_cast<std::size_t>(instance);
    if (at < slots_.size()) promised_[at] -= tokens;
  }
  running.promised.clear();
}

// --- Ending.

void HistoryReplayer::Replay(const StepEnded& fact) {
  const std::uint64_t number = fact.step.number;
  where_ = "end of step " + std::to_string(number);
  Advance(fact.now_ns);
  const auto found = running_.find(number);
  Require(found != running_.end(), "it does not run");
  if (found == running_.end()) return;
  Running& running = found->second;
  CheckStretch(fact, running);
  Release(running);
  for (std::size_t i = 0; i < fact.after.size(); ++i) {
    const RequestSnapshot& after = fact.after[i];
    Require(i < running.ids.size() && running.ids[i] == after.request.id,
            "request " + std::to_string(after.request.id) + " was not in it");
    EndFor(fact, fact.step.plan.requests[i], after);
  }
  for (const RequestSnapshot& after : fact.after) {
    if (after.granted == 0) continue;
    const KvExtent& last = after.extents.back();
    Require(!slots_[static_cast<std::size_t>(last.instance)].Overlaps(
                std::int64_t{last.first_slot} + last.count, after.granted),
            "slots kept for request " + std::to_string(after.request.id) + " hold others' tokens");
  }
  std::vector<std::int32_t>& stretches = stretches_[number];
  stretches.pop_back();
  if (!stretches.empty()) {
    running.resumed_ns = fact.now_ns;
    running.repeats += fact.step.repeats_done;
    Promise(running, stretches.back());
    return;
  }
  for (const std::uint64_t id : running.ids) Find(id).step = 0;
  running_.erase(found);
}

void HistoryReplayer::CheckStretch(const StepEnded& fact, const Running& running) {
  const RunningStep& step = fact.step;
  Require(step.end_ns == fact.now_ns, "it says that it ended at " + Text(step.end_ns));
  Require(step.start_ns == running.resumed_ns, "it says that it ran from " + Text(step.start_ns) +
                                                   ", not from " + Text(running.resumed_ns));
  Require(step.end_ns >= step.start_ns, "it ends before it starts");
  Require(step.repeats_done >= 1 && step.repeats_done <= step.repeats,
          Text(step.repeats_done) + " passes of " + Text(step.repeats));
  const std::int64_t total = running.repeats + step.repeats_done;
  Require(total <= std::max(1, running.step.plan.max_repeats),
          "its " + Text(total) + " passes are more than its plan allows");
  Require(step.plan.instances == running.step.plan.instances && step.strand == running.step.strand,
          "it changed its group or strand slot");
}

void HistoryReplayer::EndFor(const StepEnded& fact, const PlannedRequest& planned,
                             const RequestSnapshot& after) {
  Life& life = Find(after.request.id);
  Require(life.step == fact.step.number,
          "request " + std::to_string(after.request.id) + " is not in it");
  const SlotRuns now = RunsOf(after);
  if (GoesToHost(fact.step.plan, planned) || ComesFromHost(fact.step.plan, planned)) {
    Swap(fact, planned, life, now);
  } else if (fact.step.plan.move) {
    CheckMoved(fact, planned, life, now);
  } else {
    CheckGrown(fact, planned, life, now);
  }
  life.kv = now;
  if (planned.decode) {
    life.generated += fact.step.repeats_done;
    life.last_token_ns = now_ns_;
  } else if (!fact.step.plan.move) {
    ++life.chunks;
    if (life.left() == 0) {
      life.prefilled = true;
      ++life.generated;
      if (life.first_token_ns < 0) life.first_token_ns = now_ns_;
      life.last_token_ns = now_ns_;
    }
  }
  Agree(life, after);
}

/// Old tokens stay where they were; new ones lie where the plan wants them, in slots of their own.
void HistoryReplayer::CheckGrown(const StepEnded& fact, const PlannedRequest& planned,
                                 const Life& life, const SlotRuns& now) {
  const std::string who = "request " + std::to_string(life.request.id) + " ";
  const std::int64_t before = life.kv_tokens();
  const std::int64_t grown = CountOf(now) - before;
  const std::int64_t expected = planned.decode ? fact.step.repeats_done : planned.rows;
  Require(grown == expected,
          who + "gained KV of " + Text(grown) + " tokens, not of " + Text(expected));
  Require(Cut(now, 0, before) == life.kv, who + "has older tokens in other slots than before");
  const SlotRuns fresh = Cut(now, before, grown);
  Take(fresh);
  auto wanted = SharesOf(fact.step.plan, planned);
  if (planned.decode) wanted = {{planned.master, expected}};
  Require(CountByInstance(fresh) == wanted, who + "keeps its new KV elsewhere than planned");
}

/// All KV of a request leaves the instances, or comes back to where the plan wants it.
void HistoryReplayer::Swap(const StepEnded& fact, const PlannedRequest& planned, Life& life,
                           const SlotRuns& now) {
  const std::string who = "request " + std::to_string(life.request.id) + " ";
  if (GoesToHost(fact.step.plan, planned)) {
    Require(now.empty(), who + "has KV in slots and in the host's memory");
    Free(life.kv);
    life.swapped = CountOf(life.kv);
    ++life.evictions;
    return;
  }
  Require(CountByInstance(now) == SharesOf(fact.step.plan, planned),
          who + "came back elsewhere than planned");
  Take(now);
  life.swapped = 0;
}

void HistoryReplayer::CheckMoved(const StepEnded& fact, const PlannedRequest& planned,
                                 const Life& life, const SlotRuns& now) {
  const std::string who = "request " + std::to_string(life.request.id) + " ";
  Require(CountOf(now) == life.kv_tokens(), who + "lost or gained KV by a move");
  SlotRuns left;
  SlotRuns entered;
  std::int64_t at = 0;
  for (const KvExtent& run : life.kv) {
    std::int64_t within = 0;
    for (const KvExtent& to : Cut(now, at, run.count)) {
      const KvExtent from = {run.instance, run.first_slot + static_cast<std::int32_t>(within),
                             to.count};
      within += to.count;
      if (from == to) continue;
      left.push_back(from);
      entered.push_back(to);
    }
    at += run.count;
  }
  Require(
      CountByInstance(left) == std::map<std::int32_t, std::int64_t>{{planned.master, planned.rows}},
      who + "left other slots than the plan says");
  Require(CountByInstance(entered) == SharesOf(fact.step.plan, planned),
          who + "went elsewhere than the plan says");
  Take(entered);
  Free(left);
}

/// What a request says of itself must be what its history says.
void HistoryReplayer::Agree(const Life& life, const RequestSnapshot& said) {
  const std::string who = "request " + std::to_string(said.request.id) + " ";
  Require(said.kv_tokens == life.kv_tokens() && RunsOf(said) == life.kv,
          who + "says that it has KV of " + Text(said.kv_tokens) + " tokens, not of " +
              Text(life.kv_tokens()));
  Require(said.generated == life.generated, who + "says that it produced " + Text(said.generated) +
                                                " tokens, not " + Text(life.generated));
  Require(said.generated <= life.request.output_tokens, who + "produced more than its output");
  Require(said.num_evictions == life.evictions && said.num_chunks == life.chunks,
          who + "counts other chunks or evictions than it had");
  Require(said.first_scheduled_ns == life.first_scheduled_ns &&
              said.first_token_ns == life.first_token_ns &&
              said.last_token_ns == life.last_token_ns,
          who + "has other times than it had");
  Require(said.request.arrival_ns == life.request.arrival_ns &&
              said.request.prompt_tokens == life.request.prompt_tokens &&
              said.request.output_tokens == life.request.output_tokens,
          who + "is not as it arrived");
}

// --- Leaving.

void HistoryReplayer::Replay(const RequestLeft& fact) {
  Life& life = Find(fact.request.request.id);
  where_ = "leaving of request " + std::to_string(fact.request.request.id);
  Advance(fact.now_ns);
  Require(!life.gone, "it left before");
  Require(life.step == 0, "it is in step " + std::to_string(life.step));
  Free(life.kv);
  life.kv.clear();
  life.swapped = 0;
  if (fact.why == RequestLeft::Why::kEvicted) {
    life.prefilled = false;
    ++life.evictions;
    return;
  }
  life.gone = true;
  if (fact.why == RequestLeft::Why::kRejected) return;
  Require(life.prefilled && life.generated == life.request.output_tokens,
          "it finished after " + Text(life.generated) + " of " + Text(life.request.output_tokens) +
              " tokens");
  Require(life.last_token_ns == now_ns_, "it finished without a token");
}

void HistoryReplayer::CheckEnd() {
  where_ = "the end";
  for (const auto& [number, running] : running_) {
    Require(false, "step " + std::to_string(number) + " still runs");
  }
  for (const auto& [id, life] : lives_) {
    Require(life.gone, "request " + std::to_string(id) + " neither finished nor was rejected");
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Require(slots_[i].total() == 0 && promised_[i] == 0,
            "slots of instance " + std::to_string(i) + " are not free");
  }
}

void HistoryReplayer::Take(const SlotRuns& runs) {
  for (const KvExtent& run : runs) {
    const bool exists = run.instance >= 0 && run.instance < rules_.num_instances &&
                        run.first_slot >= 0 &&
                        std::int64_t{run.first_slot} + run.count <= rules_.kv_slots;
    const std::string name = Text(run.count) + " slots from " + Text(run.first_slot) +
                             " of instance " + Text(run.instance);
    Require(exists, name + " do not exist");
    if (!exists) continue;
    Require(slots_[static_cast<std::size_t>(run.instance)].Take(run.first_slot, run.count),
            name + " hold other tokens");
  }
}

void HistoryReplayer::Free(const SlotRuns& runs) {
  for (const KvExtent& run : runs) {
    if (run.instance < 0 || run.instance >= rules_.num_instances) continue;
    Require(slots_[static_cast<std::size_t>(run.instance)].Free(run.first_slot, run.count),
            "slots from " + Text(run.first_slot) + " of instance " + Text(run.instance) +
                " held nothing");
  }
}

}  // namespace braid
