// Any bytes as a model file: all that a program does with one must end in a value or an error.

#include "models/gguf/fingerprint.h"
#include "models/gguf/gguf_file.h"
#include "models/spec_from_gguf.h"
#include "models/vocabulary_from_gguf.h"
#include "models/weights.h"
#include "tests/models/shard_model.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace braid {
namespace {

// Reads every byte that a view promises, so that the address sanitizer can object.
std::uint64_t Touch(const WeightView& view) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(view.rows) * view.row_bytes; ++i) {
    sum += std::to_integer<std::uint64_t>(view.data[i]);
  }
  return sum;
}

void LoadShard(const GgufFile& file, const ModelSpec& spec, const ModelShard& shard) {
  const auto sizes = WeightBytes(file, spec, shard);
  // Widening a part that is cut inside a block multiplies it, yet stays within 8 times the file.
  if (sizes.ok()) BRAID_CHECK(sizes->total() <= 16 * file.bytes().size());
  const auto weights = LoadWeights(file, spec, shard);
  BRAID_CHECK(sizes.ok() == weights.ok());
  if (!weights.ok()) return;
  std::uint64_t sum = Touch(weights->embedding) + Touch(weights->output);
  for (const LayerWeights& layer : weights->layers) {
    for (const auto member :
         {&LayerWeights::q, &LayerWeights::k, &LayerWeights::v, &LayerWeights::o,
          &LayerWeights::gate, &LayerWeights::up, &LayerWeights::down}) {
      sum += Touch(layer.*member);
    }
  }
  [[maybe_unused]] volatile std::uint64_t sink = sum;
}

void Use(std::span<const std::byte> bytes) {
  const auto file = GgufFile::FromMemory(bytes, "fuzz.gguf");
  if (!file.ok()) return;
  for (const auto& [key, value] : file->metadata()) static_cast<void>(value.Describe());
  BRAID_CHECK(Fingerprint(*file).ok());
  static_cast<void>(VocabularyFromGguf(*file));
  const auto spec = SpecFromGguf(*file);
  if (!spec.ok()) return;
  // An honest file of n bytes has fewer layers and heads than that; splits of the rest are slow.
  for (const std::int32_t tensor_size : {1, 2}) {
    if (spec->num_heads < tensor_size) continue;
    for (const ModelShard& shard : ShardsOf(*spec, tensor_size, 1)) {
      LoadShard(*file, *spec, shard);
    }
  }
}

}  // namespace
}  // namespace braid

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  braid::Use(std::as_bytes(std::span(data, size)));
  return 0;
}
