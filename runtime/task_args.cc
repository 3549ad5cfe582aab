#include "runtime/task_args.h"

namespace braid {

OperatorArgs MakeOperatorArgs(const Strand& strand, const TaskPlace& place,
                              const Parameters& parameters, const Activations& activations,
                              const KvMemory& kv) {
  const Task& task = strand.tmpl().tasks[place.task];
  const Bindings& bindings = strand.bindings();
  const ModelSpec& spec = parameters.spec();
  const std::int32_t rows = bindings.Rows(task.rows);
  const auto view = [&](Buffer buffer) { return activations.View(buffer, rows); };
  switch (task.kind) {
    case TaskKind::kEmbed:
      return EmbedArgs{.table = parameters.Matrix(task.weight, place.layer),
                       .first_token = parameters.shard().vocab.begin,
                       .tokens = bindings.tokens,
                       .out = view(task.out)};
    case TaskKind::kRmsNorm:
      return RmsNormArgs{.x = view(task.in),
                         .weight = parameters.Vector(task.weight, place.layer),
                         .epsilon = spec.norm_epsilon,
                         .out = view(task.out)};
    case TaskKind::kMatMul:
      return MatMulArgs{.x = view(task.in),
                        .weight = parameters.Matrix(task.weight, place.layer),
                        .bias = parameters.Vector(task.weight2, place.layer),
                        .out = view(task.out)};
    case TaskKind::kRotate:
      return RotateArgs{.x = view(task.in),
                        .head_dim = spec.head_dim,
                        .positions = bindings.positions,
                        .frequencies = parameters.rope_frequencies(),
                        .interleaved = spec.rope.pairing == RopePairing::kInterleaved,
                        .norm_weight = parameters.Vector(task.weight2, place.layer),
                        .norm_epsilon = spec.norm_epsilon};
    case TaskKind::kStoreKv:
      return StoreKvArgs{.k = view(task.in),
                         .v = view(task.in2),
                         .slots = bindings.kv_slots,
                         .cache = kv.Layer(place.layer)};
    case TaskKind::kAttention:
      return AttentionArgs{.q = view(task.in),
                           .cache = kv.Layer(place.layer),
                           .requests = strand.request_rows(),
                           .kv_head_of = parameters.kv_head_of(),
                           .out = view(task.out)};
    case TaskKind::kSwiGlu:
      return SwiGluArgs{.gate = view(task.in), .up = view(task.in2), .out = view(task.out)};
    case TaskKind::kAdd:
      return AddArgs{.x = view(task.out), .y = view(task.in)};
    case TaskKind::kSelectRows:
      return SelectRowsArgs{.x = activations.View(task.in, bindings.num_rows()),
                            .rows = bindings.sampled_rows,
                            .out = view(task.out)};
    case TaskKind::kAllReduce:
    case TaskKind::kGather:
    case TaskKind::kSend:
    case TaskKind::kReceive:
      break;
    case TaskKind::kPackBlock:
    case TaskKind::kRingShift:
    case TaskKind::kAttendBlock:
    case TaskKind::kRetainKv:
    case TaskKind::kQueryExchange:
    case TaskKind::kPartialExchange:
    case TaskKind::kMergePartials:
    case TaskKind::kSendKv:
    case TaskKind::kReceiveKv:
      BRAID_CHECK(false && "a template of several instances cannot be executed yet");
  }
  BRAID_CHECK(false && "a communication has no operator");
}

}  // namespace braid
