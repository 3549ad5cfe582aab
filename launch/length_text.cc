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

// Of ALPHA and SIGMA, as ValidateWorkloadSpec has it.
constexpr double kMostExponent = 20;

bool Within(double value, double least, double most) { return value >= least && value <= most; }

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
    if (!Within(*first, 0, kMostExponent)) return std::nullopt;
    length.kind = LengthKind::kZipf;
    length.alpha = *first;
    return length;
  }
  const auto second = Number(parts[2]);
  if (parts[0] != "log-normal" || count != 5 || !second) return std::nullopt;
  if (!Within(*first, 1, static_cast<double>(kMaxRequestTokens)) ||
      !Within(*second, 0, kMostExponent)) {
    return std::nullopt;
  }
  length.kind = LengthKind::kLogNormal;
  length.median = *first;
  length.sigma = *second;
  return length;
}

namespace {

/// What is wrong with a length that ParseLength refuses, as far as its form tells.
std::string WhatIsWrong(std::string_view text) {
  const std::vector<std::string_view> parts = Parts(text);
  const std::size_t count = parts.size();
  if (count < 3) return "";
  for (const std::size_t i : {count - 2, count - 1}) {
    if (!Tokens(parts[i])) {
      return fmt::format("{} is no number of tokens", i == count - 1 ? "MAX" : "MIN");
    }
  }
  if (*Tokens(parts[count - 2]) > *Tokens(parts[count - 1])) return "MIN is above MAX";
  if (parts[0] == "zipf") return fmt::format("ALPHA may be 0 to {}", kMostExponent);
  if (parts[0] == "log-normal") {
    return fmt::format("MEDIAN may be 1 to {} and SIGMA 0 to {}", kMaxRequestTokens, kMostExponent);
  }
  return "";
}

}  // namespace

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
  return {
      .store =
          [&length](std::string_view text) {
            const auto parsed = ParseLength(text);
            if (parsed) length = *parsed;
            return parsed.has_value();
          },
      .text = [&length] { return LengthText(length); },
      .allowed = fmt::format("a number of tokens from 1 to {}, uniform:MIN:MAX, zipf:ALPHA:MIN:MAX "
                             "or log-normal:MEDIAN:SIGMA:MIN:MAX",
                             kMaxRequestTokens),
      .form = ParsedTarget::Form::kText,
      .why = WhatIsWrong};
}

}  // namespace braid
