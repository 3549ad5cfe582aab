#pragma once

#include "base/status.h"
#include "planner/sim/report/output_file.h"
#include "planner/sim/request_record.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// Writes a run in the trace-event format that Perfetto and chrome://tracing show: one process an
/// instance, one track a strand; process 0 is the cluster, with KV slots in use (at most one point
/// every 10 ms) and scaling events.
/// Memory: a bit per instance; events go to the file as they happen. At about 200 bytes an event
/// the default limit keeps a file below 100 MB, what a browser opens; later events are counted and
/// the file ends with their number.
/// Thread: one.
class StepTrace final : public Observer {
 public:
  static constexpr std::int64_t kDefaultMaxEvents = 400'000;

  /// Errors: Unavailable where the file cannot be written.
  static Result<StepTrace> Make(const std::string& path,
                                std::int64_t max_events = kDefaultMaxEvents);

  void OnStep(const StepSpan& span) override;
  void OnScaling(std::int64_t time_ns, ScalingEvent event) override;
  void OnKv(std::int64_t time_ns, std::int64_t used_slots) override;

  std::int64_t num_dropped() const { return num_dropped_; }
  /// Ends the file, which is no JSON before. Errors: Unavailable where it could not be written.
  Status Close();

 private:
  StepTrace(OutputFile file, std::int64_t max_events);
  bool HasRoom(std::int64_t time_ns);
  void Write(std::string_view event);
  void NameProcess(std::int32_t process);

  OutputFile file_;
  std::int64_t max_events_;
  std::int64_t num_events_ = 0;
  std::int64_t num_dropped_ = 0;
  std::int64_t last_ns_ = 0;
  std::int64_t next_kv_ns_ = 0;
  std::vector<bool> named_;
  bool first_ = true;
  bool closed_ = false;
};

}  // namespace braid
