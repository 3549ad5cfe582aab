#pragma once

#include "base/status.h"
#include "planner/sim/report/request_csv.h"
#include "planner/sim/report/slo.h"
#include "planner/sim/report/step_trace.h"
#include "planner/sim/report/tee_observer.h"

#include <memory>
#include <string>

namespace braid {

/// The files of one policy's run, written while it goes on: requests-P.csv and trace-P.json.
/// Thread: one.
class SimulationFiles {
 public:
  /// `folder` exists. Errors: Unavailable where a file cannot be written.
  static Result<std::unique_ptr<SimulationFiles>> Make(const std::string& folder,
                                                       const std::string& policy, const Slo& slo);

  Observer& observer() { return both_; }
  /// Ends both files. Errors: Unavailable where something could not be written.
  Status Close();
  std::int64_t num_dropped() const { return trace_.num_dropped(); }

 private:
  SimulationFiles(RequestCsv csv, StepTrace trace)
      : csv_(std::move(csv)), trace_(std::move(trace)), both_({&csv_, &trace_}) {}

  RequestCsv csv_;
  StepTrace trace_;
  TeeObserver both_;
};

/// Makes the folder and those above it, as needed.
/// Errors: InvalidArgument where that is not possible.
Status MakeFolder(const std::string& path);

}  // namespace braid
