#pragma once

#include "planner/sim/workload/length_sampler.h"
#include "planner/sim/workload/named_workloads.h"
#include "planner/sim/workload/random.h"

#include <cstdint>
#include <vector>

namespace braid {

/// The lengths of one request, before the user's limit on outputs.
struct RequestLengths {
  std::int64_t prompt = 0;
  std::int64_t output = 0;
  bool left_out = false;  ///< a long one of a workload that is played without them
};

/// Draws requests from a mixture of classes, or from the union of the data sets' prompts that
/// LoongServe snaps its Zipf targets to.
/// Thread: immutable; any.
class TrafficSampler {
 public:
  /// `num_kept` classes are played, the others drawn and left out.
  TrafficSampler(const std::vector<TrafficClass>& classes, std::size_t num_kept);
  explicit TrafficSampler(double zipf_alpha);

  RequestLengths Draw(Random& random) const;

 private:
  struct Class {
    double weight_until;  // of this class and those before it
    LengthSampler prompt;
    LengthSampler output;
  };
  RequestLengths DrawSnapped(Random& random) const;

  std::vector<Class> classes_;
  std::size_t num_kept_;
};

/// The prompt of ShareGPT, L-Eval and LV-Eval nearest to `target`: itself, but in the gap between
/// the longest of the first and the shortest of the second.
std::int64_t SnapToSets(std::int64_t target);

/// How probable it is that a prompt of `tokens` >= 2,700 is L-Eval's and not LV-Eval's, by the
/// density of their prompts around that length. LV-Eval's is taken as even in ln(tokens) over all
/// its levels: its prompts are less separated than five plain intervals.
double ShareOfLEval(std::int64_t tokens);

}  // namespace braid
