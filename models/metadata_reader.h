#pragma once

#include "base/status.h"
#include "models/gguf/gguf_file.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// Typed access to a GGUF file's metadata, with errors for people: "FILE: key K is V; expected T".
/// A missing key is an empty optional; a key of the wrong kind is InvalidArgument.
/// Thread: any; borrows the file.
class MetadataReader {
 public:
  explicit MetadataReader(const GgufFile& file) : file_(file) {}

  bool Has(const std::string& key) const { return file_.FindValue(key) != nullptr; }

  /// An integer in [0, 2^31), or the one that all elements of an array have (per-layer keys of
  /// models whose layers are in fact alike).
  Result<std::optional<std::int32_t>> Count(const std::string& key) const;
  Result<std::int32_t> RequiredCount(const std::string& key) const;
  /// A finite number that fits in f32.
  Result<std::optional<float>> Number(const std::string& key) const;
  Result<std::optional<bool>> Bool(const std::string& key) const;
  Result<std::optional<std::string_view>> String(const std::string& key) const;
  /// A token id; -1 where missing or 4294967295, which files write for "none".
  Result<std::int32_t> TokenId(const std::string& key) const;

  Status Missing(const std::string& key) const;
  Status WrongKind(const std::string& key, const GgufValue& value, std::string_view expected) const;

 private:
  const GgufFile& file_;
};

}  // namespace braid
