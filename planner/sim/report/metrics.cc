#include "planner/sim/report/metrics.h"

#include <algorithm>
#include <utility>

namespace braid {
namespace {

constexpr double kNs = 1e-9;
constexpr double kPs = 1e-12;

double Seconds(std::int64_t ns) { return static_cast<double>(ns) * kNs; }

// ns / parts in picoseconds, without overflow for any time of the clock that matters (106 days).
std::int64_t PsPerPart(std::int64_t ns, std::int64_t parts) {
  return ns / parts * 1000 + ns % parts * 1000 / parts;
}

double Ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

Distribution Describe(const LogHistogram& histogram, double unit) {
  return {.count = histogram.count(),
          .mean = histogram.Mean() * unit,
          .p50 = histogram.Quantile(0.5) * unit,
          .p90 = histogram.Quantile(0.9) * unit,
          .p99 = histogram.Quantile(0.99) * unit,
          .max = static_cast<double>(histogram.max()) * unit};
}

}  // namespace

Metrics::Metrics(MetricsOptions options) : options_(std::move(options)) {}

void Metrics::See(std::int64_t time_ns) { last_event_ns_ = std::max(last_event_ns_, time_ns); }

void Metrics::OnFinished(const RequestRecord& record) {
  const std::int64_t arrival_ns = record.request.arrival_ns;
  first_arrival_ns_ = num_requests_ == 0 ? arrival_ns : std::min(first_arrival_ns_, arrival_ns);
  last_arrival_ns_ = std::max(last_arrival_ns_, arrival_ns);
  ++num_requests_;
  See(std::max(arrival_ns, record.finish_ns));
  const bool met = options_.slo.IsMet(record);
  deciles_.Add(record.request.prompt_tokens, met);
  num_met_ += met ? 1 : 0;
  if (record.finish_ns < 0) {
    num_rejected_ += record.rejected ? 1 : 0;
    return;
  }
  ++num_finished_;
  prompt_tokens_ += record.request.prompt_tokens;
  output_tokens_ += record.request.output_tokens;
  AddLatencies(record);
}

void Metrics::AddLatencies(const RequestRecord& record) {
  const std::int64_t prompt = std::max(1, record.request.prompt_tokens);
  const std::int64_t output = std::max(1, record.request.output_tokens);
  const std::int64_t ttft_ns = TtftNs(record);
  ttft_ns_.Add(ttft_ns);
  tpot_ns_.Add(TpotNs(record));
  end_to_end_ns_.Add(EndToEndNs(record));
  longest_gap_ns_.Add(record.longest_gap_ns);
  per_token_ps_.Add(PsPerPart(EndToEndNs(record), prompt + output));
  input_ps_.Add(PsPerPart(ttft_ns, prompt));
  const std::int64_t decode_ns = record.finish_ns - record.first_token_ns;
  output_ps_.Add(output > 1 ? PsPerPart(decode_ns, output - 1) : 0);
  if (options_.long_prompt_tokens > 0) {
    (prompt < options_.long_prompt_tokens ? short_ttft_ns_ : long_ttft_ns_).Add(ttft_ns);
  }
}

void Metrics::OnStep(const StepSpan& span) {
  See(span.end_ns);
  num_steps_ += span.repeats;
  compute_ns_ += span.compute_ns * span.num_instances;
  network_ns_ += span.network_ns * span.num_instances;
}

void Metrics::OnScaling(std::int64_t time_ns, ScalingEvent event) {
  See(time_ns);
  ++scaling_events_[static_cast<std::size_t>(event)];
}

void Metrics::OnKv(std::int64_t time_ns, std::int64_t used_slots) {
  See(time_ns);
  kv_slot_ns_ += static_cast<double>(kv_used_) * static_cast<double>(time_ns - kv_since_ns_);
  kv_since_ns_ = time_ns;
  kv_used_ = used_slots;
  kv_peak_ = std::max(kv_peak_, used_slots);
}

void Metrics::SummarizeUse(Summary& summary) const {
  const double duration_ns = static_cast<double>(last_event_ns_ - first_arrival_ns_);
  const double instance_ns = duration_ns * options_.num_instances;
  summary.compute_utilisation = Ratio(static_cast<double>(compute_ns_), instance_ns);
  summary.network_utilisation = Ratio(static_cast<double>(network_ns_), instance_ns);
  const double slot_ns = kv_slot_ns_ + static_cast<double>(kv_used_) *
                                           static_cast<double>(last_event_ns_ - kv_since_ns_);
  const auto slots = static_cast<double>(options_.kv_slots);
  summary.mean_kv_occupancy = Ratio(slot_ns, duration_ns * slots);
  summary.peak_kv_occupancy = Ratio(static_cast<double>(kv_peak_), slots);
  summary.num_steps = num_steps_;
  summary.scaling_events = scaling_events_;
}

Summary Metrics::Summarize() const {
  Summary summary;
  summary.num_requests = num_requests_;
  summary.num_finished = num_finished_;
  summary.num_rejected = num_rejected_;
  summary.num_unfinished = num_requests_ - num_finished_ - num_rejected_;
  summary.duration_s = Seconds(last_event_ns_ - first_arrival_ns_);
  summary.offered_rate =
      Ratio(static_cast<double>(num_requests_), Seconds(last_arrival_ns_ - first_arrival_ns_));
  summary.ttft_s = Describe(ttft_ns_, kNs);
  summary.tpot_s = Describe(tpot_ns_, kNs);
  summary.end_to_end_s = Describe(end_to_end_ns_, kNs);
  summary.per_token_s = Describe(per_token_ps_, kPs);
  summary.input_s = Describe(input_ps_, kPs);
  summary.output_s = Describe(output_ps_, kPs);
  summary.longest_gap_s = Describe(longest_gap_ns_, kNs);
  summary.short_ttft_s = Describe(short_ttft_ns_, kNs);
  summary.long_ttft_s = Describe(long_ttft_ns_, kNs);
  summary.requests_per_s = Ratio(static_cast<double>(num_finished_), summary.duration_s);
  summary.output_tokens_per_s = Ratio(static_cast<double>(output_tokens_), summary.duration_s);
  summary.total_tokens_per_s =
      Ratio(static_cast<double>(prompt_tokens_ + output_tokens_), summary.duration_s);
  summary.num_met = num_met_;
  if (num_requests_ > 0) {
    summary.attainment = static_cast<double>(num_met_) / static_cast<double>(num_requests_);
  }
  summary.deciles = deciles_.Deciles();
  for (const LengthDecile& decile : summary.deciles) {
    summary.worst_decile = std::min(summary.worst_decile, decile.attainment);
  }
  summary.is_goodput = summary.attainment >= options_.slo.attainment;
  // A length cut in proportion between two deciles leaves the last bits to rounding.
  constexpr double kRounding = 1e-12;
  summary.is_decile_goodput =
      summary.is_goodput && summary.worst_decile >= options_.slo.decile_attainment - kRounding;
  summary.good_requests_per_s = Ratio(static_cast<double>(num_met_), summary.duration_s);
  SummarizeUse(summary);
  return summary;
}

}  // namespace braid
