#include "planner/sim/workload/arrival_process.h"

#include <algorithm>
#include <cmath>

namespace braid {
namespace {

constexpr std::uint64_t kArrivalStream = 1;  // lengths have another, so neither disturbs the other

std::int64_t RoundNs(double ns) {
  return static_cast<std::int64_t>(std::floor(std::min(ns, 0x1p62) + 0.5));
}

}  // namespace

ArrivalProcess::ArrivalProcess(const Options& options)
    : options_(options), random_(options.seed, kArrivalStream), mean_gap_ns_(1e9 / options.rate) {
  if (options_.arrivals.kind != ArrivalKind::kLoongServe || options_.num_requests < 2) return;
  double last_ns = 0;
  for (std::int64_t i = 1; i < options_.num_requests; ++i) last_ns += GapNs();
  random_ = Random(options_.seed, kArrivalStream);
  stretch_ = mean_gap_ns_ * static_cast<double>(options_.num_requests) / last_ns;
}

double ArrivalProcess::GapNs() {
  switch (options_.arrivals.kind) {
    case ArrivalKind::kGamma:
      return mean_gap_ns_ * random_.Gamma(options_.arrivals.cv);
    case ArrivalKind::kStatic:
      return mean_gap_ns_;
    case ArrivalKind::kBurst:
      return 0;
    case ArrivalKind::kDefault:
    case ArrivalKind::kPoisson:
    case ArrivalKind::kLoongServe:
      break;
  }
  return mean_gap_ns_ * random_.Exponential();
}

std::int64_t ArrivalProcess::Next() {
  const std::int64_t index = index_++;
  if (index == 0) return 0;
  const auto position = static_cast<double>(index);
  switch (options_.arrivals.kind) {
    case ArrivalKind::kStatic:  // not summed: request i lands at i / rate, whatever i
      now_ns_ = RoundNs(mean_gap_ns_ * position);
      break;
    case ArrivalKind::kLoongServe:
      // The sum is kept in doubles in the same order as in the constructor, so that the last
      // request lands at n / rate.
      unscaled_ns_ += GapNs();
      now_ns_ = RoundNs(unscaled_ns_ * stretch_);
      break;
    default:
      now_ns_ = std::min(kLastArrivalNs, now_ns_ + RoundNs(GapNs()));
  }
  return now_ns_;
}

}  // namespace braid
