#include "planner/sim/workload/trace_row.h"

#include "planner/sim/workload/workload_spec.h"

namespace braid {

std::optional<TraceFormat> FormatOfTrace(std::string_view first_line) {
  if (first_line == kAzureHeader) return TraceFormat::kAzure;
  if (first_line.starts_with('{')) return TraceFormat::kMooncake;
  return std::nullopt;
}

std::string QuotedTraceText(std::string_view text) {
  constexpr std::size_t kMaxBytes = 60;
  std::string quoted = "'";
  for (const char c : text.substr(0, kMaxBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    quoted += byte >= 0x20 && byte < 0x7F ? c : '?';
  }
  return quoted + (text.size() > kMaxBytes ? "...'" : "'");
}

Status BadTraceLength(std::string_view field, std::string_view found) {
  return InvalidArgument(std::string(field) + " is " + QuotedTraceText(found) +
                         ", but a length is a whole number of tokens, 1 .. " +
                         std::to_string(kMaxRequestTokens) + "; correct or remove the line");
}

}  // namespace braid
