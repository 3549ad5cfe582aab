// Any bytes as a trace: they are refused with one message that names the file, or played, with
// requests in order and within their limits, the same ones at a second opening.
#include "planner/sim/workload/trace.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace braid {
namespace {

constexpr const char* kName = "fuzz.trace";

void Play(RequestSource& source) {
  Request request;
  std::uint64_t count = 0;
  std::int64_t last_ns = 0;
  while (source.Next(request)) {
    BRAID_CHECK(request.id == count++);
    BRAID_CHECK(request.arrival_ns >= last_ns);
    BRAID_CHECK(request.prompt_tokens >= 1 && request.prompt_tokens <= kMaxRequestTokens);
    BRAID_CHECK(request.output_tokens >= 1);
    BRAID_CHECK(request.output_tokens <= request.max_output_tokens);
    last_ns = request.arrival_ns;
  }
  // It was checked whole when it was opened, so nothing can fail now.
  BRAID_CHECK(source.status().ok());
  BRAID_CHECK(count > 0);
}

void Use(const std::string& text, const TraceOptions& options) {
  const auto source = OpenTraceText(text, kName, options);
  if (source.ok()) return Play(**source);
  const std::string& message = source.status().message();
  BRAID_CHECK(source.status().code() == StatusCode::kInvalidArgument);
  BRAID_CHECK(message.starts_with(kName));
  for (const char c : message) BRAID_CHECK(c >= ' ' && c <= '~');
}

}  // namespace
}  // namespace braid

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  braid::Use(text, {});
  braid::Use(text, {.rate = 3.5, .num_requests = 3, .offset = 1, .limit = {.oracle = true}});
  braid::Use(text, {.rate_scale = 1e-6, .limit = {.max_output_tokens = 7}});
  return 0;
}
