#pragma once

#include "base/status.h"
#include "planner/sim/workload/trace_row.h"

#include <cstdint>
#include <istream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// The rows of a trace in order of time, one at a time. Lines end in LF or CRLF; empty ones are
/// skipped. Memory: the longest line, at most 1 MiB.
/// Thread: one.
class TraceReader {
 public:
  /// `name` is what messages call the file. Reads nothing yet.
  TraceReader(std::unique_ptr<std::istream> stream, std::string name);

  /// The next row into `row`; false at the end.
  /// Errors: InvalidArgument with name:line, what was found and what to do: an empty file, an
  ///         unknown first line, a malformed row, a time before that of the row above; Unavailable
  ///         where the file cannot be read.
  Result<bool> Next(TraceRow& row);

  /// Back to the first row, also after an error. Errors: Unavailable.
  Status Rewind();

  const std::string& name() const { return name_; }

 private:
  Result<bool> ReadRawLine(std::string_view& line);
  Result<bool> NextLine(std::string_view& line);  // without CR, byte order mark and empty lines
  Status ReadFirstLine();
  std::string Place() const;

  std::unique_ptr<std::istream> stream_;
  std::string name_;
  std::vector<char> buffer_;
  std::int64_t line_number_ = 0;
  std::int64_t last_time_ns_ = 0;
  std::int64_t num_rows_ = 0;
  bool started_ = false;
  bool pending_ = false;  // the first line is a row, still in the buffer
  std::string_view pending_line_;
  TraceFormat format_ = TraceFormat::kAzure;
};

}  // namespace braid
