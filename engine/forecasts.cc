#include "engine/forecasts.h"

#include <cstddef>

namespace braid {

Forecasts::Identity Forecasts::IdentityOf(RequestIndex index,
                                          std::span<const RequestState> requests) {
  if (index < 0 || index >= static_cast<RequestIndex>(requests.size())) return {};
  const RequestState& state = requests[static_cast<std::size_t>(index)];
  if (!state.live) return {};
  return {.request = state.request.id, .num_evictions = state.num_evictions};
}

bool Forecasts::Keep(StepIndex after, const StepPlan& plan, std::span<const RequestState> requests,
                     std::int64_t now_ns) {
  const auto place = static_cast<std::size_t>(after);
  if (by_step_.size() <= place) by_step_.resize(place + 1);
  Forecast& forecast = by_step_[place];
  const bool first = !forecast.kept;
  forecast.kept = true;
  forecast.made_ns = now_ns;
  forecast.plan = plan;
  forecast.identities.clear();
  for (const PlannedRequest& planned : plan.requests) {
    forecast.identities.push_back(IdentityOf(planned.request, requests));
  }
  return first;
}

void Forecasts::OnEnded(StepIndex after) {
  const auto place = static_cast<std::size_t>(after);
  if (place < by_step_.size() && by_step_[place].kept) due_.push_back(after);
}

std::int64_t Forecasts::Take(const StepPlan& plan, std::span<const RequestState> requests) {
  for (const StepIndex after : due_) {
    Forecast& forecast = by_step_[static_cast<std::size_t>(after)];
    if (!forecast.kept || !SameWork(forecast.plan, plan)) continue;
    bool same = true;
    for (std::size_t i = 0; i < plan.requests.size() && same; ++i) {
      same = forecast.identities[i] == IdentityOf(plan.requests[i].request, requests);
    }
    if (!same) continue;
    forecast.kept = false;
    return forecast.made_ns;
  }
  return -1;
}

void Forecasts::DropDue() {
  for (const StepIndex after : due_) by_step_[static_cast<std::size_t>(after)].kept = false;
  due_.clear();
}

}  // namespace braid
