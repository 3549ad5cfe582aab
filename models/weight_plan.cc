#include "models/weight_plan.h"

#include "models/gguf/byte_cursor.h"

#include <algorithm>
#include <array>
#include <utility>

namespace braid {
namespace {

using Axis = WeightAxis;
using Presence = WeightPresence;

constexpr auto kAttention = &WeightSizes::attention;
constexpr auto kFfn = &WeightSizes::ffn;
constexpr auto kNorms = &WeightSizes::norms;

constexpr LayerTensorRule Matrix(std::string_view suffix, Axis rows, Axis cols,
                                 std::uint64_t WeightSizes::*category,
                                 WeightView LayerWeights::*member) {
  return {suffix, rows, cols, category, member, nullptr, Presence::kAlways};
}

constexpr LayerTensorRule Vector(std::string_view suffix, Axis axis,
                                 std::vector<float> LayerWeights::*member,
                                 Presence presence = Presence::kAlways) {
  return {suffix, Axis::kOne, axis, kNorms, nullptr, member, presence};
}

constexpr std::array kRules = {
    Vector("attn_norm.weight", Axis::kModel, &LayerWeights::attn_norm),
    Matrix("attn_q.weight", Axis::kHeads, Axis::kModel, kAttention, &LayerWeights::q),
    Matrix("attn_k.weight", Axis::kKvHeads, Axis::kModel, kAttention, &LayerWeights::k),
    Matrix("attn_v.weight", Axis::kKvHeads, Axis::kModel, kAttention, &LayerWeights::v),
    Matrix("attn_output.weight", Axis::kModel, Axis::kHeads, kAttention, &LayerWeights::o),
    Vector("attn_q.bias", Axis::kHeads, &LayerWeights::q_bias, Presence::kWithBias),
    Vector("attn_k.bias", Axis::kKvHeads, &LayerWeights::k_bias, Presence::kWithBias),
    Vector("attn_v.bias", Axis::kKvHeads, &LayerWeights::v_bias, Presence::kWithBias),
    Vector("attn_q_norm.weight", Axis::kHeadDim, &LayerWeights::q_norm, Presence::kWithQkNorm),
    Vector("attn_k_norm.weight", Axis::kHeadDim, &LayerWeights::k_norm, Presence::kWithQkNorm),
    Vector("ffn_norm.weight", Axis::kModel, &LayerWeights::ffn_norm),
    Matrix("ffn_gate.weight", Axis::kFfn, Axis::kModel, kFfn, &LayerWeights::gate),
    Matrix("ffn_up.weight", Axis::kFfn, Axis::kModel, kFfn, &LayerWeights::up),
    Matrix("ffn_down.weight", Axis::kModel, Axis::kFfn, kFfn, &LayerWeights::down),
};

constexpr LayerTensorRule kTable =
    Matrix("token_embd.weight", Axis::kVocab, Axis::kModel, &WeightSizes::embedding, nullptr);
constexpr LayerTensorRule kOutput =
    Matrix("output.weight", Axis::kVocab, Axis::kModel, &WeightSizes::output, nullptr);
constexpr LayerTensorRule kNorm = Vector("output_norm.weight", Axis::kModel, nullptr);

std::string LayerTensorName(std::int32_t layer, const LayerTensorRule& rule) {
  return "blk." + std::to_string(layer) + "." + std::string(rule.suffix);
}

IndexRange Times(IndexRange range, std::int32_t factor) {
  return {range.begin * factor, range.end * factor};
}

/// Checks tensors against one model and cuts them for one shard; lives for one PlanWeights.
class Planner {
 public:
  Planner(const GgufFile& file, const ModelSpec& spec, const ModelShard& shard,
          const LoadOptions& options)
      : file_(file), spec_(spec), shard_(shard), options_(options) {}

  Status CheckShard() const;
  /// All tensors of the model, also those of other ranks: one damaged file, one message, whoever
  /// asks, and no rank that starts while another stops.
  Status CheckAllTensors() const;
  Result<PlannedWeight> Plan(const std::string& name, const LayerTensorRule& rule);
  bool Has(const LayerTensorRule& rule) const;
  std::vector<std::string> TakeNotes();

 private:
  std::int32_t Size(Axis axis) const;
  IndexRange Own(Axis axis) const;
  Result<const GgufTensor*> Find(const std::string& name, const LayerTensorRule& rule) const;
  void Place(PlannedWeight& weight, const LayerTensorRule& rule);

