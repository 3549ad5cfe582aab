#pragma once

#include "parallel/template_builder.h"
#include "plan/model_spec.h"

namespace braid {

/// The whole model on one rank: the draft that every way of splitting rewrites.
/// With `sampled`, the epilogue turns the sampled rows into logits; otherwise it is empty.
///
///   prologue   embed -> residual
///   layer      norm -> q, k, v -> rotate -> store -> attention -> output product -> add
///              norm -> gate, up -> swiglu -> down product -> add
///   epilogue   select -> norm -> output product -> logits
TemplateDraft DraftTransformer(const ModelSpec& spec, bool sampled);

}  // namespace braid
