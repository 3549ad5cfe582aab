#pragma once

#include "planner/batching/batching.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace braid {

/// A kind of queue to batch: prompt lengths log-uniform in [shortest, longest].
struct BatchingWorkload {
  double shortest = 16;
  double longest = 2300;
  std::int32_t num_requests = 64;
  std::int32_t num_instances = 8;
};

/// One problem with what it borrows.
struct BatchingDraw {
  std::vector<BatchingRequest> requests;
  std::vector<BatchingInstance> instances;
  std::vector<PrefillLine> lines;

  BatchingProblem Problem(BatchingObjective objective, BatchingMethod method) const {
    return {.requests = requests,
            .instances = instances,
            .lines = lines,
            .objective = objective,
            .method = method};
  }
};

/// Like two A800 an instance and a model of 7B (loosely: SP4TP2 of LoongServe's figure 3, a growing
/// and b, c falling with the degree).
inline std::vector<PrefillLine> A800Lines(std::int32_t max_degree) {
  std::vector<PrefillLine> lines(1);
  for (std::int32_t degree = 1; degree <= max_degree; ++degree) {
    const double d = degree;
    lines.push_back({.a_ns = 16e6 + 7e6 * d,
                     .b_ns = 4e4 / d * (1 + 0.02 * (d - 1)),
                     .c_ns = 0.775 / d * (1 + 0.01 * (d - 1))});
  }
  return lines;
}

/// Free slots between a quarter and all of 210,000 an instance, or 1.15 times what the prompts need
/// in all where that is more: tight, and rarely infeasible. Limits: 25 x the time alone on four
/// instances, at least 15 s, half of them largely waited for.
inline BatchingDraw DrawBatching(const BatchingWorkload& workload, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto uniform = [&random] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  BatchingDraw draw;
  draw.lines = A800Lines(workload.num_instances);
  const PrefillLine& alone =
      draw.lines[static_cast<std::size_t>(std::min<std::int32_t>(4, workload.num_instances))];
  double needed = 0;
  for (std::int32_t r = 0; r < workload.num_requests; ++r) {
    const double length =
        std::floor(workload.shortest * std::pow(workload.longest / workload.shortest, uniform()));
    needed += length;
    const double limit = std::max(15e9, 25 * alone.Ns(length, length * length));
    draw.requests.push_back({.tokens = static_cast<std::int64_t>(length),
                             .pairs = length * length,
                             .slots = static_cast<std::int64_t>(length),
                             .length = length,
                             .waited_ns = static_cast<std::int64_t>(limit * 1.1 * uniform()),
                             .limit_ns = static_cast<std::int64_t>(limit)});
  }
  double free_slots = 0;
  std::vector<double> share;
  for (std::int32_t i = 0; i < workload.num_instances; ++i) {
    share.push_back(210000 * (0.25 + 0.75 * uniform()));
    free_slots += share.back();
  }
  const double stretch = std::max(1.0, 1.15 * needed / free_slots);
  for (std::int32_t i = 0; i < workload.num_instances; ++i) {
    draw.instances.push_back(
        {.free_slots = static_cast<std::int64_t>(share[static_cast<std::size_t>(i)] * stretch),
         .node = i / 4});
  }
  return draw;
}

}  // namespace braid
