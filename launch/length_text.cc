#include "launch/length_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <vector>

namespace braid {
namespace {

std::optional<double> Number(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> Tokens(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < 1 || value > kMaxRequestTokens) {
    return std::nullopt;
  }
  return value;
}

std::vector<std::string_view> Parts(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

}  // namespace

std::optional<LengthSpec> ParseLength(std::string_view text) {
  const std::vector<std::string_view> parts = Parts(text);
  const std::size_t count = parts.size();
  if (count == 1) {
    const auto fixed = Tokens(parts[0]);
    if (!fixed) return std::nullopt;
    return LengthSpec{.kind = LengthKind::kFixed, .min = *fixed, .max = *fixed};
  }
  if (count < 3) return std::nullopt;
  const auto min = Tokens(parts[count - 2]);
  const auto max = Tokens(parts[count - 1]);
  if (!min || !max || *min > *max) return std::nullopt;
  LengthSpec length{.min = *min, .max = *max};
  if (parts[0] == "uniform" && count == 3) {
    length.kind = LengthKind::kUniform;
    return length;
  }
  const auto first = Number(parts[1]);
  if (!first) return std::nullopt;
  if (parts[0] == "zipf" && count == 4) {
    length.kind = LengthKind::kZipf;
    length.alpha = *first;
    return length;
  }
  const auto second = Number(parts[2]);
  if (parts[0] != "log-normal" || count != 5 || !second) return std::nullopt;
  length.kind = LengthKind::kLogNormal;
  length.median = *first;
  length.sigma = *second;
  return length;
}

std::string LengthText(const LengthSpec& length) {
  switch (length.kind) {
    case LengthKind::kFixed:
      return fmt::format("{}", length.min);
    case LengthKind::kUniform:
      return fmt::format("uniform:{}:{}", length.min, length.max);
    case LengthKind::kZipf:
      return fmt::format("zipf:{}:{}:{}", length.alpha, length.min, length.max);
    case LengthKind::kLogNormal:
      return fmt::format("log-normal:{}:{}:{}:{}", length.median, length.sigma, length.min,
                         length.max);
  }
  return "";
}

ParsedTarget LengthTarget(LengthSpec& length) {
  return {.store =
              [&length](std::string_view text) {
                const auto parsed = ParseLength(text);
                if (parsed) length = *parsed;
                return parsed.has_value();
              },
          .text = [&length] { return LengthText(length); },
          .allowed = fmt::format("a number of tokens up to {}, uniform:MIN:MAX, zipf:ALPHA:MIN:MAX "
                                 "or log-normal:MEDIAN:SIGMA:MIN:MAX",
                                 kMaxRequestTokens),
          .form = ParsedTarget::Form::kText};
}

}  // namespace braid
