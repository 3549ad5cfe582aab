#include "runtime/task_trace.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace braid {

void TaskTrace::Add(std::span<const TaskSpan> spans) {
  const std::scoped_lock lock(mutex_);
  spans_.insert(spans_.end(), spans.begin(), spans.end());
}

std::vector<TaskSpan> TaskTrace::Take() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(spans_, {});
}

Status TaskTrace::Write(const std::string& path, std::span<const TaskSpan> spans) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return Unavailable("cannot write the trace to " + path);
  std::uint64_t origin = spans.empty() ? 0 : spans[0].begin_ns;
  for (const TaskSpan& span : spans) origin = std::min(origin, span.begin_ns);
  std::fputs("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n", file);
  const char* separator = "";
  for (const TaskSpan& span : spans) {
    const std::string_view kind = TaskKindName(span.kind);
    const std::string_view weight = span.weight == Weight::kNone ? "" : WeightName(span.weight);
    const int thread = span.slot * kNumLanes + static_cast<int>(LaneOf(span.kind));
    std::fprintf(file,
                 "%s{\"ph\":\"X\",\"pid\":%d,\"tid\":%d,\"name\":\"%.*s%s%.*s\",\"ts\":%.3f,"
                 "\"dur\":%.3f,\"args\":{\"step\":%" PRIu64 ",\"layer\":%d}}",
                 separator, span.rank, thread, static_cast<int>(kind.size()), kind.data(),
                 weight.empty() ? "" : " ", static_cast<int>(weight.size()), weight.data(),
                 static_cast<double>(span.begin_ns - origin) * 1e-3,
                 static_cast<double>(span.end_ns - span.begin_ns) * 1e-3, span.step, span.layer);
    separator = ",\n";
  }
  std::fputs("\n]}\n", file);
  const bool written = std::ferror(file) == 0;
  if (std::fclose(file) != 0 || !written) return Unavailable("cannot write the trace to " + path);
  return {};
}

}  // namespace braid
