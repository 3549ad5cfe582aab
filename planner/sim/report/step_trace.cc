#include "planner/sim/report/step_trace.h"

#include "planner/sim/report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace braid {
namespace {

constexpr std::int32_t kClusterProcess = 0;  // instance i is process i + 1
constexpr std::int64_t kKvGapNs = 10'000'000;

// The format counts in microseconds; the nanoseconds stay exact as decimals.
std::string Micros(std::int64_t ns) { return fmt::format("{}.{:03}", ns / 1000, ns % 1000); }

std::string NameOf(const Observer::StepSpan& span) {
  if (span.move) return "move";
  std::string name;
  if (span.prefill_rows > 0) name = fmt::format("prefill {}", span.prefill_rows);
  if (span.decode_rows > 0) {
    name += fmt::format("{}decode {}", name.empty() ? "" : " + ", span.decode_rows);
  }
  if (span.repeats > 1) name += fmt::format(" x {}", span.repeats);
  return name.empty() ? "step" : name;
}

}  // namespace

StepTrace::StepTrace(OutputFile file, std::int64_t max_events)
    : file_(std::move(file)), max_events_(max_events) {}

Result<StepTrace> StepTrace::Make(const std::string& path, std::int64_t max_events) {
  ASSIGN_OR_RETURN(OutputFile file, OutputFile::Make(path));
  file.Write("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n");
  StepTrace trace(std::move(file), max_events);
  trace.NameProcess(kClusterProcess);
  return trace;
}

bool StepTrace::HasRoom(std::int64_t time_ns) {
  if (num_events_ >= max_events_) {
    ++num_dropped_;
    return false;
  }
  ++num_events_;
  last_ns_ = std::max(last_ns_, time_ns);
  return true;
}

void StepTrace::Write(std::string_view event) {
  if (!std::exchange(first_, false)) file_.Write(",\n");
  file_.Write(event);
}

void StepTrace::NameProcess(std::int32_t process) {
  const auto index = static_cast<std::size_t>(process);
  if (index >= named_.size()) named_.resize(index + 1, false);
  if (named_[index]) return;
  named_[index] = true;
  const std::string name =
      process == kClusterProcess ? "cluster" : fmt::format("instance {}", process - 1);
  Write(fmt::format(R"({{"ph":"M","pid":{},"tid":0,"name":"process_name","args":{{"name":"{}"}}}})",
                    process, name));
}

void StepTrace::OnStep(const StepSpan& span) {
  for (std::int32_t i = 0; i < span.num_instances; ++i) {
    if (!HasRoom(span.end_ns)) continue;
    const std::int32_t process = span.instances[i] + 1;
    NameProcess(process);
    Write(fmt::format(
        R"({{"ph":"X","pid":{},"tid":{},"name":"{}","ts":{},"dur":{},"args":{{"instances":{},)"
        R"("repeats":{},"prefill_rows":{},"decode_rows":{},"compute_us":{},"network_us":{}}}}})",
        process, span.strand, NameOf(span), Micros(span.start_ns),
        Micros(span.end_ns - span.start_ns), span.num_instances, span.repeats, span.prefill_rows,
        span.decode_rows, Micros(span.compute_ns), Micros(span.network_ns)));
  }
}

void StepTrace::OnScaling(std::int64_t time_ns, ScalingEvent event) {
  if (!HasRoom(time_ns)) return;
  Write(fmt::format(R"({{"ph":"i","s":"g","pid":{},"tid":0,"name":"{}","ts":{}}})", kClusterProcess,
                    ScalingEventName(event), Micros(time_ns)));
}

void StepTrace::OnKv(std::int64_t time_ns, std::int64_t used_slots) {
  if (time_ns < next_kv_ns_ || !HasRoom(time_ns)) return;
  next_kv_ns_ = time_ns + kKvGapNs;
  Write(
      fmt::format(R"({{"ph":"C","pid":{},"tid":0,"name":"KV slots","ts":{},"args":{{"used":{}}}}})",
                  kClusterProcess, Micros(time_ns), used_slots));
}

Status StepTrace::Close() {
  if (std::exchange(closed_, true)) return file_.Close();
  if (num_dropped_ > 0) {
    Write(fmt::format(
        R"({{"ph":"i","s":"g","pid":{},"tid":0,"name":"{} later events left out","ts":{}}})",
        kClusterProcess, num_dropped_, Micros(last_ns_)));
  }
  file_.Write("\n]}\n");
  return file_.Close();
}

}  // namespace braid
