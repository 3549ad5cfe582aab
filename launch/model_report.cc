#include "launch/model_report.h"

#include "models/spec_from_gguf.h"
#include "models/tokenizer.h"
#include "models/vocabulary_from_gguf.h"
#include "parallel/layout/shard.h"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace braid {
namespace {

std::uint64_t Elements(const GgufTensor& tensor) {
  return tensor.bytes / tensor.type->block_bytes * tensor.type->block_elements;
}

std::string TokenizerKind(const Vocabulary& vocabulary) {
  std::string kind = vocabulary.model;
  if (kind == "llama") kind = "SentencePiece BPE";
  if (kind == "gpt2") kind = "byte-level BPE";
  if (!vocabulary.pre_tokenizer.empty()) kind += " (" + vocabulary.pre_tokenizer + ")";
  return kind;
}

/// Keys and values, f32, of all layers and KV heads of the rank.
std::uint64_t KvBytesPerToken(const ModelSpec& spec, const ModelShard& shard) {
  return std::uint64_t{2} * sizeof(float) * static_cast<std::uint64_t>(shard.layers.size()) *
         static_cast<std::uint64_t>(shard.kv_heads.size()) *
         static_cast<std::uint64_t>(spec.head_dim);
}

}  // namespace

Result<ModelReport> DescribeModel(const GgufFile& file, const Mesh& mesh, const LoadOptions& load) {
  ModelReport report;
  report.path = file.name();
  report.file_bytes = file.bytes().size();
  report.gguf_version = file.version();
  report.mesh = mesh;
  ASSIGN_OR_RETURN(report.spec, SpecFromGguf(file));
  ASSIGN_OR_RETURN(const Vocabulary vocabulary, VocabularyFromGguf(file));
  report.tokenizer = TokenizerKind(vocabulary);
  report.has_chat_template = !vocabulary.chat_template.empty();

  std::map<std::uint32_t, TensorTypeCount> types;
  for (const GgufTensor& tensor : file.tensors()) {
    TensorTypeCount& count = types[tensor.type->number];
    count.type = tensor.type->name;
    ++count.tensors;
    count.bytes += tensor.bytes;
    report.parameters += Elements(tensor);
  }
  for (auto& [number, count] : types) report.types.push_back(std::move(count));

  for (std::int32_t rank = 0; rank < mesh.size(); ++rank) {
    RankHolding holding;
    ASSIGN_OR_RETURN(holding.shard, ShardOf(report.spec, mesh, rank));
    ASSIGN_OR_RETURN(holding.weights,
                     WeightBytes(file, report.spec, holding.shard, load, &holding.notes));
    holding.kv_bytes_per_token = KvBytesPerToken(report.spec, holding.shard);
    report.ranks.push_back(std::move(holding));
  }
  return report;
}

}  // namespace braid
