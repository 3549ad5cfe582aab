#include "models/spec_from_gguf.h"

#include "models/gguf/byte_cursor.h"
#include "models/metadata_reader.h"

#include <array>
#include <charconv>
#include <span>
#include <string>
#include <vector>

namespace braid {
namespace {

struct Architecture {
  std::string_view name;
  RopePairing pairing;
};

// The converters permute Llama's q and k so that rotated pairs are neighbours; Qwen's stay halves.
constexpr std::array kArchitectures = {
    Architecture{"llama", RopePairing::kInterleaved},
    Architecture{"qwen2", RopePairing::kHalves},
    Architecture{"qwen3", RopePairing::kHalves},
};

const Architecture* FindArchitecture(std::string_view name) {
  for (const Architecture& architecture : kArchitectures) {
    if (architecture.name == name) return &architecture;
  }
  return nullptr;
}

Status UnknownArchitecture(const GgufFile& file, std::string_view name) {
  std::string known;
  for (const Architecture& architecture : kArchitectures) {
    if (!known.empty()) known += ", ";
    known += architecture.name;
  }
  return InvalidArgument(file.name() + ": architecture " + Quoted(name) +
                         " is not supported; known are " + known);
}

// A key that leaves the result alone only at one value (or when absent).
struct NeutralKey {
  std::string_view suffix;
  float neutral;
  std::string_view feature;
};

constexpr std::array kNeutralKeys = {
    NeutralKey{"expert_count", 0, "mixture of experts"},
    NeutralKey{"attention.max_alibi_bias", 0, "ALiBi"},
    NeutralKey{"attention.clamp_kqv", 0, "clamping of q, k, v"},
    NeutralKey{"attn_logit_softcapping", 0, "soft-capped attention"},
    NeutralKey{"final_logit_softcapping", 0, "soft-capped logits"},
    NeutralKey{"attention.scale", 0, "another scale of attention"},
    NeutralKey{"attention.temperature_scale", 0, "attention temperature"},
    NeutralKey{"logit_scale", 1, "scaled logits"},
    NeutralKey{"embedding_scale", 1, "scaled embeddings"},
    NeutralKey{"residual_scale", 1, "scaled residuals"},
    NeutralKey{"rope.scaling.attn_factor", 1, "RoPE attention factor"},
    NeutralKey{"rope.scaling.yarn_log_multiplier", 0, "YaRN"},
};

/// Reads one file's keys into one spec; lives for one call of SpecFromGguf.
class SpecReader {
 public:
  SpecReader(const GgufFile& file, std::string_view architecture)
      : file_(file), keys_(file), prefix_(std::string(architecture) + ".") {}

  Status ReadSizes(ModelSpec& spec) const;
  Status ReadHeads(ModelSpec& spec) const;
  Status ReadRope(ModelSpec& spec) const;
  Status ReadRopeScaling(RopeSpec& rope) const;
  Status ReadFrequencyFactors(RopeSpec& rope) const;
  Status ReadVocabularySize(ModelSpec& spec) const;
  Status RefuseWhatWeIgnore(const ModelSpec& spec) const;
  Status RefuseSlidingWindow(const ModelSpec& spec) const;
  Status RefuseUnknownTensors(const ModelSpec& spec) const;

 private:
  std::string Key(std::string_view suffix) const { return prefix_ + std::string(suffix); }
  /// The first of several spellings that the file has.
  Result<std::optional<float>> AnyNumber(std::span<const std::string_view> suffixes) const;

