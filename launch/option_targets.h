#pragma once

#include "launch/option_table.h"

#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// Targets for fields of other types than OptionTable's own. The field is borrowed.

/// A whole number from `minimum` to `maximum` in a field of any integer type.
template <std::integral Field>
ParsedTarget WholeTarget(Field& field, std::int64_t minimum,
                         std::int64_t maximum = std::numeric_limits<Field>::max());

/// Seconds, kept as whole nanoseconds. `minimum` and `maximum` in seconds.
ParsedTarget SecondsTarget(std::int64_t& ns, double minimum, double maximum);

/// Different names out of `choices`, comma-separated.
ParsedTarget NamesTarget(std::vector<std::string>& names, std::vector<std::string> choices);

/// One name for each value of an enumeration.
template <typename Enum>
ParsedTarget ChoiceTarget(Enum& field, std::vector<std::pair<std::string, Enum>> choices);

/// "0.05" for 50,000,000: exact, without trailing zeros.
std::string SecondsText(std::int64_t ns);

/// Parts of the templates that do not depend on a field's type.
ParsedTarget WholeTargetOf(std::function<void(std::int64_t)> store,
                           std::function<std::int64_t()> value, std::int64_t minimum,
                           std::int64_t maximum);
std::string JoinChoices(const std::vector<std::string>& names);

template <std::integral Field>
ParsedTarget WholeTarget(Field& field, std::int64_t minimum, std::int64_t maximum) {
  return WholeTargetOf([&field](std::int64_t value) { field = static_cast<Field>(value); },
                       [&field] { return static_cast<std::int64_t>(field); }, minimum, maximum);
}

template <typename Enum>
ParsedTarget ChoiceTarget(Enum& field, std::vector<std::pair<std::string, Enum>> choices) {
  std::vector<std::string> names;
  for (const auto& [name, value] : choices) names.push_back(name);
  return {.store =
              [&field, choices](std::string_view text) {
                for (const auto& [name, value] : choices) {
                  if (name != text) continue;
                  field = value;
                  return true;
                }
                return false;
              },
          .text =
              [&field, choices] {
                for (const auto& [name, value] : choices) {
                  if (value == field) return name;
                }
                return std::string();
              },
          .allowed = JoinChoices(names),
          .form = ParsedTarget::Form::kText};
}

}  // namespace braid
