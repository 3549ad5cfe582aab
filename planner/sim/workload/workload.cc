#include "planner/sim/workload/workload.h"

#include "planner/sim/workload/arrival_process.h"
#include "planner/sim/workload/output_limit.h"
#include "planner/sim/workload/trace.h"
#include "planner/sim/workload/traffic_sampler.h"

#include <memory>
#include <utility>

namespace braid {
namespace {

constexpr std::uint64_t kLengthStream = 2;

class GeneratedSource final : public RequestSource {
 public:
  GeneratedSource(const ArrivalProcess::Options& arrivals, TrafficSampler lengths,
                  OutputLimit limit)
      : arrivals_(arrivals),
        lengths_(std::move(lengths)),
        limit_(limit),
        random_(arrivals.seed, kLengthStream),
        num_requests_(arrivals.num_requests) {}

  bool Next(Request& request) override {
    while (index_ < num_requests_) {
      const auto id = static_cast<std::uint64_t>(index_++);
      const std::int64_t arrival_ns = arrivals_.Next();
      const RequestLengths lengths = lengths_.Draw(random_);
      if (lengths.left_out) continue;
      request = limit_.MakeRequest(lengths.prompt, lengths.output);
      request.id = id;
      request.arrival_ns = arrival_ns;
      return true;
    }
    return false;
  }

 private:
  ArrivalProcess arrivals_;
  TrafficSampler lengths_;
  OutputLimit limit_;
  Random random_;
  std::int64_t num_requests_;
  std::int64_t index_ = 0;
};

std::unique_ptr<RequestSource> Generate(const WorkloadSpec& spec) {
  const NamedWorkload named =
      spec.kind == WorkloadKind::kNamed ? FindNamedWorkload(spec.name) : NamedWorkload{};
  ArrivalProcess::Options arrivals;
  arrivals.arrivals = spec.arrivals;
  if (arrivals.arrivals.kind == ArrivalKind::kDefault) arrivals.arrivals.kind = named.arrivals;
  if (spec.rate > 0) arrivals.rate = spec.rate;
  arrivals.num_requests = spec.num_requests > 0 ? spec.num_requests : kDefaultGeneratedRequests;
  arrivals.seed = spec.seed;
  const OutputLimit limit{.oracle = spec.oracle, .max_output_tokens = spec.max_output_tokens};
  if (named.zipf_alpha > 0) {
    return std::make_unique<GeneratedSource>(arrivals, TrafficSampler(named.zipf_alpha), limit);
  }
  const auto& classes = spec.kind == WorkloadKind::kNamed ? named.classes : spec.classes;
  const std::size_t num_kept = spec.without_long ? named.num_short_classes : classes.size();
  return std::make_unique<GeneratedSource>(arrivals, TrafficSampler(classes, num_kept), limit);
}

}  // namespace

Result<std::unique_ptr<RequestSource>> OpenWorkload(const WorkloadSpec& spec) {
  RETURN_IF_ERROR(ValidateWorkloadSpec(spec));
  if (spec.kind == WorkloadKind::kTrace) return OpenTrace(spec.path, TraceOptionsOf(spec));
  return Generate(spec);
}

}  // namespace braid