  const GgufFile& file_;
  MetadataReader keys_;
  std::string prefix_;
};

Result<std::optional<float>> SpecReader::AnyNumber(
    std::span<const std::string_view> suffixes) const {
  for (const std::string_view suffix : suffixes) {
    ASSIGN_OR_RETURN(const std::optional<float> number, keys_.Number(Key(suffix)));
    if (number) return number;
  }
  return std::optional<float>();
}

Status SpecReader::ReadSizes(ModelSpec& spec) const {
  ASSIGN_OR_RETURN(spec.num_layers, keys_.RequiredCount(Key("block_count")));
  ASSIGN_OR_RETURN(spec.context_length, keys_.RequiredCount(Key("context_length")));
  ASSIGN_OR_RETURN(spec.model_dim, keys_.RequiredCount(Key("embedding_length")));
  ASSIGN_OR_RETURN(spec.ffn_dim, keys_.RequiredCount(Key("feed_forward_length")));
  ASSIGN_OR_RETURN(const std::optional<float> epsilon,
                   keys_.Number(Key("attention.layer_norm_rms_epsilon")));
  if (!epsilon) return keys_.Missing(Key("attention.layer_norm_rms_epsilon"));
  spec.norm_epsilon = *epsilon;
  return {};
}

Status SpecReader::ReadHeads(ModelSpec& spec) const {
  ASSIGN_OR_RETURN(spec.num_heads, keys_.RequiredCount(Key("attention.head_count")));
  ASSIGN_OR_RETURN(const auto kv_heads, keys_.Count(Key("attention.head_count_kv")));
  spec.num_kv_heads = kv_heads.value_or(spec.num_heads);
  ASSIGN_OR_RETURN(const auto key_length, keys_.Count(Key("attention.key_length")));
  ASSIGN_OR_RETURN(const auto value_length, keys_.Count(Key("attention.value_length")));
  if (key_length) {
    spec.head_dim = *key_length;
  } else {
    if (spec.num_heads <= 0 || spec.model_dim % spec.num_heads != 0) {
      return InvalidArgument(file_.name() + ": " + Key("embedding_length") + " " +
                             std::to_string(spec.model_dim) + " is not a multiple of " +
                             Key("attention.head_count") + " " + std::to_string(spec.num_heads) +
                             ", and " + Key("attention.key_length") + " is missing");
    }
    spec.head_dim = spec.model_dim / spec.num_heads;
  }
  if (value_length && *value_length != spec.head_dim) {
    return InvalidArgument(file_.name() + ": " + Key("attention.value_length") + " is " +
                           std::to_string(*value_length) + " but keys have " +
                           std::to_string(spec.head_dim) +
                           " dimensions; heads whose keys and values differ cannot be run");
  }
  return {};
}

Status SpecReader::ReadRope(ModelSpec& spec) const {
  RopeSpec& rope = spec.rope;
  ASSIGN_OR_RETURN(const auto theta, keys_.Number(Key("rope.freq_base")));
  rope.theta = theta.value_or(10000.0F);
  ASSIGN_OR_RETURN(const auto rotated, keys_.Count(Key("rope.dimension_count")));
  rope.rotated_dims = rotated.value_or(spec.head_dim);
  RETURN_IF_ERROR(ReadRopeScaling(rope));
  return ReadFrequencyFactors(rope);
}

Status SpecReader::ReadRopeScaling(RopeSpec& rope) const {
  ASSIGN_OR_RETURN(const auto type, keys_.String(Key("rope.scaling.type")));
  constexpr std::array<std::string_view, 2> kFactor = {"rope.scaling.factor", "rope.scale_linear"};
  ASSIGN_OR_RETURN(const auto factor, AnyNumber(kFactor));
  // Files from before rope.scaling.type only know linear scaling.
  const std::string_view name = type.value_or(factor ? "linear" : "none");
  if (name == "none" || name.empty()) return {};
  if (name == "linear") {
    rope.factor = factor.value_or(1.0F);
    rope.scaling = rope.factor == 1.0F ? RopeScaling::kNone : RopeScaling::kLinear;
    return {};
  }
  if (name != "llama3") {
    return InvalidArgument(file_.name() + ": RoPE scaling " + Quoted(name) +
                           " is not supported; known are none, linear, llama3");
  }
  // A file with stored factors has llama3's stretching in them already; once is enough.
  if (file_.FindTensor("rope_freqs.weight") != nullptr) return {};
  constexpr std::array<std::string_view, 2> kLow = {"rope.scaling.low_freq_factor",
                                                    "rope.scaling.low_frequency_factor"};
  constexpr std::array<std::string_view, 2> kHigh = {"rope.scaling.high_freq_factor",
                                                     "rope.scaling.high_frequency_factor"};
  ASSIGN_OR_RETURN(const auto low, AnyNumber(kLow));
  ASSIGN_OR_RETURN(const auto high, AnyNumber(kHigh));
  ASSIGN_OR_RETURN(auto original, keys_.Count(Key("rope.scaling.original_context_length")));
  if (!original) {
    ASSIGN_OR_RETURN(original, keys_.Count(Key("rope.scaling.original_max_position_embeddings")));
  }
  if (!factor) return keys_.Missing(Key("rope.scaling.factor"));
  rope.scaling = RopeScaling::kLlama3;
  rope.factor = *factor;
  rope.low_frequency_factor = low.value_or(1.0F);
  rope.high_frequency_factor = high.value_or(4.0F);
  rope.original_context = original.value_or(8192);
  return {};
}

Status SpecReader::ReadFrequencyFactors(RopeSpec& rope) const {
  const GgufTensor* tensor = file_.FindTensor("rope_freqs.weight");
  if (tensor == nullptr) return {};
  const auto pairs = static_cast<std::uint64_t>(rope.rotated_dims / 2);
  if (tensor->dims != std::vector<std::uint64_t>{pairs} || tensor->type->dtype != DType::kF32) {
    return InvalidArgument(file_.name() + ": tensor rope_freqs.weight is " +
                           std::string(tensor->type->name) + " " + tensor->ShapeText() +
                           "; expected F32 [" + std::to_string(pairs) + "]");
  }
  std::vector<float> factors(pairs);
  RETURN_IF_ERROR(file_.bytes().ReadAt(tensor->offset, std::as_writable_bytes(std::span(factors))));
  for (const float factor : factors) {
    // Written so that NaN fails too.
    if (!(factor > 0 && factor < 1e9F)) {
      return InvalidArgument(file_.name() + ": tensor rope_freqs.weight holds " +
                             std::to_string(factor) + "; divisors of frequencies are above 0");
    }
  }
  rope.frequency_factors = std::move(factors);
  return {};
}

Status SpecReader::ReadVocabularySize(ModelSpec& spec) const {
  const GgufTensor* table = file_.FindTensor("token_embd.weight");
  if (table == nullptr || table->dims.size() != 2) {
    return InvalidArgument(file_.name() + ": tensor token_embd.weight is " +
                           (table == nullptr ? "missing" : table->ShapeText()) +
                           "; expected the embedding table [" + std::to_string(spec.model_dim) +
                           ", vocabulary]");
  }
  const std::uint64_t rows = table->dims[1];
  const GgufValue* tokens = file_.FindValue("tokenizer.ggml.tokens");
  if (tokens != nullptr && (!tokens->is_array() || tokens->count() != rows)) {
    return InvalidArgument(file_.name() + ": the tokenizer has " +
                           (tokens->is_array() ? std::to_string(tokens->count()) : "no list of") +
                           " tokens but the embedding table has " + std::to_string(rows) +
                           " rows; tokenizer and weights do not belong together");
  }
  constexpr std::uint64_t kMaxRows = std::uint64_t{1} << 30;
  if (rows > kMaxRows) {
    return InvalidArgument(file_.name() + ": a vocabulary of " + std::to_string(rows) +
                           " tokens is too large");
  }
  spec.vocab_size = static_cast<std::int32_t>(rows);
  return {};
}

Status SpecReader::RefuseWhatWeIgnore(const ModelSpec& spec) const {
  for (const NeutralKey& key : kNeutralKeys) {
    ASSIGN_OR_RETURN(const auto number, keys_.Number(Key(key.suffix)));
    if (!number || *number == key.neutral) continue;
    return InvalidArgument(file_.name() + ": " + Key(key.suffix) + " asks for " +
                           std::string(key.feature) +
                           ", which is not supported; use a dense Llama, Qwen2 or Qwen3 model");
  }
  ASSIGN_OR_RETURN(const auto causal, keys_.Bool(Key("attention.causal")));
  if (!causal.value_or(true)) {
    return InvalidArgument(file_.name() + ": attention is not causal; this is no text generator");
  }
  ASSIGN_OR_RETURN(const auto parts, keys_.Count("split.count"));
  if (parts.value_or(1) > 1) {
    return InvalidArgument(file_.name() + " is one of " + std::to_string(*parts) +
                           " parts; join them into one GGUF file first");
  }
  RETURN_IF_ERROR(RefuseSlidingWindow(spec));
  return RefuseUnknownTensors(spec);
}

Status SpecReader::RefuseSlidingWindow(const ModelSpec& spec) const {
  ASSIGN_OR_RETURN(const auto window, keys_.Count(Key("attention.sliding_window")));
  // 0 is written for "none".
  if (!window || *window == 0 || *window >= spec.context_length) return {};
  return InvalidArgument(file_.name() + ": attention slides over " + std::to_string(*window) +
                         " of " + std::to_string(spec.context_length) +
                         " tokens of context, which is not supported");
}

// What we read, by the part of the name after "blk.N."; the rotary table is recomputed from keys.
constexpr std::array<std::string_view, 15> kLayerTensors = {
    "attn_norm.weight",   "attn_q.weight",      "attn_k.weight",        "attn_v.weight",
    "attn_q.bias",        "attn_k.bias",        "attn_v.bias",          "attn_output.weight",
    "attn_q_norm.weight", "attn_k_norm.weight", "attn_rot_embd.weight", "ffn_norm.weight",
    "ffn_gate.weight",    "ffn_up.weight",      "ffn_down.weight"};
constexpr std::array<std::string_view, 4> kModelTensors = {
    "token_embd.weight", "output_norm.weight", "output.weight", "rope_freqs.weight"};

bool IsKnownTensor(std::string_view name, std::int32_t num_layers) {
  for (const std::string_view known : kModelTensors) {
    if (name == known) return true;
  }
  constexpr std::string_view kLayerPrefix = "blk.";
  if (!name.starts_with(kLayerPrefix)) return false;
  name.remove_prefix(kLayerPrefix.size());
  std::int32_t layer = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), layer);
  if (error != std::errc() || layer < 0 || layer >= num_layers) return false;
  name.remove_prefix(static_cast<std::size_t>(end - name.data()));
  if (!name.starts_with('.')) return false;
  name.remove_prefix(1);
  for (const std::string_view known : kLayerTensors) {
    if (name == known) return true;
  }
  return false;
}

