#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace braid {

/// How much longer or shorter than predicted one kind of step takes, learned from steps that ran.
///
/// The ratio is learned at each power of two of the predicted time and lies between its neighbours
/// elsewhere, since what a prediction is wrong about counts differently in short and in long steps.
/// Where nothing was seen, the nearest that was counts. A longer prediction never becomes the
/// shorter time, and no time grows or shrinks more than twofold.
/// Thread: a value.
class TimeCorrection {
 public:
  TimeCorrection();

  /// `predicted_ns`, uncorrected and >= 0, as it will probably be.
  std::int64_t Apply(std::int64_t predicted_ns) const;

  /// A step was predicted (uncorrected) and took so long, both > 0: the ratio there moves an eighth
  /// of the way. Cost: about 0.2 us.
  void Learn(std::int64_t predicted_ns, std::int64_t actual_ns);

  /// How often it has changed by more than 1 % since the last time that this number rose.
  std::uint64_t changes() const { return changes_; }

 private:
  static constexpr std::size_t kNumKnots = 64;  ///< knot i is at 2^i ns

  void Move(std::size_t knot, double by);
  void Nudge(std::size_t knot, double step, double part);
  void TakeAlong(std::size_t knot, double step);
  void MoveUnsure(std::size_t knot, double by);
  void SpreadToUnseen();
  void KeepOrder();
  void CountChange();

  std::array<std::int64_t, kNumKnots> ratio_;    ///< in 1/65536
  std::array<std::int64_t, kNumKnots> counted_;  ///< what it was when changes_ rose
  std::array<int, kNumKnots> seen_ = {};         ///< how often, up to a bound
  std::uint64_t changes_ = 0;
};

}  // namespace braid
