#pragma once

#include <span>
#include <string>
#include <vector>

namespace braid {

/// Whether a target is reached. kWithFlag: as the figure asks, by a flag that models a named
/// mechanism. kSeen: no target, printed beside.
enum class Verdict { kYes, kWithFlag, kNo, kNotRun, kSeen };

/// One row of the table: a figure, what it should be and what it is.
struct Target {
  std::string what = {};
  std::string target = {};
  std::string reached = {};
  Verdict verdict = Verdict::kNotRun;
};

inline Verdict VerdictOf(bool met) { return met ? Verdict::kYes : Verdict::kNo; }

/// The figures of one row of the project's list, and what stands behind them.
struct Chapter {
  std::string title = {};
  std::vector<Target> targets = {};
  std::string details = {};  ///< lines of text, printed below the table
};

/// Rows of cells as a Markdown table with aligned columns; the first row is the header.
std::string MarkdownTable(const std::vector<std::vector<std::string>>& rows);

/// All targets in one table, with a count of those met, then the details of each chapter.
std::string PrintedChapters(std::span<const Chapter> chapters);

/// "1.234 (1.1 .. 1.4)": mean, least and most.
std::string MeanAndSpread(const std::vector<double>& values);
double MeanOf(const std::vector<double>& values);
/// Nearest rank; 0 where there are none.
double QuantileOf(std::vector<double> values, double quantile);

}  // namespace braid
