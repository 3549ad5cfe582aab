#include "runtime/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace braid {
namespace {

std::int32_t Best(std::span<const float> logits) {
  std::int32_t best = -1;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (std::isnan(logits[i])) continue;
    if (best < 0 || logits[i] > logits[static_cast<std::size_t>(best)]) {
      best = static_cast<std::int32_t>(i);
    }
  }
  if (best >= 0 && !std::isfinite(logits[static_cast<std::size_t>(best)])) return -1;
  return best;
}

}  // namespace

Status ValidateSampling(const SamplingOptions& options) {
  if (!std::isfinite(options.temperature) || options.temperature < 0) {
    return InvalidArgument("temperature must be a finite number of at least 0");
  }
  if (options.top_k < 0) {
    return InvalidArgument("top-k is " + std::to_string(options.top_k) +
                           "; it must be at least 0 (0 keeps all)");
  }
  if (!(options.top_p > 0.0F) || options.top_p > 1.0F) {
    return InvalidArgument("top-p is " + std::to_string(options.top_p) +
                           "; it must lie above 0 and at most at 1");
  }
  return {};
}

Sampler::Sampler(const SamplingOptions& options) : options_(options), state_(options.seed) {}

double Sampler::NextUniform() {
  // SplitMix64 (Steele, Lea, Flood 2014): well mixed from any seed, 0 included.
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1.0p-53;
}

Result<std::int32_t> Sampler::Sample(std::span<const float> logits) {
  const std::int32_t best = Best(logits);
  if (best < 0) {
    return Internal("no logit is finite; the weights or the prompt's activations overflowed");
  }
  if (options_.temperature == 0.0F || options_.top_k == 1) return best;

  const double top = logits[static_cast<std::size_t>(best)];
  const auto weight_of = [&](std::int32_t id) {
    const double logit = logits[static_cast<std::size_t>(id)];
    return std::isnan(logit) ? 0.0 : std::exp((logit - top) / double{options_.temperature});
  };
  const auto better = [&](std::int32_t a, std::int32_t b) {
    const double wa = weights_[static_cast<std::size_t>(a)];
    const double wb = weights_[static_cast<std::size_t>(b)];
    return wa != wb ? wa > wb : a < b;
  };
  weights_.resize(logits.size());
  order_.resize(logits.size());
  std::iota(order_.begin(), order_.end(), 0);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    weights_[i] = weight_of(static_cast<std::int32_t>(i));
  }
  std::size_t kept = logits.size();
  if (options_.top_k > 0 && static_cast<std::size_t>(options_.top_k) < kept) {
    kept = static_cast<std::size_t>(options_.top_k);
    std::partial_sort(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(kept),
                      order_.end(), better);
  } else if (options_.top_p < 1.0F) {
    std::sort(order_.begin(), order_.end(), better);
  }
  double total = 0;
  for (std::size_t i = 0; i < kept; ++i) total += weights_[static_cast<std::size_t>(order_[i])];
  if (options_.top_p < 1.0F) {
    double joint = 0;
    for (std::size_t i = 0; i < kept; ++i) {
      joint += weights_[static_cast<std::size_t>(order_[i])];
      if (joint >= double{options_.top_p} * total) {
        kept = i + 1;
        total = joint;
      }
    }
  }
  double left = NextUniform() * total;
  for (std::size_t i = 0; i < kept; ++i) {
    left -= weights_[static_cast<std::size_t>(order_[i])];
    if (left < 0) return order_[i];
  }
  return order_[kept - 1];
}

}  // namespace braid
