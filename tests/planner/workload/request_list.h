#pragma once

#include "base/status.h"
#include "planner/sim/workload/workload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace braid {

/// All requests of a source that opened; fails the test, with the message, where it did not.
inline std::vector<Request> AllOf(Result<std::unique_ptr<RequestSource>> source) {
  std::vector<Request> requests;
  EXPECT_TRUE(source.ok()) << source.status().ToString();
  if (!source.ok()) return requests;
  Request request;
  while ((*source)->Next(request)) requests.push_back(request);
  EXPECT_TRUE((*source)->status().ok()) << (*source)->status().ToString();
  return requests;
}

/// The figures that published workloads are described by.
struct LengthStatistics {
  double mean = 0;
  double rms = 0;
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
};

inline LengthStatistics StatisticsOf(std::vector<std::int64_t> lengths) {
  LengthStatistics result;
  std::sort(lengths.begin(), lengths.end());
  const auto count = static_cast<double>(lengths.size());
  for (const std::int64_t length : lengths) {
    const auto value = static_cast<double>(length);
    result.mean += value / count;
    result.rms += value * value / count;
  }
  result.rms = std::sqrt(result.rms);
  const auto at = [&](double q) {
    return static_cast<double>(lengths[static_cast<std::size_t>(q * count)]);
  };
  result.p50 = at(0.5);
  result.p90 = at(0.9);
  result.p99 = at(0.99);
  return result;
}

inline std::vector<std::int64_t> PromptsOf(const std::vector<Request>& requests) {
  std::vector<std::int64_t> lengths;
  for (const Request& request : requests) lengths.push_back(request.prompt_tokens);
  return lengths;
}

inline std::vector<std::int64_t> OutputsOf(const std::vector<Request>& requests) {
  std::vector<std::int64_t> lengths;
  for (const Request& request : requests) lengths.push_back(request.output_tokens);
  return lengths;
}

}  // namespace braid
