#pragma once

#include "base/status.h"
#include "planner/sim/report/output_file.h"
#include "planner/sim/report/slo.h"
#include "planner/sim/request_record.h"

#include <string>

namespace braid {

/// Writes one line per request as it ends, so in order of finishing; the columns are those of
/// docs/metrics.md and only ever get new ones at the end. Times are whole nanoseconds of the run,
/// empty where something never happened.
/// Thread: one.
class RequestCsv final : public Observer {
 public:
  /// Errors: Unavailable where the file cannot be written.
  static Result<RequestCsv> Make(const std::string& path, Slo slo);

  void OnFinished(const RequestRecord& record) override;
  /// Errors: Unavailable where a line could not be written (a full disk).
  Status Close() { return file_.Close(); }

 private:
  RequestCsv(OutputFile file, Slo slo);

  OutputFile file_;
  Slo slo_;
};

}  // namespace braid
