#pragma once

#include "plan/step_plan.h"

#include <cstdint>
#include <string>
#include <vector>

namespace braid {

/// Something that a policy could have done instead.
struct Alternative {
  std::string what;
  double cost_ns = 0;  ///< by the measure that Decision::measure names
};

/// Why a policy did what it did.
struct Decision {
  std::int64_t now_ns = 0;
  std::uint64_t request = 0;                 ///< id
  std::string what = {};                     ///< "prefill of tokens 0..8191 on instances 2, 3"
  std::string why = {};                      ///< "least slack (3.2 s) of 4 that wait"
  std::string measure = {};                  ///< what costs mean: "time to the end of its prefill"
  double cost_ns = 0;                        ///< of what was chosen
  std::vector<Alternative> runners_up = {};  ///< cheapest first
};

/// Where policies say why; without one they do not spend time on words.
class DecisionLog {
 public:
  virtual ~DecisionLog() = default;
  virtual void Add(const Decision& decision) = 0;
};

}  // namespace braid
