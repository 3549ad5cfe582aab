#pragma once

#include "models/gguf/gguf_file.h"
#include "models/gguf/random_model.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// The least model that has everything: one layer of 32, two heads of 16, byte vocabulary.
inline RandomModel TinyModel() {
  RandomModel model{.spec = SmallSpec(), .dtype = DType::kQ8_0};
  model.spec.model_dim = 32;
  model.spec.num_layers = 1;
  model.spec.num_heads = 2;
  model.spec.num_kv_heads = 1;
  model.spec.ffn_dim = 32;
  model.spec.vocab_size = 16;
  model.spec.tied_embeddings = true;
  model.tokenizer = false;
  return model;
}

inline std::vector<std::byte> BytesOf(const RandomModel& model) {
  auto writer = MakeRandomModel(model);
  BRAID_CHECK(writer.ok());
  return writer->ToBytes();
}

/// A random model as a file in memory. Pinned: the file views the bytes.
class ModelInMemory {
 public:
  explicit ModelInMemory(const RandomModel& model)
      : bytes_(BytesOf(model)), file_(GgufFile::FromMemory(bytes_, "random.gguf")) {
    BRAID_CHECK(file_.ok());
  }
  ModelInMemory(const ModelInMemory&) = delete;
  ModelInMemory& operator=(const ModelInMemory&) = delete;

  const GgufFile& file() const { return *file_; }

 private:
  std::vector<std::byte> bytes_;
  Result<GgufFile> file_;
};

}  // namespace braid
