#include "engine/progress.h"

#include <string>

namespace braid {

Status Progress::Circles(std::uint64_t num_live) const {
  return Internal("the policy goes round in circles: nothing new was computed since step " +
                  std::to_string(last_step_) + ", though " + std::to_string(turns_.steps) +
                  " steps were issued after it (" + std::to_string(turns_.moves) +
                  " moves of KV), with " + std::to_string(turns_.evictions) + " evictions and " +
                  std::to_string(turns_.wakes) + " calls in which nothing ran, for " +
                  std::to_string(num_live) +
                  " live requests; a fault of the policy: report it with the settings of this "
                  "run, and take another policy or give it more KV slots");
}

}  // namespace braid