Status SpecReader::RefuseUnknownTensors(const ModelSpec& spec) const {
  for (const GgufTensor& tensor : file_.tensors()) {
    if (IsKnownTensor(tensor.name, spec.num_layers)) continue;
    return InvalidArgument(file_.name() + ": tensor " + Quoted(tensor.name) + " is not part of a " +
                           spec.architecture + " model of " + std::to_string(spec.num_layers) +
                           " layers that can be run here; leaving it out would change the result");
  }
  return {};
}

}  // namespace

Result<ModelSpec> SpecFromGguf(const GgufFile& file) {
  const MetadataReader keys(file);
  ASSIGN_OR_RETURN(const auto name, keys.String("general.architecture"));
  if (!name) return keys.Missing("general.architecture");
  const Architecture* architecture = FindArchitecture(*name);
  if (architecture == nullptr) return UnknownArchitecture(file, *name);

  ModelSpec spec;
  spec.architecture = architecture->name;
  spec.rope.pairing = architecture->pairing;
  ASSIGN_OR_RETURN(const auto title, keys.String("general.name"));
  spec.name = title.value_or("");

  const SpecReader reader(file, *name);
  RETURN_IF_ERROR(reader.ReadSizes(spec));
  RETURN_IF_ERROR(reader.ReadHeads(spec));
  RETURN_IF_ERROR(reader.ReadVocabularySize(spec));
  RETURN_IF_ERROR(reader.ReadRope(spec));
  spec.qkv_bias = file.FindTensor("blk.0.attn_q.bias") != nullptr;
  spec.qk_norm =
      spec.architecture == "qwen3" || file.FindTensor("blk.0.attn_q_norm.weight") != nullptr;
  spec.tied_embeddings = file.FindTensor("output.weight") == nullptr;
  RETURN_IF_ERROR(reader.RefuseWhatWeIgnore(spec));
  RETURN_IF_ERROR(ValidateModelSpec(spec).WithContext(file.name()));
  return spec;
}

}  // namespace braid
