#include "models/weights.h"

#include "models/row_reader.h"
#include "models/weight_plan.h"

#include <algorithm>
#include <utility>

namespace braid {
namespace {

/// Fills one ModelWeights from a plan; lives for one LoadWeights.
class Loader {
 public:
  Loader(const GgufFile& file, std::span<std::byte> memory) : file_(file), memory_(memory) {}

  Status LoadMatrix(const PlannedWeight& weight, WeightView& view);
  Status LoadVector(const PlannedWeight& weight, std::vector<float>& values) const;
  /// Tells the kernel which pages of the file stay in use.
  void KeepPages(bool populate);

 private:
  struct FileRange {
    std::uint64_t begin;
    std::uint64_t end;
  };

  const GgufFile& file_;
  std::span<std::byte> memory_;  ///< not yet given out
  std::vector<FileRange> kept_;
};

Status Loader::LoadMatrix(const PlannedWeight& weight, WeightView& view) {
  if (weight.tensor == nullptr) return {};
  view.dtype = weight.dtype;
  view.rows = weight.rows.size();
  view.cols = weight.cols.size();
  view.row_bytes = DTypeBytes(weight.dtype, static_cast<std::size_t>(view.cols));
  const std::uint64_t held = weight.held_bytes();
  if (weight.mapped) {
    const std::uint64_t begin =
        weight.tensor->offset + static_cast<std::uint64_t>(weight.rows.begin) * view.row_bytes;
    view.data = file_.bytes().bytes().data() + begin;
    if (held > 0) kept_.push_back({begin, begin + held});
    return {};
  }
  const std::span<std::byte> piece = memory_.first(held);
  view.data = piece.data();
  memory_ = memory_.subspan((held + kPieceAlignment - 1) / kPieceAlignment * kPieceAlignment);
  return ReadRows(file_.bytes(), weight, piece);
}

Status Loader::LoadVector(const PlannedWeight& weight, std::vector<float>& values) const {
  if (weight.tensor == nullptr) return {};
  values.resize(static_cast<std::size_t>(weight.cols.size()));
  return ReadRows(file_.bytes(), weight, std::as_writable_bytes(std::span(values)));
}

void Loader::KeepPages(bool populate) {
  std::sort(kept_.begin(), kept_.end(),
            [](const FileRange& a, const FileRange& b) { return a.begin < b.begin; });
  // Neighbours within a page are one range: fewer calls, fewer pieces of mapping.
  constexpr std::uint64_t kGap = 4096;
  for (std::size_t i = 0; i < kept_.size();) {
    FileRange range = kept_[i++];
    while (i < kept_.size() && kept_[i].begin <= range.end + kGap) {
      range.end = std::max(range.end, kept_[i++].end);
    }
    file_.bytes().Keep(range.begin, range.end - range.begin, populate);
  }
}

Status LoadLayer(const PlannedLayer& plan, Loader& loader, LayerWeights& layer) {
  const std::span<const LayerTensorRule> rules = LayerTensorRules();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const LayerTensorRule& rule = rules[i];
    RETURN_IF_ERROR(rule.matrix != nullptr
                        ? loader.LoadMatrix(plan.weights[i], layer.*rule.matrix)
                        : loader.LoadVector(plan.weights[i], layer.*rule.vector));
  }
  return {};
}

}  // namespace

Result<WeightSizes> WeightBytes(const GgufFile& file, const ModelSpec& spec,
                                const ModelShard& shard, const LoadOptions& options,
                                std::vector<std::string>* notes) {
  ASSIGN_OR_RETURN(WeightPlan plan, PlanWeights(file, spec, shard, options));
  if (notes != nullptr) *notes = std::move(plan.notes);
  return plan.Sizes();
}

Result<ModelWeights> LoadWeights(const GgufFile& file, const ModelSpec& spec,
                                 const ModelShard& shard, const LoadOptions& options) {
  ASSIGN_OR_RETURN(WeightPlan plan, PlanWeights(file, spec, shard, options));
  ModelWeights weights;
  ASSIGN_OR_RETURN(weights.memory, PrivateMemory::Make(plan.CopiedMatrixBytes()));
  Loader loader(file, weights.memory.bytes());
  RETURN_IF_ERROR(loader.LoadMatrix(plan.embedding, weights.embedding));
  weights.layers.resize(plan.layers.size());
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    RETURN_IF_ERROR(LoadLayer(plan.layers[i], loader, weights.layers[i]));
  }
  RETURN_IF_ERROR(loader.LoadVector(plan.final_norm, weights.final_norm));
  RETURN_IF_ERROR(loader.LoadMatrix(plan.output, weights.output));
  if (plan.output_is_embedding) weights.output = weights.embedding;
  loader.KeepPages(options.populate);
  weights.sizes = plan.Sizes();
  weights.notes = std::move(plan.notes);
  return weights;
}

}  // namespace braid
