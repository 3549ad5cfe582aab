#include "planner/sim/clock/clock_run.h"

#include <algorithm>
#include <numeric>

namespace braid {

void ClockRun::Start(std::span<const StrandStart> strands, const ClockOptions& options,
                     ClockResult* result) {
  strands_ = strands;
  options_ = options;
  result_ = result;
  result->strands.assign(strands.size(), StrandResult());
  result->end_ns = 0;
  result->busy_ns = {};
  result->trace.clear();
  lanes_ = LanePair(contention_);

  by_arrival_.resize(strands.size());
  std::iota(by_arrival_.begin(), by_arrival_.end(), 0);
  std::sort(by_arrival_.begin(), by_arrival_.end(), [&](std::int32_t a, std::int32_t b) {
    if (start(a).arrival_ns != start(b).arrival_ns) {
      return start(a).arrival_ns < start(b).arrival_ns;
    }
    return a < b;
  });
  num_admitted_ = 0;
  PeekArrival();
}

void ClockRun::PeekArrival() {
  next_arrival_ns_ = num_admitted_ < by_arrival_.size()
                         ? start(by_arrival_[num_admitted_]).arrival_ns
                         : LanePair::kNever;
}

std::int32_t ClockRun::Admit(std::int64_t now_ns) {
  const std::int32_t strand = by_arrival_[num_admitted_++];
  row(strand).start_ns = now_ns;
  PeekArrival();
  return strand;
}

void ClockRun::BreakOff(std::size_t lane, std::int32_t strand, std::int64_t now_ns) {
  Book(lane, strand, now_ns - lanes_[lane].start_ns,
       lanes_[lane].units - lanes_.UnfinishedUnits(lane, now_ns));
}

void ClockRun::End(std::int64_t now_ns) {
  for (StrandResult& row : result_->strands) row.work_ns /= LanePair::kUnitsPerNs;
  result_->end_ns = now_ns;
}

void ClockRun::Trace(std::size_t lane, const Part& part, std::int64_t now_ns) {
  result_->trace.push_back({.strand = part.strand,
                            .unrolled = part.unrolled,
                            .repeat = row(part.strand).completed,
                            .lane = static_cast<Lane>(lane),
                            .last_piece = part.last,
                            .start_ns = lanes_[lane].start_ns,
                            .end_ns = now_ns});
}

}  // namespace braid
