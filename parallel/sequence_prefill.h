#pragma once

#include "parallel/template_builder.h"

#include <cstdint>

namespace braid {

/// What a rewrite for several instances knows of its rank.
struct SequenceSplit {
  std::int32_t degree = 2;
  std::uint8_t group = 0;      ///< index into Template::groups: the same rank of every instance, in
                               ///< ring order
  std::int32_t num_heads = 0;  ///< query heads of this rank
  bool exchange_in_turn = false;  ///< as GroupSignature
};

/// Sequence parallelism for prompts: rows are striped over the instances of a ring, weights are
/// replicated, KV circulates. In place of storing and attending, a layer packs this instance's KV
/// (of earlier chunks, wherever they lie, and of the new stripe) as visiting block 0; at each of d
/// ring steps a block is attended to by all local queries and leaves what stays here (retention:
/// how KV gets to fewer instances, or to others, without a message of its own). The last step sends
/// nothing.
///
/// A shift is issued before the attention to the block it sends, so that both go on together; there
/// are two buffers, so the next shift waits for that attention. With exchange_in_turn it is issued
/// after it, as in LoongServe's released code, and nothing overlaps.
/// Cost: d - 1 shifts a layer; shift s sends block s: tokens of the block * 2 * KV heads * head_dim
///       f32, and receives the block of the instance before; nothing for retention.
/// Source: LoongServe, arXiv:2404.09526, sections 4.1 and 5.4; ring attention, arXiv:2310.01889.
void SplitSequencePrefill(const SequenceSplit& split, TemplateDraft* draft);

}  // namespace braid
