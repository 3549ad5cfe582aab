#pragma once

#include "base/status.h"
#include "parallel/layout/group_mesh.h"
#include "plan/model_spec.h"
#include "plan/program.h"
#include "plan/step.h"

#include <vector>

namespace braid {

/// All that the template of a step depends on, beside model and mesh. Steps with equal signatures
/// share their templates; only bindings differ.
struct GroupSignature {
  bool prefill = false;      ///< has striped requests: a ring. Degree 1: no difference to `decode`
  bool decode = false;       ///< has mastered requests: queries travel. Degree 1: as `prefill`
  bool sampled = true;       ///< yields logits
  bool token_split = false;  ///< rows in two halves, one computes while one communicates
  std::int32_t product_pieces = 1;  ///< `liger`: pieces that each product is cut into, if it can be
  std::int32_t move_sources = 0;    ///< > 0: a move of KV from so many first instances to the rest
  bool exchange_in_turn = false;    ///< LoongServe's released order: nothing overlaps attention

  bool operator==(const GroupSignature&) const = default;
};

/// The signature of a step that ValidateStep accepts.
GroupSignature SignatureOf(const Step& step, std::int32_t product_pieces = 1);

/// The template that one rank of a group runs. With one instance and nothing split or cut it is
/// Lower's, to the last bit. All ranks of a group must lower the same signature; CheckGroup holds
/// them against each other.
///
/// A layer with d > 1 instances, between the rotation of q and k and the output product
/// (parallel/sequence_prefill.h, parallel/sequence_decode.h):
///
///   prefill   pack own block; d - 1 times {shift block s on, retain and attend to block s}; the
///   last
///             block is only retained and attended to; merge
///   decode    store; exchange queries while own KV is attended to; attend for peers; exchange
///             partials; merge
///   both      the decode's exchanges go before the first and the second shift
///
/// A template says how long a task takes through widths: bytes of a message and of what a task
/// reads are rows x widths[buffer] x element size, rows being those of the task's RowSet (see
/// Bindings). Cost: tens of microseconds; cache it by signature. Errors: InvalidArgument where the
/// model cannot be split so (see ShardOf), where a signature asks for what no template can be (no
/// rows of any kind, a move that also computes, no destination).
Result<Template> LowerGroup(const ModelSpec& spec, const GroupMesh& mesh, const GroupRank& rank,
                            const GroupSignature& signature);

/// All ranks' templates, by rank of the group.
/// Errors: those of LowerGroup.
Result<std::vector<Template>> LowerWholeGroup(const ModelSpec& spec, const GroupMesh& mesh,
                                              const GroupSignature& signature);

}  // namespace braid
