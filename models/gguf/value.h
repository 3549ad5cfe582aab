#pragma once

#include "base/status.h"
#include "models/gguf/byte_cursor.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// The kinds of metadata value, as GGUF numbers them.
enum class GgufValueType : std::uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

/// "uint32", "string", ...
std::string_view GgufValueTypeName(GgufValueType type);

/// One metadata value. A view into the file: checked once when the header is read, decoded when
/// asked for, so that a file of any size costs no memory before somebody wants it.
/// Every accessor answers nothing where the value is of another kind or does not fit.
/// Thread: a value; the file must outlive it.
class GgufValue {
 public:
  /// Reads and checks a whole value of `type`, arrays and arrays of arrays included.
  static Result<GgufValue> Read(GgufValueType type, ByteCursor& cursor);

  GgufValueType type() const { return type_; }
  bool is_array() const { return type_ == GgufValueType::kArray; }
  GgufValueType element_type() const { return element_type_; }  ///< of an array
  std::uint64_t count() const { return count_; }                ///< of an array; else 1

  /// Any integer kind; not bool.
  std::optional<std::int64_t> AsInteger() const;
  /// Any integer or floating kind.
  std::optional<double> AsNumber() const;
  std::optional<bool> AsBool() const;
  std::optional<std::string_view> AsString() const;

  std::optional<std::vector<std::int64_t>> AsIntegers() const;
  std::optional<std::vector<double>> AsNumbers() const;
  std::optional<std::vector<std::string_view>> AsStrings() const;

  /// For people: `5`, `"llama"`, `[512 x string]`; long strings are cut.
  std::string Describe() const;

 private:
  std::span<const std::byte> ElementBytes(std::uint64_t index) const;

  GgufValueType type_ = GgufValueType::kUint8;
  GgufValueType element_type_ = GgufValueType::kUint8;  ///< of an array, else type_
  std::uint64_t count_ = 1;
  /// The scalar, the characters of the string, or all elements of the array as the file has them.
  std::span<const std::byte> raw_;
};

}  // namespace braid
