#pragma once

#include <cstdint>

namespace braid {

/// Which template a step runs: all that its times depend on beside sizes.
struct StepSignature {
  std::int32_t degree = 1;  ///< instances of the group
  bool prefill = false;     ///< has chunks of prompts
  bool decode = false;      ///< has decode rows
  bool sampled = true;      ///< yields logits
  bool move = false;        ///< a move of KV; nothing else but across_nodes is set
  bool token_split = false;
  bool across_nodes = false;      ///< the group's instances lie in more than one node
  bool exchange_in_turn = false;  ///< LoongServe's released order: no message under attention

  bool operator==(const StepSignature&) const = default;
};

}  // namespace braid
