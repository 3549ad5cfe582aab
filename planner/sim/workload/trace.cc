#include "planner/sim/workload/trace.h"

#include "planner/sim/workload/arrival_process.h"
#include "planner/sim/workload/trace_reader.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

namespace braid {
namespace {

// What the first reading found of the part that is played.
struct TraceExtent {
  std::int64_t num_rows = 0;
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;

  double span_ns() const { return static_cast<double>(last_ns - first_ns); }
};

Result<TraceExtent> Measure(TraceReader& reader, const TraceOptions& options) {
  TraceExtent extent;
  TraceRow row;
  std::int64_t index = 0;
  while (options.num_requests == 0 || extent.num_rows < options.num_requests) {
    ASSIGN_OR_RETURN(const bool found, reader.Next(row));
    if (!found) break;
    if (index++ < options.offset) continue;
    if (extent.num_rows++ == 0) extent.first_ns = row.time_ns;
    extent.last_ns = row.time_ns;
  }
  if (index == 0) return InvalidArgument(reader.name() + ": the trace has no requests");
  if (extent.num_rows == 0) {
    return InvalidArgument(reader.name() + ": the trace has " + std::to_string(index) +
                           " requests, and an offset of " + std::to_string(options.offset) +
                           " leaves none; choose a smaller one");
  }
  return extent;
}

// By how much times are stretched.
Result<double> Stretch(const std::string& name, const TraceExtent& extent,
                       const TraceOptions& options) {
  double stretch = 1 / options.rate_scale;
  if (options.rate > 0) {
    if (extent.last_ns == extent.first_ns) {
      return InvalidArgument(name + ": all " + std::to_string(extent.num_rows) +
                             " requests arrive at the same moment, so they have no rate that could "
                             "be scaled; leave out the rate");
    }
    stretch = static_cast<double>(extent.num_rows) * 1e9 / options.rate / extent.span_ns();
  }
  if (extent.span_ns() * stretch > static_cast<double>(kLastArrivalNs)) {
    return InvalidArgument(name +
                           ": at this rate the last request arrives after more than 146 "
                           "years; choose a higher rate or fewer requests");
  }
  return stretch;
}

class TraceSource final : public RequestSource {
 public:
  TraceSource(TraceReader reader, const TraceExtent& extent, const TraceOptions& options,
              double stretch)
      : reader_(std::move(reader)), extent_(extent), options_(options), stretch_(stretch) {}

  bool Next(Request& request) override {
    if (!status_.ok() || index_ == extent_.num_rows) return false;
    TraceRow row;
    if (!ReadRow(row)) return false;
    request = options_.limit.MakeRequest(row.prompt_tokens, row.output_tokens);
    request.id = static_cast<std::uint64_t>(index_++);
    request.arrival_ns = ArrivalNs(row.time_ns);
    return true;
  }

  Status status() const override { return status_; }

 private:
  bool ReadRow(TraceRow& row) {
    for (; skipped_ <= options_.offset; ++skipped_) {
      const Result<bool> found = reader_.Next(row);
      if (!found.ok()) {
        status_ = found.error();
      } else if (!*found) {
        status_ = Unavailable(reader_.name() + " became shorter while it was read; start again");
      }
      if (!status_.ok()) return false;
    }
    skipped_ = options_.offset;
    return true;
  }

  std::int64_t ArrivalNs(std::int64_t time_ns) const {
    const std::int64_t since_first = time_ns - extent_.first_ns;
    if (stretch_ == 1) return since_first;  // exact however long the trace
    return static_cast<std::int64_t>(std::floor(static_cast<double>(since_first) * stretch_ + 0.5));
  }

  TraceReader reader_;
  TraceExtent extent_;
  TraceOptions options_;
  double stretch_;
  std::int64_t skipped_ = 0;
  std::int64_t index_ = 0;
  Status status_;
};

Result<std::unique_ptr<RequestSource>> Open(TraceReader reader, const TraceOptions& options) {
  ASSIGN_OR_RETURN(const TraceExtent extent, Measure(reader, options));
  ASSIGN_OR_RETURN(const double stretch, Stretch(reader.name(), extent, options));
  RETURN_IF_ERROR(reader.Rewind());
  return std::unique_ptr<RequestSource>(
      std::make_unique<TraceSource>(std::move(reader), extent, options, stretch));
}

}  // namespace

TraceOptions TraceOptionsOf(const WorkloadSpec& spec) {
  return {.rate = spec.rate,
          .rate_scale = spec.rate_scale,
          .num_requests = spec.num_requests,
          .offset = spec.offset,
          .limit = {.oracle = spec.oracle, .max_output_tokens = spec.max_output_tokens}};
}

Result<std::unique_ptr<RequestSource>> OpenTrace(const std::string& path,
                                                 const TraceOptions& options) {
  std::error_code error;
  const auto kind = std::filesystem::status(path, error).type();
  if (kind == std::filesystem::file_type::not_found) {
    return NotFound("no trace at " + path + "; check the path");
  }
  if (kind != std::filesystem::file_type::regular) {
    return InvalidArgument(path + " is not a file; a trace is read twice, so save it to one");
  }
  auto stream = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!stream->is_open()) return NotFound("cannot open the trace " + path + "; check its rights");
  return Open(TraceReader(std::move(stream), path), options);
}

Result<std::unique_ptr<RequestSource>> OpenTraceText(std::string text, const std::string& name,
                                                     const TraceOptions& options) {
  return Open(TraceReader(std::make_unique<std::istringstream>(std::move(text)), name), options);
}

}  // namespace braid
