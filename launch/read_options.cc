#include "launch/read_options.h"

#include "launch/config_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <variant>

namespace braid {
namespace {

Status ApplyEnvironment(OptionTable& table, const Environment& environment) {
  for (Option& option : table.options()) {
    if (option.environment.empty()) continue;
    const auto value = environment(option.environment);
    if (!value) continue;
    const Status status =
        SetOption(option, *value, {Origin::Kind::kEnvironment, option.environment});
    if (!status.ok()) return status.WithContext("variable " + option.environment);
  }
  return {};
}

bool NamesFile(const OptionTable& table, const std::string& name, std::string_view text) {
  const Option* option = table.Find(name);
  return option != nullptr && option->may_name_file &&
         (text.ends_with(".yaml") || text.ends_with(".yml"));
}

Status ApplyFlag(const std::string& name, const std::string& text, OptionTable& table) {
  Option* option = table.Find(name);
  BRAID_CHECK(option != nullptr);
  const std::string flag =
      option->letter == '\0' ? "--" + name : fmt::format("-{}", option->letter);
  const Status status = table.Set(*option, text, {Origin::Kind::kFlag, flag});
  if (status.ok()) return {};
  return InvalidArgument(fmt::format("{} {}", flag, status.message()));
}

/// Short forms first: a flag for one thing wins over one for several, wherever they stand.
Status ApplyFlags(const CommandLine& line, OptionTable& table) {
  for (const bool short_forms : {true, false}) {
    for (const auto& [name, text] : line.flags) {
      const Option* option = table.Find(name);
      BRAID_CHECK(option != nullptr);
      if (std::holds_alternative<ShortFormTarget>(option->target) != short_forms) continue;
      if (!NamesFile(table, name, text)) RETURN_IF_ERROR(ApplyFlag(name, text, table));
    }
  }
  return {};
}

Status ApplyFiles(const CommandLine& line, OptionTable& table) {
  for (const auto& [name, path] : line.flags) {
    if (name == "config") RETURN_IF_ERROR(ApplyConfigFile(path, table));
  }
  for (const auto& [name, path] : line.flags) {
    if (NamesFile(table, name, path)) RETURN_IF_ERROR(ApplyConfigFile(path, table));
  }
  return {};
}

std::string Quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// "[{weight: 1, prompt: \"100\"}, ...]".
std::string EntriesText(const EntriesTarget& target);

/// A value as YAML: JSON's strings are YAML's double-quoted ones.
std::string YamlValue(const Option& option) {
  if (const auto* list = std::get_if<IntegerListTarget>(&option.target)) {
    return fmt::format("[{}]", fmt::join(*list->value, ", "));
  }
  if (const auto* entries = std::get_if<EntriesTarget>(&option.target)) {
    return EntriesText(*entries);
  }
  const std::string text = ValueText(option);
  if (const auto* parsed = std::get_if<ParsedTarget>(&option.target)) {
    if (parsed->form == ParsedTarget::Form::kTextList) return fmt::format("[{}]", text);
    return parsed->form == ParsedTarget::Form::kText ? Quoted(text) : text;
  }
  const bool is_text = std::holds_alternative<TextTarget>(option.target) ||
                       std::holds_alternative<OptionalTextTarget>(option.target);
  return is_text ? Quoted(text) : text;
}

std::string EntriesText(const EntriesTarget& target) {
  std::vector<std::string> items;
  for (std::size_t i = 0; i < target.size(); ++i) {
    const OptionTable table = target.entry(i);
    std::vector<std::string> pairs;
    for (const Option& option : table.options()) {
      pairs.push_back(fmt::format("{}: {}", option.file_key(), YamlValue(option)));
    }
    items.push_back(fmt::format("{{{}}}", fmt::join(pairs, ", ")));
  }
  return fmt::format("[{}]", fmt::join(items, ", "));
}

/// False where the default is no value that could be written down ("the model's own").
bool HasValue(const Option& option) {
  return option.origin.kind != Origin::Kind::kDefault || option.default_note.empty();
}

void AddSettings(const OptionTable& table, const std::string& section,
                 std::vector<std::pair<std::string, std::string>>& lines) {
  const char* indent = section.empty() ? "" : "  ";
  for (const Option& option : table.options()) {
    if (!option.in_file || option.section != section) continue;
    if (std::holds_alternative<ShortFormTarget>(option.target)) continue;
    lines.emplace_back(
        HasValue(option)
            ? fmt::format("{}{}: {}", indent, option.file_key(), YamlValue(option))
            : fmt::format("{}# {}: {}", indent, option.file_key(), option.default_note),
        DescribeOrigin(option.origin));
  }
}

}  // namespace

Result<CommandLine> ReadOptions(const CommandSyntax& syntax, OptionTable& table,
                                std::span<const std::string> arguments,
                                const Environment& environment) {
  ASSIGN_OR_RETURN(CommandLine line, ParseCommandLine(syntax, table, arguments));
  if (line.wants_help) return line;
  RETURN_IF_ERROR(ApplyEnvironment(table, environment));
  RETURN_IF_ERROR(ApplyFiles(line, table));
  RETURN_IF_ERROR(ApplyFlags(line, table));
  return line;
}

std::string PrintConfig(const OptionTable& table) {
  std::vector<std::string> sections = {""};  // in order; first what stands in none
  for (const Option& option : table.options()) {
    if (option.in_file && option.section != sections.back()) sections.push_back(option.section);
  }
  std::vector<std::pair<std::string, std::string>> lines;  // an empty second one: no origin
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const std::string& section = sections[i];
    if (std::find(sections.begin(), sections.begin() + static_cast<std::ptrdiff_t>(i), section) !=
        sections.begin() + static_cast<std::ptrdiff_t>(i)) {
      continue;
    }
    if (!section.empty()) lines.emplace_back(section + ":", "");
    AddSettings(table, section, lines);
  }
  std::size_t width = 0;
  for (const auto& [setting, origin] : lines) {
    width = std::max(width, std::min<std::size_t>(setting.size(), 40));
  }
  std::string text;
  for (const auto& [setting, origin] : lines) {
    text += origin.empty() ? setting + "\n" : fmt::format("{:<{}}  # {}\n", setting, width, origin);
  }
  return text;
}

}  // namespace braid
