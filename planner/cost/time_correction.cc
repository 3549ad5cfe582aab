#include "planner/cost/time_correction.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace braid {
namespace {

constexpr std::int64_t kOne = 65536;
constexpr std::int64_t kLeast = kOne / 2;
constexpr std::int64_t kMost = kOne * 2;
constexpr double kForgetting = 8;  // a new observation counts one part in so many
// A knot that decides less than this of a ratio is not judged by it.
constexpr double kLeastWeight = 0.25;
constexpr double kFollowing = 0.7;
constexpr int kAlike = 24;  // observations of a knot that move it as its neighbour
constexpr std::int64_t kChange = kOne / 100;

std::size_t KnotBelow(std::int64_t ns) {
  return static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(ns))) - 1;
}

}  // namespace

TimeCorrection::TimeCorrection() {
  ratio_.fill(kOne);
  counted_.fill(kOne);
}

std::int64_t TimeCorrection::Apply(std::int64_t predicted_ns) const {
  if (predicted_ns <= 0) return predicted_ns;
  // The corrected time is a straight line from knot to knot.
  __extension__ using Wide = __int128;
  const std::size_t knot = KnotBelow(predicted_ns);
  const std::int64_t at_knot = std::int64_t{1} << knot;
  const Wide slope = 2 * ratio_[knot + 1] - ratio_[knot];
  const Wide ns = Wide{at_knot} * ratio_[knot] + Wide{predicted_ns - at_knot} * slope;
  return static_cast<std::int64_t>(ns / kOne);
}

void TimeCorrection::Learn(std::int64_t predicted_ns, std::int64_t actual_ns) {
  const auto predicted = static_cast<double>(predicted_ns);
  const double wanted = std::clamp(static_cast<double>(actual_ns) / predicted, 0.5, 2.0);
  const double step = (wanted - static_cast<double>(Apply(predicted_ns)) / predicted) / kForgetting;

  // By how much each of the two knots decides the ratio here; together 1.
  const std::size_t knot = KnotBelow(predicted_ns);
  const double beyond = predicted / static_cast<double>(std::int64_t{1} << knot) - 1;
  const double below = (1 - beyond) / (1 + beyond);
  const double above = 1 - below;
  const double squares = below * below + above * above;
  if (below >= kLeastWeight) Nudge(knot, step, below / squares);
  if (above >= kLeastWeight) Nudge(knot + 1, step, above / squares);
  TakeAlong(knot, step);
  SpreadToUnseen();
  KeepOrder();
  CountChange();
}

void TimeCorrection::Move(std::size_t knot, double by) {
  const auto delta = static_cast<std::int64_t>(std::floor(by * static_cast<double>(kOne) + 0.5));
  ratio_[knot] = std::clamp(ratio_[knot] + delta, kLeast, kMost);
}

/// At first a knot moves as its neighbour does, so that a single length bends nothing; then by its
/// part in what was wrong.
void TimeCorrection::Nudge(std::size_t knot, double step, double part) {
  Move(knot, seen_[knot] < kAlike ? step : step * part);
  seen_[knot] = std::min(seen_[knot] + 1, kAlike);
}

/// Knots beside `knot` and the one above it that have seen little go along, the less the further.
void TimeCorrection::TakeAlong(std::size_t knot, double step) {
  double below = step;
  for (std::size_t i = knot; i-- > 0;) {
    below *= kFollowing;
    MoveUnsure(i, below);
  }
  double above = step;
  for (std::size_t i = knot + 2; i < kNumKnots; ++i) {
    above *= kFollowing;
    MoveUnsure(i, above);
  }
}

void TimeCorrection::MoveUnsure(std::size_t knot, double by) {
  if (seen_[knot] < kAlike) Move(knot, by * (kAlike - seen_[knot]) / kAlike);
}

/// A knot that was not seen has the ratio of the nearest that was, the lower one of two.
void TimeCorrection::SpreadToUnseen() {
  std::size_t below = kNumKnots;
  for (std::size_t i = 0; i < kNumKnots; ++i) {
    if (seen_[i] > 0) below = i;
    if (below == i) continue;
    std::size_t above = i + 1;
    while (above < kNumKnots && seen_[above] == 0) ++above;
    if (below == kNumKnots && above == kNumKnots) return;
    const bool take_above = above < kNumKnots && (below == kNumKnots || above - i < i - below);
    ratio_[i] = ratio_[take_above ? above : below];
  }
}

/// From one knot to the next the prediction doubles, so the time does not fall as long as the
/// ratio does not halve.
void TimeCorrection::KeepOrder() {
  for (std::size_t i = 1; i < kNumKnots; ++i) {
    ratio_[i] = std::max(ratio_[i], (ratio_[i - 1] + 1) / 2);
  }
}

void TimeCorrection::CountChange() {
  for (std::size_t i = 0; i < kNumKnots; ++i) {
    if (std::abs(ratio_[i] - counted_[i]) <= kChange) continue;
    counted_ = ratio_;
    ++changes_;
    return;
  }
}

}  // namespace braid
