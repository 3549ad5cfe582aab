#pragma once

#include "parallel/sequence_prefill.h"
#include "parallel/template_builder.h"

namespace braid {

/// Sequence parallelism for rows that belong to a master (decode, and prompts short enough for one
/// instance): queries travel, KV stays. A layer stores the new KV in the master, sends the queries
/// to the other instances that hold KV of the request, attends to local KV while they travel,
/// attends for the peers, returns their partials (o, lse) and merges. Only who owns rows runs
/// linear layers.
///
/// Which queries go where is in the bindings: an instance without KV of a request gets none of its
/// queries and contributes nothing; a new master (scale-up) needs no KV moved to it. With
/// exchange_in_turn local attention waits for the peers' queries, as in LoongServe's released code.
///
/// Behind SplitSequencePrefill (a step with both), the exchanges go before the first and the second
/// shift, and peers are attended for between the first two blocks, whose attention hides them.
/// Cost: per layer two exchanges; a row sends heads * head_dim f32 to each other owner, which
///       returns heads * (head_dim + 1) f32.
/// Source: LoongServe, arXiv:2404.09526, sections 4.2 and 5.4.
void SplitSequenceDecode(const SequenceSplit& split, TemplateDraft* draft);

}  // namespace braid
