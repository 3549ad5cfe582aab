#pragma once

#include <string>
#include <vector>

namespace braid {

/// A table for a terminal or a log: columns as wide as their widest cell, two spaces apart.
/// Widths count code points, so that a cell with "µ" lines up.
class TextTable {
 public:
  enum class Align : unsigned char { kLeft, kRight };

  /// `header` may hold empty cells; `align` one a column.
  TextTable(std::vector<std::string> header, std::vector<Align> align);

  /// Cells beyond the header's are dropped, missing ones are empty.
  void AddRow(std::vector<std::string> cells);

  /// Lines with '\n' at the end of each, and no spaces before it.
  std::string ToString() const;

 private:
  std::vector<Align> align_;
  std::vector<std::vector<std::string>> rows_;  // header first
};

/// "12.3 MB", of 1,000,000 bytes.
std::string FormatBytes(double bytes);

/// "1.23 s", "45.6 ms", "1.0 us".
std::string FormatSeconds(double seconds);

/// "1,234,567".
std::string FormatCount(unsigned long long count);

}  // namespace braid
