#include "launch/comparison.h"

#include "base/status.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace braid {
namespace {

/// The distance from the best logit to the second best.
double GapBelow(std::span<const float> logits, std::int32_t best) {
  double second = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (static_cast<std::int32_t>(i) != best) second = std::max(second, double{logits[i]});
  }
  return double{logits[static_cast<std::size_t>(best)]} - second;
}

}  // namespace

std::int32_t BestToken(std::span<const float> logits) {
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

void ReferenceLogits::Add(std::span<const float> row) {
  values_.insert(values_.end(), row.begin(), row.end());
}

std::int32_t ReferenceLogits::num_rows() const {
  return static_cast<std::int32_t>(values_.size() / static_cast<std::size_t>(vocab_size_));
}

std::span<const float> ReferenceLogits::row(std::int32_t index) const {
  const auto width = static_cast<std::size_t>(vocab_size_);
  return std::span(values_).subspan(static_cast<std::size_t>(index) * width, width);
}

double ReferenceLogits::Magnitude() const {
  double largest = 0;
  for (const float value : values_) {
    if (!std::isfinite(value)) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, std::abs(double{value}));
  }
  return largest;
}

void LogitComparison::Add(std::int32_t row_index, std::span<const float> logits) {
  const std::span<const float> expected = reference_.row(row_index);
  BRAID_CHECK(expected.size() == logits.size());
  double largest = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double difference = std::abs(double{logits[i]} - double{expected[i]});
    // Not std::max: it would lose a NaN.
    if (!(difference <= largest)) {
      largest = std::isfinite(difference) ? difference : std::numeric_limits<double>::infinity();
    }
  }
  double relative = largest == 0 ? 0 : largest / magnitude_;
  if (!std::isfinite(magnitude_)) relative = std::numeric_limits<double>::infinity();
  difference_.relative_difference = std::max(difference_.relative_difference, relative);
  ++difference_.rows;
  if (row_index >= first_token_row_) CompareTokens(row_index, logits);
}

void LogitComparison::CompareTokens(std::int32_t row_index, std::span<const float> logits) {
  const std::span<const float> expected = reference_.row(row_index);
  const std::int32_t best = BestToken(expected);
  const std::int32_t found = BestToken(logits);
  ++difference_.tokens;
  if (found == best) {
    ++difference_.equal_tokens;
    return;
  }
  const double gap = GapBelow(expected, best) / magnitude_;
  if (gap < near_) difference_.near_ties.push_back({row_index, best, found, gap});
}

}  // namespace braid
