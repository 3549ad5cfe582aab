#pragma once

#include "planner/cost/cost_model.h"

#include <cstdint>

namespace braid {

/// The least that one unit of work keeps one lane of one instance busy, over all kinds of step that
/// could do it; ns. What a group of d instances spends counts d times.
struct LaneCosts {
  /// Matrix products, whose weights must also be read once a step: `read_ns`. A step's products
  /// take the larger of the two.
  struct Products {
    double unit_ns = 0;
    double read_ns = 0;
  };
  Products row_products;      ///< a token through the layers
  Products sampled_products;  ///< a row that yields a token, through the output matrix
  double row_ns = 0;          ///< the rest of a token's work
  double sampled_ns = 0;
  double pair_ns = 0;     ///< of (p + n)^2 - p^2 of a prompt's chunks
  double context_ns = 0;  ///< a KV token that a decode row reads
  double step_ns = 0;     ///< an instance in a step that yields a token: launches, latencies
};

struct LowestCosts {
  LaneCosts compute;
  LaneCosts network;
  double token_step_ns = 0;  ///< from its start to its end, the shortest step that yields a token
};

/// Cost: builds all templates with prompts or decode rows, of every degree up to `max_degree`.
LowestCosts LowestCostsOf(const CostModel& cost, std::int32_t max_degree);

}  // namespace braid
