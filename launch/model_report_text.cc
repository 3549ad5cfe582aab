#include "launch/model_report.h"
#include "launch/splits.h"
#include "launch/text_table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace braid {
namespace {

using nlohmann::ordered_json;
using enum TextTable::Align;

std::string Bytes(std::uint64_t bytes) { return FormatBytes(static_cast<double>(bytes)); }

std::string Range(const IndexRange& range) {
  return fmt::format("{}-{}", range.begin, range.end - 1);
}

std::string_view ScalingName(RopeScaling scaling) {
  switch (scaling) {
    case RopeScaling::kNone:
      return "none";
    case RopeScaling::kLinear:
      return "linear";
    case RopeScaling::kLlama3:
      return "llama3";
  }
  return "none";
}

std::string RopeText(const RopeSpec& rope) {
  std::string text =
      fmt::format("theta {}, {} dimensions of a head", rope.theta, rope.rotated_dims);
  if (rope.scaling != RopeScaling::kNone) {
    text += fmt::format(", {} scaling by {}", ScalingName(rope.scaling), rope.factor);
  }
  if (!rope.frequency_factors.empty()) text += ", own frequency factors";
  return text;
}

std::string Features(const ModelSpec& spec) {
  std::string text = spec.tied_embeddings ? "tied embeddings" : "output matrix of its own";
  if (spec.qkv_bias) text += ", bias on q, k and v";
  if (spec.qk_norm) text += ", norm on q and k";
  return text;
}

std::string ModelTable(const ModelReport& report) {
  const ModelSpec& spec = report.spec;
  TextTable table({"", ""}, {kLeft, kLeft});
  table.AddRow({"file", fmt::format("{}, {}, GGUF version {}", report.path,
                                    Bytes(report.file_bytes), report.gguf_version)});
  table.AddRow({"architecture", spec.architecture});
  table.AddRow({"name", spec.name});
  table.AddRow({"parameters", FormatCount(report.parameters)});
  table.AddRow({"layers", std::to_string(spec.num_layers)});
  table.AddRow({"width", fmt::format("{}, feed-forward {}", spec.model_dim, spec.ffn_dim)});
  table.AddRow({"heads", fmt::format("{} of {} dimensions, over {} KV heads", spec.num_heads,
                                     spec.head_dim, spec.num_kv_heads)});
  table.AddRow({"rope", RopeText(spec.rope)});
  table.AddRow({"other", Features(spec)});
  table.AddRow({"vocabulary", FormatCount(static_cast<unsigned long long>(spec.vocab_size))});
  table.AddRow({"tokenizer", report.tokenizer});
  table.AddRow({"chat format", report.has_chat_template ? "in the file" : "none"});
  table.AddRow({"context", fmt::format("{} tokens", spec.context_length)});
  return table.ToString();
}

std::string TypeTable(const ModelReport& report) {
  TextTable table({"type", "tensors", "bytes"}, {kLeft, kRight, kRight});
  for (const TensorTypeCount& count : report.types) {
    table.AddRow({count.type, std::to_string(count.tensors), Bytes(count.bytes)});
  }
  return table.ToString();
}

std::string RankTable(const ModelReport& report) {
  TextTable table({"rank", "layers", "heads", "KV heads", "embedding", "attention", "feed-forward",
                   "norms", "output", "all", "copied", "KV per token"},
                  std::vector<TextTable::Align>(12, kRight));
  std::string notes;
  for (std::size_t rank = 0; rank < report.ranks.size(); ++rank) {
    const RankHolding& holding = report.ranks[rank];
    const WeightSizes& w = holding.weights;
    table.AddRow({std::to_string(rank), Range(holding.shard.layers), Range(holding.shard.heads),
                  Range(holding.shard.kv_heads), Bytes(w.embedding), Bytes(w.attention),
                  Bytes(w.ffn), Bytes(w.norms), Bytes(w.output), Bytes(w.total()), Bytes(w.copied),
                  Bytes(holding.kv_bytes_per_token)});
    for (const std::string& note : holding.notes) {
      notes += fmt::format("rank {}: {}\n", rank, note);
    }
  }
  return table.ToString() + notes;
}

}  // namespace

std::string ModelReportText(const ModelReport& report) {
  return fmt::format("{}\n{}\nbytes per rank, {}\n{}", ModelTable(report), TypeTable(report),
                     SplitName(report.mesh), RankTable(report));
}

std::string ModelReportJson(const ModelReport& report) {
  const ModelSpec& spec = report.spec;
  ordered_json types = ordered_json::array();
  for (const TensorTypeCount& count : report.types) {
    types.push_back({{"type", count.type}, {"tensors", count.tensors}, {"bytes", count.bytes}});
  }
  ordered_json ranks = ordered_json::array();
  const auto range = [](const IndexRange& r) { return ordered_json::array({r.begin, r.end}); };
  for (const RankHolding& holding : report.ranks) {
    const WeightSizes& w = holding.weights;
    ranks.push_back({{"layers", range(holding.shard.layers)},
                     {"heads", range(holding.shard.heads)},
                     {"kv_heads", range(holding.shard.kv_heads)},
                     {"ffn", range(holding.shard.ffn)},
                     {"vocab", range(holding.shard.vocab)},
                     {"weight_bytes",
                      {{"embedding", w.embedding},
                       {"attention", w.attention},
                       {"ffn", w.ffn},
                       {"norms", w.norms},
                       {"output", w.output},
                       {"total", w.total()},
                       {"mapped", w.mapped},
                       {"copied", w.copied}}},
                     {"kv_bytes_per_token", holding.kv_bytes_per_token},
                     {"notes", holding.notes}});
  }
  const ordered_json all = {{"path", report.path},
                            {"file_bytes", report.file_bytes},
                            {"gguf_version", report.gguf_version},
                            {"architecture", spec.architecture},
                            {"name", spec.name},
                            {"parameters", report.parameters},
                            {"model_dim", spec.model_dim},
                            {"num_layers", spec.num_layers},
                            {"num_heads", spec.num_heads},
                            {"num_kv_heads", spec.num_kv_heads},
                            {"head_dim", spec.head_dim},
                            {"ffn_dim", spec.ffn_dim},
                            {"vocab_size", spec.vocab_size},
                            {"context_length", spec.context_length},
                            {"rope_theta", spec.rope.theta},
                            {"rope_scaling", ScalingName(spec.rope.scaling)},
                            {"qkv_bias", spec.qkv_bias},
                            {"qk_norm", spec.qk_norm},
                            {"tied_embeddings", spec.tied_embeddings},
                            {"tokenizer", report.tokenizer},
                            {"chat_template", report.has_chat_template},
                            {"types", types},
                            {"mesh", {{"tp", report.mesh.tensor}, {"pp", report.mesh.pipeline}}},
                            {"ranks", ranks}};
  return all.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace braid
