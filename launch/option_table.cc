#include "launch/option_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <utility>

namespace braid {
namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
// Clang 16 does not deduce this by itself.
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

bool Store(const SwitchTarget& target, std::string_view text) {
  if (text != "true" && text != "false") return false;
  *target.value = text == "true";
  return true;
}

bool Store(const IntegerTarget& target, std::string_view text) {
  const auto value = ParseNumber<std::int64_t>(text);
  if (!value || *value < target.minimum || *value > target.maximum) return false;
  *target.value = *value;
  return true;
}

bool Store(const RealTarget& target, std::string_view text) {
  const auto value = ParseNumber<double>(text);
  if (!value || !std::isfinite(*value)) return false;
  if (*value < target.minimum || *value > target.maximum) return false;
  if (target.above_minimum && *value <= target.minimum) return false;
  *target.value = *value;
  return true;
}

bool Store(const TextTarget& target, std::string_view text) {
  const auto& choices = target.choices;
  if (!choices.empty() && std::find(choices.begin(), choices.end(), text) == choices.end()) {
    return false;
  }
  *target.value = text;
  return true;
}

bool Store(const OptionalTextTarget& target, std::string_view text) {
  *target.value = std::string(text);
  return true;
}

bool Store(const ParsedTarget& target, std::string_view text) { return target.store(text); }
bool Store(const ShortFormTarget&, std::string_view) { return false; }
bool Store(const EntriesTarget&, std::string_view) { return false; }

bool Store(const IntegerListTarget& target, std::string_view text) {
  std::vector<std::int32_t> values;
  while (true) {
    const std::size_t comma = text.find(',');
    const auto value = ParseNumber<std::int32_t>(text.substr(0, comma));
    if (!value || *value < target.minimum || *value > target.maximum) return false;
    if (std::find(values.begin(), values.end(), *value) != values.end()) return false;
    values.push_back(*value);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  *target.value = std::move(values);
  return true;
}

}  // namespace

std::string DescribeOrigin(const Origin& origin) {
  switch (origin.kind) {
    case Origin::Kind::kDefault:
      return origin.place.empty() ? "default" : "default: " + origin.place;
    case Origin::Kind::kEnvironment:
      return "env " + origin.place;
    case Origin::Kind::kFile:
      return origin.place;
    case Origin::Kind::kFlag:
      return "flag " + origin.place;
  }
  return "default";
}

void OptionTable::Add(Option option) {
  option.initial = ValueText(option);
  options_.push_back(std::move(option));
}

Option* OptionTable::Find(std::string_view name) {
  return const_cast<Option*>(std::as_const(*this).Find(name));
}

const Option* OptionTable::Find(std::string_view name) const {
  const auto found = std::find_if(options_.begin(), options_.end(),
                                  [&](const Option& option) { return option.name == name; });
  return found == options_.end() ? nullptr : &*found;
}

Option* OptionTable::FindInFile(std::string_view section, std::string_view key) {
  const auto found = std::find_if(options_.begin(), options_.end(), [&](const Option& option) {
    if (!option.in_file || option.section != section) return false;
    return key.empty() ? option.names_section : option.file_key() == key;
  });
  return found == options_.end() ? nullptr : &*found;
}

Status OptionTable::Set(Option& option, std::string_view text, const Origin& origin) {
  const auto* short_form = std::get_if<ShortFormTarget>(&option.target);
  if (short_form == nullptr) return SetOption(option, text, origin);
  ASSIGN_OR_RETURN(const ShortFormTarget::Settings settings, short_form->expand(text));
  for (const auto& [name, value] : settings) {
    Option* target = Find(name);
    BRAID_CHECK(target != nullptr);
    const Status status = SetOption(*target, value, origin);
    if (!status.ok())
      return InvalidArgument(
          fmt::format("'{}': {} {}", text, target->file_key(), status.message()));
  }
  return {};
}

std::string FileName(const Option& option) {
  if (option.section.empty()) return option.file_key();
  if (std::holds_alternative<ShortFormTarget>(option.target)) return option.section;
  return option.section + "." + option.file_key();
}

std::string AllowedValues(const Option& option) {
  return std::visit(
      Overloaded{[](const SwitchTarget&) -> std::string { return "true or false"; },
                 [](const IntegerTarget& t) {
                   return fmt::format("an integer from {} to {}", t.minimum, t.maximum);
                 },
                 [](const RealTarget& t) {
                   return t.above_minimum
                              ? fmt::format("a number above {} and at most {}", t.minimum,
                                            t.maximum)
                              : fmt::format("a number from {} to {}", t.minimum, t.maximum);
                 },
                 [](const TextTarget& t) -> std::string {
                   if (t.choices.empty()) return "a text";
                   return fmt::format("{}", fmt::join(t.choices, " or "));
                 },
                 [](const OptionalTextTarget&) -> std::string { return "a text"; },
                 [](const IntegerListTarget& t) {
                   return fmt::format("different integers from {} to {}, separated by commas",
                                      t.minimum, t.maximum);
                 },
                 [](const auto& t) { return t.allowed; }},
      option.target);
}

std::string ValueText(const Option& option) {
  return std::visit(
      Overloaded{
          [](const SwitchTarget& t) -> std::string { return *t.value ? "true" : "false"; },
          [](const TextTarget& t) { return *t.value; },
          [](const OptionalTextTarget& t) { return t.value->value_or(""); },
          [](const IntegerListTarget& t) { return fmt::format("{}", fmt::join(*t.value, ",")); },
          [](const ParsedTarget& t) { return t.text(); },
          [](const ShortFormTarget&) { return std::string(); },
          [](const EntriesTarget&) { return std::string(); },
          [](const auto& t) { return fmt::format("{}", *t.value); }},
      option.target);
}

Status SetOption(Option& option, std::string_view text, Origin origin) {
  const bool stored = std::visit([&](const auto& t) { return Store(t, text); }, option.target);
  if (!stored) {
    const auto* parsed = std::get_if<ParsedTarget>(&option.target);
    const std::string why = parsed != nullptr && parsed->why ? parsed->why(text) : "";
    return InvalidArgument(fmt::format("must be {}, not '{}'{}{}", AllowedValues(option), text,
                                       why.empty() ? "" : ": ", why));
  }
  option.origin = std::move(origin);
  return {};
}

}  // namespace braid
