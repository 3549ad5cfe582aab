#include "planner/sim/workload/trace_row.h"
#include "planner/sim/workload/workload_spec.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace braid {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kMaxMs = 4'000'000'000'000;  // 126 years: the nanoseconds fit

// A value as a message shows it. Arrays and objects are not printed: nested deeply enough they
// would exhaust the stack.
std::string TextOf(const Json& value) {
  return value.is_structured() ? value.type_name() : value.dump();
}

Status ReadLength(const Json& object, const char* field, std::int64_t& tokens) {
  const auto found = object.find(field);
  if (found == object.end()) return BadTraceLength(field, "missing");
  const bool whole = found->is_number_unsigned() || found->is_number_integer();
  // Above 2^63 an unsigned number would wrap to a negative one, which is refused as well.
  tokens = whole ? found->get<std::int64_t>() : 0;
  if (tokens < 1 || tokens > kMaxRequestTokens) return BadTraceLength(field, TextOf(*found));
  return {};
}

Status ReadTime(const Json& object, std::int64_t& time_ns) {
  const auto found = object.find("timestamp");
  const double ms = found != object.end() && found->is_number() ? found->get<double>() : -1;
  if (!(ms >= 0 && ms <= static_cast<double>(kMaxMs))) {
    const std::string text = found == object.end() ? "missing" : TextOf(*found);
    return InvalidArgument("timestamp is " + QuotedTraceText(text) +
                           ", but a time is a number of milliseconds, 0 .. " +
                           std::to_string(kMaxMs) + "; correct or remove the line");
  }
  if (found->is_number_float()) {
    time_ns = static_cast<std::int64_t>(std::floor(ms * kNsPerMs + 0.5));
  } else {
    time_ns = found->get<std::int64_t>() * kNsPerMs;
  }
  return {};
}

}  // namespace

Status ParseMooncakeRow(std::string_view line, TraceRow& row) {
  const Json object = Json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    return InvalidArgument("found " + QuotedTraceText(line) +
                           ", but a line is one JSON object with timestamp, input_length and "
                           "output_length; correct or remove the line");
  }
  RETURN_IF_ERROR(ReadTime(object, row.time_ns));
  RETURN_IF_ERROR(ReadLength(object, "input_length", row.prompt_tokens));
  return ReadLength(object, "output_length", row.output_tokens);
}

}  // namespace braid
