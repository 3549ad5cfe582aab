#pragma once

#include "base/status.h"
#include "launch/comparison.h"
#include "parallel/layout/mesh.h"

#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// One way of splitting, held against one rank.
struct SplitVerdict {
  Mesh mesh;
  SplitDifference difference;
  double tolerance = 0;  ///< what this split is allowed

  bool equal() const { return difference.IsEqual(tolerance); }
};

/// What a verification found.
struct VerifyReport {
  std::int32_t rows = 0;  ///< positions whose logits were compared
  std::vector<SplitVerdict> splits;

  bool all_equal() const;
};

/// A table, the near ties, and a last line with the verdict.
std::string VerifyTable(const VerifyReport& report);

/// One JSON object.
std::string VerifyJson(const VerifyReport& report);

/// Reads what VerifyJson wrote.
/// Errors: Internal where it is something else.
Result<VerifyReport> ParseVerifyJson(std::string_view text);

}  // namespace braid
