#pragma once

#include "planner/batching/batching.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

namespace braid {

/// The batching problem by its definition, sharing no code with the search: orders, costs request
/// by request, and either every combination of intervals or the recurrence without any pruning.
class BatchingReference {
 public:
  explicit BatchingReference(const BatchingProblem& problem) : problem_(problem) {
    requests_.assign(problem.requests.begin(), problem.requests.end());
    std::stable_sort(requests_.begin(), requests_.end(), [](const auto& a, const auto& b) {
      return a.tokens != b.tokens ? a.tokens > b.tokens : a.pairs > b.pairs;
    });
    for (const BatchingInstance& instance : problem.instances) free_.push_back(instance.free_slots);
    std::sort(free_.rbegin(), free_.rend());
  }

  std::size_t num_requests() const { return requests_.size(); }
  std::size_t num_instances() const { return free_.size(); }
  std::size_t max_degree() const { return problem_.lines.size() - 1; }

  bool Fits(std::size_t j, std::size_t i, std::size_t l, std::size_t k) const {
    std::int64_t needed = 0;
    for (std::size_t r = j; r < i; ++r) needed += requests_[r].slots;
    std::int64_t room = 0;
    for (std::size_t s = l; s < k; ++s) room += free_[s];
    return needed <= room && k - l <= max_degree();
  }

  double Cost(std::size_t j, std::size_t i, std::size_t degree) const {
    double tokens = 0;
    double pairs = 0;
    for (std::size_t r = j; r < i; ++r) {
      tokens += static_cast<double>(requests_[r].tokens);
      pairs += requests_[r].pairs;
    }
    const PrefillLine& line = problem_.lines[degree];
    const double t = line.a_ns + line.b_ns * tokens + line.c_ns * pairs;
    double cost = 0;
    for (std::size_t r = j; r < i; ++r) {
      const BatchingRequest& request = requests_[r];
      const double limit = static_cast<double>(request.limit_ns);
      switch (problem_.objective) {
        case BatchingObjective::kNormalisedLatency:
          cost += t / request.length;
          break;
        case BatchingObjective::kTimeToFirstToken:
          cost += t;
          break;
        case BatchingObjective::kSloHinge:
          cost += std::max(0.0, (static_cast<double>(request.waited_ns) + t - limit) / limit) +
                  problem_.time_weight * t / limit;
          break;
      }
    }
    return cost;
  }

  /// Every way to cut requests and instances; infinity if none fits.
  double BruteForce() const { return Enumerate(0, 0); }

  /// f[i][k] in all its O(n^2 m^2).
  double Recurrence() const {
    const double infinity = std::numeric_limits<double>::infinity();
    const std::size_t n = num_requests();
    const std::size_t m = num_instances();
    std::vector<std::vector<double>> f(n + 1, std::vector<double>(m + 1, infinity));
    f[0][0] = 0;
    for (std::size_t i = 1; i <= n; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        for (std::size_t degree = 1; degree <= std::min(m, max_degree()); ++degree) {
          const double cost = Cost(j, i, degree);
          for (std::size_t l = 0; l + degree <= m; ++l) {
            if (Fits(j, i, l, l + degree)) {
              f[i][l + degree] = std::min(f[i][l + degree], f[j][l] + cost);
            }
          }
        }
      }
    }
    return *std::min_element(f[n].begin(), f[n].end());
  }

 private:
  double Enumerate(std::size_t i, std::size_t k) const {
    if (i == num_requests()) return 0;
    double best = std::numeric_limits<double>::infinity();
    for (std::size_t end = i + 1; end <= num_requests(); ++end) {
      // Also with instances left out between groups: that must never help.
      for (std::size_t l = k; l < num_instances(); ++l) {
        for (std::size_t e = l + 1; e <= num_instances(); ++e) {
          if (!Fits(i, end, l, e)) continue;
          best = std::min(best, Cost(i, end, e - l) + Enumerate(end, e));
        }
      }
    }
    return best;
  }

  const BatchingProblem& problem_;
  std::vector<BatchingRequest> requests_;
  std::vector<std::int64_t> free_;
};

}  // namespace braid
