#include "planner/sim/report/summary_json.h"

#include <nlohmann/json.hpp>

namespace braid {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const Distribution& metric) {
  return {{"count", metric.count}, {"mean", metric.mean}, {"p50", metric.p50},
          {"p90", metric.p90},     {"p99", metric.p99},   {"max", metric.max}};
}

Json ToJson(const LengthDecile& decile) {
  return {{"min_tokens", decile.min_tokens},
          {"max_tokens", decile.max_tokens},
          {"requests", decile.requests},
          {"attainment", decile.attainment}};
}

void AddRequests(const Summary& summary, Json& json) {
  json["requests"] = {{"arrived", summary.num_requests},
                      {"finished", summary.num_finished},
                      {"unfinished", summary.num_unfinished},
                      {"rejected", summary.num_rejected}};
  json["duration_s"] = summary.duration_s;
  json["offered_rate"] = summary.offered_rate;
}

void AddLatencies(const Summary& summary, Json& json) {
  json["ttft_s"] = ToJson(summary.ttft_s);
  json["tpot_s"] = ToJson(summary.tpot_s);
  json["end_to_end_s"] = ToJson(summary.end_to_end_s);
  json["per_token_s"] = ToJson(summary.per_token_s);
  json["input_s"] = ToJson(summary.input_s);
  json["output_s"] = ToJson(summary.output_s);
  json["longest_gap_s"] = ToJson(summary.longest_gap_s);
  if (summary.short_ttft_s.count + summary.long_ttft_s.count > 0) {
    json["short_ttft_s"] = ToJson(summary.short_ttft_s);
    json["long_ttft_s"] = ToJson(summary.long_ttft_s);
  }
}

void AddGoodput(const Summary& summary, Json& json) {
  json["slo_attainment"] = summary.attainment;
  json["slo_attainment_worst_decile"] = summary.worst_decile;
  json["slo_deciles"] = Json::array();
  for (const LengthDecile& decile : summary.deciles) json["slo_deciles"].push_back(ToJson(decile));
  json["is_goodput"] = summary.is_goodput;
  json["is_decile_goodput"] = summary.is_decile_goodput;
  json["good_requests_per_s"] = summary.good_requests_per_s;
  if (summary.goodput_rate >= 0) json["goodput_rate"] = summary.goodput_rate;
  if (summary.decile_goodput_rate >= 0) json["decile_goodput_rate"] = summary.decile_goodput_rate;
}

void AddUse(const Summary& summary, Json& json) {
  json["compute_utilisation"] = summary.compute_utilisation;
  json["network_utilisation"] = summary.network_utilisation;
  json["kv_occupancy_mean"] = summary.mean_kv_occupancy;
  json["kv_occupancy_peak"] = summary.peak_kv_occupancy;
  json["steps"] = summary.num_steps;
  Json events = Json::object();
  for (int i = 0; i < kNumScalingEvents; ++i) {
    const std::string name(ScalingEventName(static_cast<ScalingEvent>(i)));
    events[name] = summary.scaling_events[static_cast<std::size_t>(i)];
  }
  json["scaling_events"] = std::move(events);
  if (summary.prediction.num_steps > 0) {
    json["prediction"] = {{"steps", summary.prediction.num_steps},
                          {"mean_error", summary.prediction.mean}};
  }
}

}  // namespace

std::string SummaryJson(std::span<const NamedSummary> runs) {
  Json policies = Json::array();
  for (const NamedSummary& run : runs) {
    Json json;
    json["policy"] = run.name;
    AddRequests(run.summary, json);
    AddLatencies(run.summary, json);
    json["requests_per_s"] = run.summary.requests_per_s;
    json["output_tokens_per_s"] = run.summary.output_tokens_per_s;
    json["total_tokens_per_s"] = run.summary.total_tokens_per_s;
    AddGoodput(run.summary, json);
    AddUse(run.summary, json);
    policies.push_back(std::move(json));
  }
  // Names may hold any bytes; what is not UTF-8 is replaced rather than thrown about.
  constexpr int kIndent = 2;
  return Json{{"policies", std::move(policies)}}.dump(kIndent, ' ', false,
                                                      Json::error_handler_t::replace) +
         "\n";
}

}  // namespace braid
