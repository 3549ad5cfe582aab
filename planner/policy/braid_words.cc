#include "planner/policy/braid.h"

#include <algorithm>
#include <cstdio>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

std::string Number(std::int64_t value) { return std::to_string(value); }

std::string Names(const std::vector<std::int32_t>& instances) {
  std::string text = instances.size() == 1 ? "instance " : "instances ";
  for (std::size_t i = 0; i < instances.size(); ++i) {
    text += (i == 0 ? "" : ", ") + Number(instances[i]);
  }
  return text;
}

std::string Instances(std::int64_t count) {
  return Number(count) + (count == 1 ? " instance" : " instances");
}

std::string Seconds(std::int64_t ns) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f s", static_cast<double>(ns) * 1e-9);
  return text;
}

void Sort(Decision& decision) {
  std::sort(decision.runners_up.begin(), decision.runners_up.end(),
            [](const Alternative& a, const Alternative& b) { return a.cost_ns < b.cost_ns; });
}

}  // namespace

void BraidPolicy::ExplainChunk(const EngineView& view, RequestIndex request) const {
  if (log_ == nullptr) return;
  const RequestState& state = view.request(request);
  const PlannedRequest& planned = plan_.requests.front();
  const auto degree = static_cast<std::int32_t>(plan_.instances.size());
  Decision decision = {.now_ns = view.now_ns, .request = state.request.id};
  decision.what = "prefill of tokens " + Number(state.kv_tokens) + ".." +
                  Number(state.kv_tokens + planned.rows - 1) + " of " +
                  Number(state.prefill_target) + " on " + Names(plan_.instances) +
                  (plan_.overlap == OverlapMode::kTokenSplit ? ", rows in two halves" : "");
  const Task& mine = tasks_[At(request)];
  decision.why = mine.lost ? "cannot meet its limit any more, but nothing else waits"
                           : "slack of " + Seconds(SlackNs(view, request)) + ", least of " +
                                 Number(static_cast<std::int64_t>(bulk_.size())) + " that wait";
  if (degree > static_cast<std::int32_t>(mine.home.size())) {
    decision.why += "; " + Instances(degree - static_cast<std::int32_t>(mine.home.size())) +
                    " more that nobody else wants";
  }
  decision.measure = "time to the end of its prefill";
  decision.cost_ns = LeftNs(state, degree);
  for (std::int32_t other = 1; other <= cluster_.instances_per_node(); ++other) {
    if (other == degree) continue;
    const bool too_few = other < static_cast<std::int32_t>(mine.home.size());
    decision.runners_up.push_back(
        {.what = "on " + Instances(other) + (too_few ? " (its KV lies in more)" : ""),
         .cost_ns = LeftNs(state, other)});
  }
  Sort(decision);
  log_->Add(decision);
}

void BraidPolicy::ExplainExpress(const EngineView& view, std::int32_t index) const {
  if (log_ == nullptr) return;
  for (const PlannedRequest& planned : plan_.requests) {
    const RequestState& state = view.request(planned.request);
    Decision decision = {.now_ns = view.now_ns, .request = state.request.id};
    decision.what = "whole prompt of " + Number(planned.rows) + " tokens on instance " +
                    Number(index) + " with " +
                    Number(static_cast<std::int64_t>(plan_.requests.size()) - 1) + " others";
    decision.why = "takes " + Seconds(static_cast<std::int64_t>(LeftNs(state, 1))) +
                   " alone, at most " + Seconds(options_.express_ns) + " goes at once";
    decision.measure = "time to its first token";
    decision.cost_ns = static_cast<double>(plan_.predicted_ns);
    for (std::int32_t degree = 2; degree <= cluster_.instances_per_node(); ++degree) {
      decision.runners_up.push_back(
          {.what = "alone on " + Instances(degree), .cost_ns = LeftNs(state, degree)});
    }
    for (std::int32_t other = 0; other < cluster_.num_instances(); ++other) {
      if (other == index) continue;
      const Instance& there = instances_[At(other)];
      decision.runners_up.push_back(
          {.what = "on instance " + Number(other) + ", behind its queue",
           .cost_ns = LeftNs(state, 1) + static_cast<double>(there.express_queue_ns)});
    }
    Sort(decision);
    constexpr std::size_t kMost = 5;
    if (decision.runners_up.size() > kMost) decision.runners_up.resize(kMost);
    log_->Add(decision);
  }
}

void BraidPolicy::ExplainDecode(const EngineView& view, const Component& group) const {
  if (log_ == nullptr) return;
  const auto rows = static_cast<std::int64_t>(plan_.requests.size());
  for (const PlannedRequest& planned : plan_.requests) {
    const RequestState& state = view.request(planned.request);
    Decision decision = {.now_ns = view.now_ns, .request = state.request.id};
    decision.what = "decode with " + Number(rows - 1) + " others on " + Names(plan_.instances) +
                    ", new tokens in instance " + Number(planned.master);
    decision.why = plan_.period_ns > 0 ? "beside a prefill: a pass every " +
                                             Seconds(plan_.period_ns) + " keeps the TPOT limit"
                                       : "has the ranks to itself: passes follow each other";
    decision.measure = "time of a pass";
    decision.cost_ns = static_cast<double>(DecodePassNs(rows, group.context));
    const auto degree = static_cast<std::int64_t>(plan_.instances.size());
    const std::int64_t context = group.context * degree;
    for (std::int64_t other = 1; other <= cluster_.instances_per_node(); ++other) {
      if (other == degree) continue;
      decision.runners_up.push_back(
          {.what = "KV over " + Instances(other),
           .cost_ns = static_cast<double>(DecodePassNs(rows, context / other))});
    }
    Sort(decision);
    log_->Add(decision);
  }
}

}  // namespace braid
