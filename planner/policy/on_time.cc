#include "planner/policy/on_time.h"

#include <algorithm>

namespace braid {
namespace {

constexpr double kMemoryNs = 300e9;
constexpr double kShortestLimitNs = 1e9;

/// Limits of a stream lie within a factor of sqrt(2): no libm, the same everywhere.
int StreamOf(double limit_ns, int num_streams) {
  int stream = 0;
  for (double edge = kShortestLimitNs; limit_ns > edge && stream + 1 < num_streams; ++stream) {
    edge *= 1.4142135623730951;
  }
  return stream;
}

}  // namespace

void OnTime::Decay(std::int64_t now_ns) {
  // 1 / (1 + x) instead of exp(-x): steps are short against the memory.
  const double passed = static_cast<double>(now_ns - seen_ns_);
  const double kept = 1 / (1 + passed / kMemoryNs);
  for (Stream& stream : streams_) stream.work_ns *= kept;
  memory_ns_ = (memory_ns_ + passed) * kept;
  seen_ns_ = now_ns;
}

void OnTime::Arrived(std::int64_t now_ns, double work_ns, std::int64_t limit_ns) {
  Decay(now_ns);
  const double limit = static_cast<double>(limit_ns);
  Stream& stream = streams_[static_cast<std::size_t>(StreamOf(limit, kNumStreams))];
  stream.work_ns += work_ns;
  stream.limit_ns = limit;
}

/// Work that will arrive from now on and be due before `due_ns` from now.
double OnTime::ExpectedBefore(double due_ns) const {
  if (memory_ns_ <= 0) return 0;
  double work = 0;
  for (const Stream& stream : streams_) {
    if (stream.work_ns > 0 && due_ns > stream.limit_ns) {
      work += stream.work_ns / memory_ns_ * (due_ns - stream.limit_ns);
    }
  }
  return work;
}

void OnTime::Choose(std::int64_t now_ns, std::span<DueWork*> jobs) {
  Decay(now_ns);
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const DueWork* a, const DueWork* b) { return a->due_ns < b->due_ns; });
  const auto smaller = [](const DueWork* a, const DueWork* b) { return a->work_ns < b->work_ns; };
  heap_.clear();
  spared_heap_.clear();
  double done_ns = 0;
  for (DueWork* job : jobs) {
    job->on_time = true;
    done_ns += job->work_ns;
    auto& own = job->spared ? spared_heap_ : heap_;
    own.push_back(job);
    std::push_heap(own.begin(), own.end(), smaller);
    const double due = static_cast<double>(job->due_ns);
    if (done_ns + ExpectedBefore(due) <= due) continue;
    auto& from = heap_.empty() ? spared_heap_ : heap_;
    std::pop_heap(from.begin(), from.end(), smaller);
    from.back()->on_time = false;
    done_ns -= from.back()->work_ns;
    from.pop_back();
  }
}

}  // namespace braid
