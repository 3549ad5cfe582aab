#pragma once

#include "parallel/template_builder.h"
#include "plan/program.h"

#include <cstdint>

namespace braid {

/// Along what a task may be cut in pieces that run apart, without a bit of its result changing.
/// Never along K: sums keep one order.
enum class CutAxis : std::uint8_t {
  kNone,     ///< one piece
  kColumns,  ///< output columns: products
  kRows,     ///< rows: what works on each row by itself
  kNumbers,  ///< elements of the message: sums (each is added in rank order, cut or not)
};

CutAxis LegalCut(TaskKind kind);

/// The most pieces that a task can be cut into: columns, rows or numbers of its output, at least 1.
/// Persistent lanes cut a task that is not of the primary into as many pieces as keep each below
/// their quantum, and at most so many.
std::int64_t MaxPieces(const Template& tmpl, const Task& task, std::int64_t rows);

/// `liger`: cuts every product of the layers and of the output by output columns into `pieces`
/// pieces of nearly equal width (EvenCut), or into as many as it has columns. Which pieces run when
/// is the executor's to decide.
/// Cost: no messages; the same arithmetic.
/// Source: Liger, PPoPP'24, section 3.6.
void CutProducts(std::int32_t pieces, TemplateDraft* draft);

/// `token-split`: every task of a layer becomes two, each for one half of the step's rows, merged
/// so that one half computes while the other communicates. Halves meet in KV only: in a prefill the
/// second half's attention follows the first half's storing.
///
/// A half's tasks are taken up to and including a communication, then the other half's; a ring
/// stays in one piece, since the second ring carries KV that the first one retained. Where the last
/// thing of a layer is a sum and the addition of its result, the second half adds at the start of
/// the next layer (Task::skips_first_layer) and once in the epilogue, so that this sum too is
/// overlapped. Cost: the same bytes in twice as many messages; with a ring, the first half's KV
/// travels again in
///       the second ring (d - 1 hops of half the chunk).
/// Source: ISO, arXiv:2409.11155; TokenWeave, arXiv:2505.11329.
void SplitTokens(TemplateDraft* draft);

}  // namespace braid