  const GgufFile& file_;
  const ModelSpec& spec_;
  const ModelShard& shard_;
  const LoadOptions& options_;
  std::vector<std::pair<std::string_view, std::int32_t>> widened_;  ///< suffix, how many layers
};

Status CheckRange(std::string_view what, IndexRange range, std::int32_t size) {
  if (range.begin >= 0 && range.begin <= range.end && range.end <= size) return {};
  return InvalidArgument("a rank's share of " + std::string(what) + " is [" +
                         std::to_string(range.begin) + ", " + std::to_string(range.end) +
                         ") but the model has " + std::to_string(size));
}

Status Planner::CheckShard() const {
  RETURN_IF_ERROR(CheckRange("layers", shard_.layers, spec_.num_layers));
  RETURN_IF_ERROR(CheckRange("heads", shard_.heads, spec_.num_heads));
  RETURN_IF_ERROR(CheckRange("KV heads", shard_.kv_heads, spec_.num_kv_heads));
  RETURN_IF_ERROR(CheckRange("feed-forward rows", shard_.ffn, spec_.ffn_dim));
  return CheckRange("vocabulary rows", shard_.vocab, spec_.vocab_size);
}

std::int32_t Planner::Size(Axis axis) const {
  switch (axis) {
    case Axis::kOne:
      return 1;
    case Axis::kModel:
      return spec_.model_dim;
    case Axis::kHeads:
      return spec_.num_heads * spec_.head_dim;
    case Axis::kKvHeads:
      return spec_.num_kv_heads * spec_.head_dim;
    case Axis::kHeadDim:
      return spec_.head_dim;
    case Axis::kFfn:
      return spec_.ffn_dim;
    case Axis::kVocab:
      return spec_.vocab_size;
  }
  return 0;
}

IndexRange Planner::Own(Axis axis) const {
  switch (axis) {
    case Axis::kHeads:
      return Times(shard_.heads, spec_.head_dim);
    case Axis::kKvHeads:
      return Times(shard_.kv_heads, spec_.head_dim);
    case Axis::kFfn:
      return shard_.ffn;
    case Axis::kVocab:
      return shard_.vocab;
    default:
      return {0, Size(axis)};
  }
}

bool Planner::Has(const LayerTensorRule& rule) const {
  switch (rule.presence) {
    case Presence::kAlways:
      return true;
    case Presence::kWithBias:
      return spec_.qkv_bias;
    case Presence::kWithQkNorm:
      return spec_.qk_norm;
  }
  return false;
}

Result<const GgufTensor*> Planner::Find(const std::string& name,
                                        const LayerTensorRule& rule) const {
  GgufTensor expected{};
  expected.dims = {static_cast<std::uint64_t>(Size(rule.cols))};
  if (rule.rows != Axis::kOne) expected.dims.push_back(static_cast<std::uint64_t>(Size(rule.rows)));
  const GgufTensor* tensor = file_.FindTensor(name);
  if (tensor == nullptr) {
    return InvalidArgument(file_.name() + ": tensor " + name + " " + expected.ShapeText() +
                           " is missing; the file is incomplete, convert the model again");
  }
  if (tensor->dims != expected.dims) {
    return InvalidArgument(file_.name() + ": tensor " + name + " has shape " + tensor->ShapeText() +
                           "; expected " + expected.ShapeText() + " from the file's own metadata");
  }
  if (!tensor->type->dtype) {
    return InvalidArgument(file_.name() + ": tensor " + name + " is " +
                           std::string(tensor->type->name) +
                           ", which cannot be run; supported are " + RunnableTensorTypes() +
                           ", quantise the model to one of these");
  }
  return tensor;
}

Status Planner::CheckAllTensors() const {
  RETURN_IF_ERROR(Find(std::string(kTable.suffix), kTable).status());
  for (std::int32_t layer = 0; layer < spec_.num_layers; ++layer) {
    for (const LayerTensorRule& rule : kRules) {
      if (Has(rule)) RETURN_IF_ERROR(Find(LayerTensorName(layer, rule), rule).status());
    }
  }
  RETURN_IF_ERROR(Find(std::string(kNorm.suffix), kNorm).status());
  if (spec_.tied_embeddings) return {};
  return Find(std::string(kOutput.suffix), kOutput).status();
}

Result<PlannedWeight> Planner::Plan(const std::string& name, const LayerTensorRule& rule) {
  PlannedWeight weight;
  ASSIGN_OR_RETURN(weight.tensor, Find(name, rule));
  weight.rows = Own(rule.rows);
  weight.cols = Own(rule.cols);
  weight.category = rule.category;
  Place(weight, rule);
  return weight;
}

// Decides in which type and where a part is held.
void Planner::Place(PlannedWeight& weight, const LayerTensorRule& rule) {
  const DType stored = *weight.tensor->type->dtype;
  if (rule.rows == Axis::kOne) return;  // norms and biases: f32, own memory
  weight.dtype = options_.dtype == WeightDType::kF32 ? DType::kF32 : stored;
  const auto block = static_cast<std::int32_t>(DTypeBlockElements(stored));
  if (weight.cols.begin % block != 0 || weight.cols.end % block != 0) {
    if (weight.dtype != DType::kF32) {
      const auto same = [&](const auto& entry) { return entry.first == rule.suffix; };
      auto entry = std::find_if(widened_.begin(), widened_.end(), same);
      if (entry == widened_.end()) entry = widened_.insert(entry, {rule.suffix, 0});
      ++entry->second;
    }
    weight.dtype = DType::kF32;
  }
  // Kernels read plain numbers in place, which wants them aligned; a mapped file always is.
  const std::size_t wanted = block > 1 ? 1 : DTypeBlockBytes(stored);
  const auto address =
      reinterpret_cast<std::uintptr_t>(file_.bytes().bytes().data() + weight.tensor->offset);
  weight.mapped =
      weight.dtype == stored && weight.cols.size() == Size(rule.cols) && address % wanted == 0;
}

std::vector<std::string> Planner::TakeNotes() {
  std::vector<std::string> notes;
  for (const auto& [suffix, count] : widened_) {
    notes.push_back(std::string(suffix) + " of " + std::to_string(count) +
                    " layers is held as F32: this split cuts it inside a quantised block");
  }
  return notes;
}

Status PlanLayers(const ModelShard& shard, Planner& planner, WeightPlan& plan) {
  for (std::int32_t layer = shard.layers.begin; layer < shard.layers.end; ++layer) {
    PlannedLayer& planned = plan.layers.emplace_back();
    planned.weights.reserve(kRules.size());
    for (const LayerTensorRule& rule : kRules) {
      PlannedWeight& weight = planned.weights.emplace_back();
      if (!planner.Has(rule)) continue;
      ASSIGN_OR_RETURN(weight, planner.Plan(LayerTensorName(layer, rule), rule));
    }
  }
  return {};
}

Status PlanEnds(const ModelSpec& spec, const ModelShard& shard, Planner& planner,
                WeightPlan& plan) {
  if (shard.first_stage()) {
    ASSIGN_OR_RETURN(plan.embedding, planner.Plan(std::string(kTable.suffix), kTable));
  }
  if (!shard.last_stage()) return {};
  ASSIGN_OR_RETURN(plan.final_norm, planner.Plan(std::string(kNorm.suffix), kNorm));
  plan.output_is_embedding = spec.tied_embeddings && shard.first_stage();
  if (plan.output_is_embedding) return {};
  ASSIGN_OR_RETURN(
      plan.output,
      planner.Plan(spec.tied_embeddings ? "token_embd.weight" : "output.weight", kOutput));
  return {};
}

void Count(const PlannedWeight& weight, WeightSizes& sizes) {
  if (weight.tensor == nullptr) return;
  sizes.*weight.category += weight.held_bytes();
  (weight.mapped ? sizes.mapped : sizes.copied) += weight.held_bytes();
}

std::uint64_t PieceBytes(const PlannedWeight& weight) {
  if (weight.tensor == nullptr || weight.mapped) return 0;
  return (weight.held_bytes() + kPieceAlignment - 1) / kPieceAlignment * kPieceAlignment;
}

}  // namespace

std::uint64_t PlannedWeight::held_bytes() const {
  return static_cast<std::uint64_t>(rows.size()) *
         DTypeBytes(dtype, static_cast<std::size_t>(cols.size()));
}

std::uint64_t PlannedWeight::stored_row_bytes() const {
  return DTypeBytes(*tensor->type->dtype, tensor->dims[0]);
}

std::span<const LayerTensorRule> LayerTensorRules() { return kRules; }

WeightSizes WeightPlan::Sizes() const {
  WeightSizes sizes;
  for (const PlannedLayer& layer : layers) {
    for (const PlannedWeight& weight : layer.weights) Count(weight, sizes);
  }
  Count(embedding, sizes);
  Count(final_norm, sizes);
  Count(output, sizes);
  return sizes;
}

std::uint64_t WeightPlan::CopiedMatrixBytes() const {
  std::uint64_t bytes = PieceBytes(embedding) + PieceBytes(output);
  for (const PlannedLayer& layer : layers) {
    for (std::size_t i = 0; i < kRules.size(); ++i) {
      if (kRules[i].matrix != nullptr) bytes += PieceBytes(layer.weights[i]);
    }
  }
  return bytes;
}

Result<WeightPlan> PlanWeights(const GgufFile& file, const ModelSpec& spec, const ModelShard& shard,
                               const LoadOptions& options) {
  RETURN_IF_ERROR(ValidateModelSpec(spec).WithContext(file.name()));
  Planner planner(file, spec, shard, options);
  RETURN_IF_ERROR(planner.CheckShard());
  RETURN_IF_ERROR(planner.CheckAllTensors());
  WeightPlan plan;
  RETURN_IF_ERROR(PlanEnds(spec, shard, planner, plan));
  RETURN_IF_ERROR(PlanLayers(shard, planner, plan));
  plan.notes = planner.TakeNotes();
  return plan;
}

}  // namespace braid
