#include "models/gguf/value.h"

#include <cstdio>
#include <cstring>

namespace braid {
namespace {

// No known file nests arrays at all; the limit keeps a hostile one from exhausting the stack.
constexpr int kMaxArrayDepth = 4;

// Bytes of a value of fixed size, 0 for strings and arrays.
std::size_t FixedBytes(GgufValueType type) {
  switch (type) {
    case GgufValueType::kUint8:
    case GgufValueType::kInt8:
    case GgufValueType::kBool:
      return 1;
    case GgufValueType::kUint16:
    case GgufValueType::kInt16:
      return 2;
    case GgufValueType::kUint32:
    case GgufValueType::kInt32:
    case GgufValueType::kFloat32:
      return 4;
    case GgufValueType::kUint64:
    case GgufValueType::kInt64:
    case GgufValueType::kFloat64:
      return 8;
    default:
      return 0;
  }
}

template <typename T>
T Load(std::span<const std::byte> raw) {
  T value{};
  std::memcpy(&value, raw.data(), sizeof(T));
  return value;
}

std::optional<std::int64_t> DecodeInteger(GgufValueType type, std::span<const std::byte> raw) {
  switch (type) {
    case GgufValueType::kUint8:
      return Load<std::uint8_t>(raw);
    case GgufValueType::kInt8:
      return Load<std::int8_t>(raw);
    case GgufValueType::kUint16:
      return Load<std::uint16_t>(raw);
    case GgufValueType::kInt16:
      return Load<std::int16_t>(raw);
    case GgufValueType::kUint32:
      return Load<std::uint32_t>(raw);
    case GgufValueType::kInt32:
      return Load<std::int32_t>(raw);
    case GgufValueType::kInt64:
      return Load<std::int64_t>(raw);
    case GgufValueType::kUint64: {
      const auto value = Load<std::uint64_t>(raw);
      if (value > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
      return static_cast<std::int64_t>(value);
    }
    default:
      return std::nullopt;
  }
}

std::optional<double> DecodeNumber(GgufValueType type, std::span<const std::byte> raw) {
  if (type == GgufValueType::kFloat32) return static_cast<double>(Load<float>(raw));
  if (type == GgufValueType::kFloat64) return Load<double>(raw);
  const std::optional<std::int64_t> integer = DecodeInteger(type, raw);
  if (!integer) return std::nullopt;
  return static_cast<double>(*integer);
}

Status CheckBools(const ByteCursor& cursor, std::span<const std::byte> raw) {
  for (const std::byte value : raw) {
    if (value > std::byte{1}) {
      return cursor.Error("a bool before this offset is neither 0 nor 1; the file is damaged");
    }
  }
  return {};
}

Status SkipValue(GgufValueType type, ByteCursor& cursor, int depth);

// Reads an array's element type and count, and checks both against what is left.
Status ReadArrayHead(ByteCursor& cursor, GgufValueType& element_type, std::uint64_t& count) {
  const std::uint64_t begin = cursor.offset();
  std::uint32_t number = 0;
  RETURN_IF_ERROR(cursor.Read("the element type of an array", number));
  if (number > static_cast<std::uint32_t>(GgufValueType::kFloat64)) {
    return cursor.ErrorAt(begin, "array elements are of unknown type " + std::to_string(number) +
                                     "; the file is damaged or of a newer format");
  }
  element_type = static_cast<GgufValueType>(number);
  RETURN_IF_ERROR(cursor.Read("the length of an array", count));
  // A string takes at least its length field, an array its head.
  std::uint64_t least = FixedBytes(element_type);
  if (element_type == GgufValueType::kString) least = 8;
  if (element_type == GgufValueType::kArray) least = 12;
  if (count > cursor.left() / least) {
    return cursor.ErrorAt(
        begin, "an array of " + std::to_string(count) + " elements cannot fit in the " +
                   std::to_string(cursor.left()) + " bytes left; the file is truncated or damaged");
  }
  return {};
}

Status SkipElements(GgufValueType element_type, std::uint64_t count, ByteCursor& cursor,
                    int depth) {
  if (const std::size_t size = FixedBytes(element_type); size > 0) {
    std::span<const std::byte> raw;
    RETURN_IF_ERROR(cursor.Take("an array", count * size, raw));
    if (element_type == GgufValueType::kBool) return CheckBools(cursor, raw);
    return {};
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    RETURN_IF_ERROR(SkipValue(element_type, cursor, depth));
  }
  return {};
}

Status SkipValue(GgufValueType type, ByteCursor& cursor, int depth) {
  if (type == GgufValueType::kString) {
    std::string_view ignored;
    return cursor.ReadString("a string in an array", ignored);
  }
  if (depth >= kMaxArrayDepth) {
    return cursor.Error("arrays are nested more than " + std::to_string(kMaxArrayDepth) +
                        " deep; the file is damaged");
  }
  GgufValueType element_type{};
  std::uint64_t count = 0;
  RETURN_IF_ERROR(ReadArrayHead(cursor, element_type, count));
  return SkipElements(element_type, count, cursor, depth + 1);
}

}  // namespace

std::string_view GgufValueTypeName(GgufValueType type) {
  switch (type) {
    case GgufValueType::kUint8:
      return "uint8";
    case GgufValueType::kInt8:
      return "int8";
    case GgufValueType::kUint16:
      return "uint16";
    case GgufValueType::kInt16:
      return "int16";
    case GgufValueType::kUint32:
      return "uint32";
    case GgufValueType::kInt32:
      return "int32";
    case GgufValueType::kFloat32:
      return "float32";
    case GgufValueType::kBool:
      return "bool";
    case GgufValueType::kString:
      return "string";
    case GgufValueType::kArray:
      return "array";
    case GgufValueType::kUint64:
      return "uint64";
    case GgufValueType::kInt64:
      return "int64";
    case GgufValueType::kFloat64:
      return "float64";
  }
  return "unknown";
}

Result<GgufValue> GgufValue::Read(GgufValueType type, ByteCursor& cursor) {
  GgufValue value;
  value.type_ = type;
  value.element_type_ = type;
  if (const std::size_t size = FixedBytes(type); size > 0) {
    RETURN_IF_ERROR(cursor.Take(GgufValueTypeName(type), size, value.raw_));
    if (type == GgufValueType::kBool) RETURN_IF_ERROR(CheckBools(cursor, value.raw_));
    return value;
  }
  if (type == GgufValueType::kString) {
    std::string_view text;
    RETURN_IF_ERROR(cursor.ReadString("a string", text));
    value.raw_ = std::as_bytes(std::span(text));
    return value;
  }
  RETURN_IF_ERROR(ReadArrayHead(cursor, value.element_type_, value.count_));
  ByteCursor start = cursor;
  RETURN_IF_ERROR(SkipElements(value.element_type_, value.count_, cursor, 1));
  RETURN_IF_ERROR(start.Take("an array", cursor.offset() - start.offset(), value.raw_));
  return value;
}

std::optional<std::int64_t> GgufValue::AsInteger() const {
  if (is_array()) return std::nullopt;
  return DecodeInteger(type_, raw_);
}

std::optional<double> GgufValue::AsNumber() const {
  if (is_array()) return std::nullopt;
  return DecodeNumber(type_, raw_);
}

std::optional<bool> GgufValue::AsBool() const {
  if (type_ != GgufValueType::kBool) return std::nullopt;
  return raw_.front() != std::byte{0};
}

std::optional<std::string_view> GgufValue::AsString() const {
  if (type_ != GgufValueType::kString) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(raw_.data()), raw_.size());
}

std::span<const std::byte> GgufValue::ElementBytes(std::uint64_t index) const {
  const std::size_t size = FixedBytes(element_type_);
  return raw_.subspan(index * size, size);
}

std::optional<std::vector<std::int64_t>> GgufValue::AsIntegers() const {
  if (!is_array() || FixedBytes(element_type_) == 0) return std::nullopt;
  std::vector<std::int64_t> values;
  values.reserve(count_);
  for (std::uint64_t i = 0; i < count_; ++i) {
    const std::optional<std::int64_t> element = DecodeInteger(element_type_, ElementBytes(i));
    if (!element) return std::nullopt;
    values.push_back(*element);
  }
  return values;
}

std::optional<std::vector<double>> GgufValue::AsNumbers() const {
  if (!is_array() || FixedBytes(element_type_) == 0) return std::nullopt;
  std::vector<double> values;
  values.reserve(count_);
  for (std::uint64_t i = 0; i < count_; ++i) {
    const std::optional<double> element = DecodeNumber(element_type_, ElementBytes(i));
    if (!element) return std::nullopt;
    values.push_back(*element);
  }
  return values;
}

std::optional<std::vector<std::string_view>> GgufValue::AsStrings() const {
  if (!is_array() || element_type_ != GgufValueType::kString) return std::nullopt;
  std::vector<std::string_view> values;
  values.reserve(count_);
  ByteCursor cursor(raw_, "");
  for (std::uint64_t i = 0; i < count_; ++i) {
    std::string_view text;
    // Read() has walked these very bytes, but a mapped file may change under us.
    if (!cursor.ReadString("", text).ok()) return std::nullopt;
    values.push_back(text);
  }
  return values;
}

std::string GgufValue::Describe() const {
  if (is_array()) {
    return std::string("[") + std::to_string(count_) + " x " +
           std::string(GgufValueTypeName(element_type_)) + "]";
  }
  if (const auto text = AsString()) return Quoted(*text);
  if (const auto flag = AsBool()) return *flag ? "true" : "false";
  if (type_ == GgufValueType::kUint64) return std::to_string(Load<std::uint64_t>(raw_));
  if (const auto integer = AsInteger()) return std::to_string(*integer);
  char shown[32];
  std::snprintf(shown, sizeof shown, "%g", AsNumber().value_or(0));
  return shown;
}

}  // namespace braid
