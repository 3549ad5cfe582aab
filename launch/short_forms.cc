#include "launch/short_forms.h"

#include "launch/suggestion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace braid {
namespace {

using Settings = ShortFormTarget::Settings;

constexpr std::string_view kClusterForm = "PROFILE[:DEVICES][:tpN][:nodesN][:kvN] or FILE.yaml";

std::vector<std::string_view> Cut(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t found = text.find(at);
    parts.push_back(text.substr(0, found));
    if (found == std::string_view::npos) return parts;
    text.remove_prefix(found + 1);
  }
}

bool IsNumber(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The option that a part of a cluster's short form sets, and its text; none where it is no part.
std::pair<std::string, std::string> ClusterPart(std::string_view part) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kParts = {
      {{"tp", "tp"}, {"nodes", "nodes"}, {"kv", "kv-slots"}, {"", "devices"}}};
  for (const auto& [letters, option] : kParts) {
    if (part.starts_with(letters) && IsNumber(part.substr(letters.size()))) {
      return {std::string(option), std::string(part.substr(letters.size()))};
    }
  }
  return {};
}

Result<Settings> ExpandCluster(std::string_view text) {
  const std::vector<std::string_view> parts = Cut(text, ':');
  Settings settings = {{"profile", std::string(parts[0])}};
  for (std::size_t i = 1; i < parts.size(); ++i) {
    auto setting = ClusterPart(parts[i]);
    const bool twice = std::any_of(settings.begin(), settings.end(), [&](const auto& earlier) {
      return earlier.first == setting.first;
    });
    if (setting.first.empty() || twice || parts[0].empty()) {
      return InvalidArgument(fmt::format("must be {}, not '{}'{}", kClusterForm, text,
                                         twice ? ", which says one thing twice" : ""));
    }
    settings.push_back(std::move(setting));
  }
  return settings;
}

}  // namespace

ShortFormTarget ClusterShortForm() {
  return {.expand = ExpandCluster, .allowed = std::string(kClusterForm)};
}

ShortFormTarget KeyValueShortForm(std::vector<std::pair<std::string, std::string>> options,
                                  std::string example) {
  std::vector<std::string> keys;
  for (const auto& [key, option] : options) keys.push_back(key);
  std::string allowed =
      fmt::format("KEY=VALUE,.. such as {}; keys are {}", example, fmt::join(keys, ", "));
  const auto expand = [options = std::move(options), keys,
                       allowed](std::string_view text) -> Result<Settings> {
    Settings settings;
    for (const std::string_view part : Cut(text, ',')) {
      const std::size_t equals = part.find('=');
      const std::string key(part.substr(0, equals));
      const auto found = std::find_if(options.begin(), options.end(),
                                      [&](const auto& option) { return option.first == key; });
      if (found == options.end()) {
        return InvalidArgument(fmt::format("must be {}, not '{}': there is no '{}'{}", allowed,
                                           text, key, DidYouMean(key, keys)));
      }
      if (equals == std::string_view::npos) {
        return InvalidArgument(
            fmt::format("must be {}, not '{}': '{}' has no value", allowed, text, key));
      }
      const bool twice = std::any_of(settings.begin(), settings.end(), [&](const auto& earlier) {
        return earlier.first == found->second;
      });
      if (twice) {
        return InvalidArgument(
            fmt::format("must be {}, not '{}': '{}' stands there twice", allowed, text, key));
      }
      settings.emplace_back(found->second, part.substr(equals + 1));
    }
    return settings;
  };
  return {.expand = expand, .allowed = allowed};
}

}  // namespace braid
