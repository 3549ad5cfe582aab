#pragma once

#include "base/status.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace braid {

/// The formats of traces that are read, told apart by their first line.
enum class TraceFormat : std::uint8_t {
  kAzure,     ///< CSV under the header of Azure's traces of 2023 and 2024
  kMooncake,  ///< JSON lines with timestamp (ms), input_length, output_length
};

/// One line of a trace.
struct TraceRow {
  std::int64_t time_ns = 0;  ///< since 1970, or since the trace began
  std::int64_t prompt_tokens = 0;
  std::int64_t output_tokens = 0;
};

inline constexpr std::string_view kAzureHeader = "TIMESTAMP,ContextTokens,GeneratedTokens";

/// The format that `first_line` belongs to; none of those known: nothing.
std::optional<TraceFormat> FormatOfTrace(std::string_view first_line);

/// A line of an Azure trace: "2023-11-16 18:15:46.6805900,374,44". The fraction has up to 9 digits
/// or is missing, "+00:00" may follow; years 1970 .. 2199.
/// Errors: InvalidArgument saying what was found and what to do, without file and line.
Status ParseAzureRow(std::string_view line, TraceRow& row);

/// A line of a Mooncake trace; keys other than the three are not read.
/// Errors: as ParseAzureRow.
Status ParseMooncakeRow(std::string_view line, TraceRow& row);

/// Text of a file as part of a message: quoted, cut at 60 bytes, no control characters.
std::string QuotedTraceText(std::string_view text);

/// The message about a length that is not within 1 .. kMaxRequestTokens.
Status BadTraceLength(std::string_view field, std::string_view found);

}  // namespace braid
