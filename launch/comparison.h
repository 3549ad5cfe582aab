#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// The index of the largest logit; the lowest of equal ones.
std::int32_t BestToken(std::span<const float> logits);

/// Logits that others are held against: one row a position.
class ReferenceLogits {
 public:
  explicit ReferenceLogits(std::int32_t vocab_size) : vocab_size_(vocab_size) {}

  void Add(std::span<const float> row);

  std::int32_t vocab_size() const { return vocab_size_; }
  std::int32_t num_rows() const;
  std::span<const float> row(std::int32_t index) const;
  /// max |b| over all rows; infinite where any is not finite.
  double Magnitude() const;

 private:
  std::int32_t vocab_size_;
  std::vector<float> values_;
};

/// A position where the greedy tokens differ although the logits are as near as they should be.
struct NearTie {
  std::int32_t position = 0;
  std::int32_t expected = 0;
  std::int32_t found = 0;
  double gap = 0;  ///< between the reference's two best logits, as |a-b| / max|b|
};

/// What a comparison found.
struct SplitDifference {
  double relative_difference = 0;  ///< max |a-b| / max |b|; infinite where any logit is not finite
  std::int32_t rows = 0;
  std::int32_t tokens = 0;  ///< greedy tokens compared
  std::int32_t equal_tokens = 0;
  std::vector<NearTie> near_ties;

  /// True where nothing differs but what the tolerance excuses.
  bool IsEqual(double tolerance) const {
    return relative_difference <= tolerance &&
           tokens - equal_tokens == static_cast<std::int32_t>(near_ties.size());
  }
};

/// Holds rows of logits against a reference, one by one and in any order.
/// Cost: one pass over each row; remembers nothing of it.
class LogitComparison {
 public:
  /// Greedy tokens are compared from row `first_token_row` on. `near` is how close the reference's
  /// two best logits must be, relative to max |b|, for a differing token to be a near tie.
  LogitComparison(const ReferenceLogits& reference, std::int32_t first_token_row, double near)
      : reference_(reference),
        magnitude_(reference.Magnitude()),
        first_token_row_(first_token_row),
        near_(near) {}

  void Add(std::int32_t row_index, std::span<const float> logits);

  const SplitDifference& difference() const { return difference_; }

 private:
  void CompareTokens(std::int32_t row_index, std::span<const float> logits);

  const ReferenceLogits& reference_;
  double magnitude_;
  std::int32_t first_token_row_;
  double near_;
  SplitDifference difference_;
};

}  // namespace braid
