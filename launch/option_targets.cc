#include "launch/option_targets.h"

#include "launch/suggestion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace braid {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

template <typename Number>
bool Parse(std::string_view text, Number& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

std::string WithoutBlanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(' ') + 1 - begin));
}

/// Adds what `text` names to `names`. What is wrong with it, or empty.
std::string ParseNames(std::string_view text, const std::vector<std::string>& choices,
                       std::vector<std::string>& names) {
  while (true) {
    const std::size_t comma = text.find(',');
    std::string name = WithoutBlanks(text.substr(0, comma));
    if (std::find(choices.begin(), choices.end(), name) == choices.end()) {
      return fmt::format("there is no '{}'{}", name, DidYouMean(name, choices));
    }
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      return fmt::format("'{}' stands there twice", name);
    }
    names.push_back(std::move(name));
    if (comma == std::string_view::npos) return "";
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::string JoinChoices(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, " or "));
}

std::string SecondsText(std::int64_t ns) {
  std::string text = fmt::format("{}.{:09}", ns / kNsPerSecond, ns % kNsPerSecond);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

ParsedTarget WholeTargetOf(std::function<void(std::int64_t)> store,
                           std::function<std::int64_t()> value, std::int64_t minimum,
                           std::int64_t maximum) {
  return {.store =
              [store = std::move(store), minimum, maximum](std::string_view text) {
                std::int64_t parsed = 0;
                if (!Parse(text, parsed) || parsed < minimum || parsed > maximum) return false;
                store(parsed);
                return true;
              },
          .text = [value = std::move(value)] { return fmt::format("{}", value()); },
          .allowed = fmt::format("an integer from {} to {}", minimum, maximum)};
}

ParsedTarget SecondsTarget(std::int64_t& ns, double minimum, double maximum) {
  return {.store =
              [&ns, minimum, maximum](std::string_view text) {
                double seconds = 0;
                if (!Parse(text, seconds) || !(seconds >= minimum && seconds <= maximum)) {
                  return false;
                }
                ns = std::llround(seconds * static_cast<double>(kNsPerSecond));
                return true;
              },
          .text = [&ns] { return SecondsText(ns); },
          .allowed = fmt::format("seconds from {} to {}", minimum, maximum)};
}

ParsedTarget NamesTarget(std::vector<std::string>& names, std::vector<std::string> choices) {
  std::string allowed = fmt::format("one or several of {}", fmt::join(choices, ", "));
  return {.store =
              [&names, choices](std::string_view text) {
                std::vector<std::string> parsed;
                if (!ParseNames(text, choices, parsed).empty()) return false;
                names = std::move(parsed);
                return true;
              },
          .text = [&names] { return fmt::format("{}", fmt::join(names, ",")); },
          .allowed = std::move(allowed),
          .form = ParsedTarget::Form::kTextList,
          .why =
              [choices = std::move(choices)](std::string_view text) {
                std::vector<std::string> parsed;
                return ParseNames(text, choices, parsed);
              }};
}

}  // namespace braid
