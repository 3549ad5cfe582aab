#include "parallel/transformer.h"

namespace braid {
namespace {

Task MatMul(Buffer in, Weight weight, Buffer out, Weight bias = Weight::kNone) {
  return {.kind = TaskKind::kMatMul, .in = in, .out = out, .weight = weight, .weight2 = bias};
}

Task Norm(Buffer in, Weight weight, Buffer out) {
  return {.kind = TaskKind::kRmsNorm, .in = in, .out = out, .weight = weight};
}

Task Rotate(Buffer buffer, Weight norm) {
  return {.kind = TaskKind::kRotate, .in = buffer, .out = buffer, .weight2 = norm};
}

Task Accumulate(Buffer from, Buffer into) {
  return {.kind = TaskKind::kAdd, .in = from, .out = into};
}

std::vector<Task> DraftLayer(const ModelSpec& spec) {
  const auto bias = [&](Weight weight) { return spec.qkv_bias ? weight : Weight::kNone; };
  const auto norm = [&](Weight weight) { return spec.qk_norm ? weight : Weight::kNone; };
  return {
      Norm(Buffer::kResidual, Weight::kAttentionNorm, Buffer::kNormed),
      MatMul(Buffer::kNormed, Weight::kQuery, Buffer::kQuery, bias(Weight::kQueryBias)),
      MatMul(Buffer::kNormed, Weight::kKey, Buffer::kKey, bias(Weight::kKeyBias)),
      MatMul(Buffer::kNormed, Weight::kValue, Buffer::kValue, bias(Weight::kValueBias)),
      Rotate(Buffer::kQuery, norm(Weight::kQueryNorm)),
      Rotate(Buffer::kKey, norm(Weight::kKeyNorm)),
      {.kind = TaskKind::kStoreKv, .in = Buffer::kKey, .in2 = Buffer::kValue, .out = Buffer::kKv},
      {.kind = TaskKind::kAttention,
       .in = Buffer::kQuery,
       .in2 = Buffer::kKv,
       .out = Buffer::kAttended},
      MatMul(Buffer::kAttended, Weight::kAttentionOutput, Buffer::kPartial),
      Accumulate(Buffer::kPartial, Buffer::kResidual),
      Norm(Buffer::kResidual, Weight::kFfnNorm, Buffer::kNormed),
      MatMul(Buffer::kNormed, Weight::kGate, Buffer::kGate),
      MatMul(Buffer::kNormed, Weight::kUp, Buffer::kUp),
      {.kind = TaskKind::kSwiGlu, .in = Buffer::kGate, .in2 = Buffer::kUp, .out = Buffer::kGate},
      MatMul(Buffer::kGate, Weight::kDown, Buffer::kPartial),
      Accumulate(Buffer::kPartial, Buffer::kResidual),
  };
}

std::vector<Task> DraftOutput() {
  std::vector<Task> tasks = {
      {.kind = TaskKind::kSelectRows, .in = Buffer::kResidual, .out = Buffer::kSelected},
      Norm(Buffer::kSelected, Weight::kOutputNorm, Buffer::kSelected),
      MatMul(Buffer::kSelected, Weight::kOutput, Buffer::kLogits),
  };
  for (Task& task : tasks) task.rows = RowSet::kSampled;
  return tasks;
}

}  // namespace

TemplateDraft DraftTransformer(const ModelSpec& spec, bool sampled) {
  TemplateDraft draft;
  draft.prologue = {
      {.kind = TaskKind::kEmbed, .out = Buffer::kResidual, .weight = Weight::kTokenEmbedding}};
  draft.layer = DraftLayer(spec);
  if (sampled) draft.epilogue = DraftOutput();

  Template& header = draft.header;
  header.layers = {0, spec.num_layers};
  header.sampled = sampled;
  const auto width = [&header](Buffer buffer) -> std::int32_t& {
    return header.widths[static_cast<std::size_t>(buffer)];
  };
  width(Buffer::kResidual) = spec.model_dim;
  width(Buffer::kNormed) = spec.model_dim;
  width(Buffer::kPartial) = spec.model_dim;
  width(Buffer::kQuery) = spec.num_heads * spec.head_dim;
  width(Buffer::kAttended) = spec.num_heads * spec.head_dim;
  width(Buffer::kKey) = spec.num_kv_heads * spec.head_dim;
  width(Buffer::kValue) = spec.num_kv_heads * spec.head_dim;
  width(Buffer::kGate) = spec.ffn_dim;
  width(Buffer::kUp) = spec.ffn_dim;
  if (sampled) {
    width(Buffer::kSelected) = spec.model_dim;
    width(Buffer::kLogits) = spec.vocab_size;
  }
  return draft;
}

}  // namespace braid
