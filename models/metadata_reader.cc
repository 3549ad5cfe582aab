#include "models/metadata_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace braid {
namespace {

constexpr std::int64_t kNoToken = 4294967295;

}  // namespace

Status MetadataReader::Missing(const std::string& key) const {
  return InvalidArgument(file_.name() + ": key " + key +
                         " is missing; the file is incomplete, convert the model again");
}

Status MetadataReader::WrongKind(const std::string& key, const GgufValue& value,
                                 std::string_view expected) const {
  return InvalidArgument(file_.name() + ": key " + key + " is " + value.Describe() + "; expected " +
                         std::string(expected));
}

Result<std::optional<std::int32_t>> MetadataReader::Count(const std::string& key) const {
  const GgufValue* value = file_.FindValue(key);
  if (value == nullptr) return std::optional<std::int32_t>();
  std::optional<std::int64_t> number = value->AsInteger();
  if (value->is_array()) {
    const auto numbers = value->AsIntegers();
    if (numbers && !numbers->empty()) {
      const auto same = [&](std::int64_t element) { return element == numbers->front(); };
      if (!std::all_of(numbers->begin(), numbers->end(), same)) {
        return WrongKind(key, *value,
                         "one value for all layers (layers that differ cannot be run)");
      }
      number = numbers->front();
    }
  }
  if (!number || *number < 0 || *number > std::numeric_limits<std::int32_t>::max()) {
    return WrongKind(key, *value, "a whole number from 0 to 2147483647");
  }
  return std::optional(static_cast<std::int32_t>(*number));
}

Result<std::int32_t> MetadataReader::RequiredCount(const std::string& key) const {
  ASSIGN_OR_RETURN(const std::optional<std::int32_t> count, Count(key));
  if (!count) return Missing(key);
  return *count;
}

Result<std::optional<float>> MetadataReader::Number(const std::string& key) const {
  const GgufValue* value = file_.FindValue(key);
  if (value == nullptr) return std::optional<float>();
  const std::optional<double> number = value->AsNumber();
  // Written so that NaN fails too.
  if (!number || !(std::fabs(*number) <= std::numeric_limits<float>::max())) {
    return WrongKind(key, *value, "a finite number");
  }
  return std::optional(static_cast<float>(*number));
}

Result<std::optional<bool>> MetadataReader::Bool(const std::string& key) const {
  const GgufValue* value = file_.FindValue(key);
  if (value == nullptr) return std::optional<bool>();
  const std::optional<bool> flag = value->AsBool();
  if (!flag) return WrongKind(key, *value, "true or false");
  return std::optional(*flag);
}

Result<std::optional<std::string_view>> MetadataReader::String(const std::string& key) const {
  const GgufValue* value = file_.FindValue(key);
  if (value == nullptr) return std::optional<std::string_view>();
  const std::optional<std::string_view> text = value->AsString();
  if (!text) return WrongKind(key, *value, "a string");
  return std::optional(*text);
}

Result<std::int32_t> MetadataReader::TokenId(const std::string& key) const {
  const GgufValue* value = file_.FindValue(key);
  if (value == nullptr) return -1;
  const std::optional<std::int64_t> number = value->AsInteger();
  if (number && (*number == kNoToken || *number == -1)) return -1;
  if (!number || *number < 0 || *number > std::numeric_limits<std::int32_t>::max()) {
    return WrongKind(key, *value, "a token id");
  }
  return static_cast<std::int32_t>(*number);
}

}  // namespace braid
