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

Status ApplyFlags(const CommandLine& line, OptionTable& table) {
  for (const auto& [name, text] : line.flags) {
    Option* option = table.Find(name);
    BRAID_CHECK(option != nullptr);
    const std::string flag =
        option->letter == '\0' ? "--" + name : fmt::format("-{}", option->letter);
    const Status status = SetOption(*option, text, {Origin::Kind::kFlag, flag});
    if (!status.ok()) return InvalidArgument(fmt::format("{} {}", flag, status.message()));
  }
  return {};
}

/// A value as YAML: JSON's strings are YAML's double-quoted ones.
std::string YamlValue(const Option& option) {
  if (const auto* list = std::get_if<IntegerListTarget>(&option.target)) {
    return fmt::format("[{}]", fmt::join(*list->value, ", "));
  }
  const bool is_text = std::holds_alternative<TextTarget>(option.target) ||
                       std::holds_alternative<OptionalTextTarget>(option.target);
  const std::string text = ValueText(option);
  if (!is_text) return text;
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// False where the default is no value that could be written down ("the model's own").
bool HasValue(const Option& option) {
  return option.origin.kind != Origin::Kind::kDefault || option.default_note.empty();
}

}  // namespace

Result<CommandLine> ReadOptions(const CommandSyntax& syntax, OptionTable& table,
                                std::span<const std::string> arguments,
                                const Environment& environment) {
  ASSIGN_OR_RETURN(CommandLine line, ParseCommandLine(syntax, table, arguments));
  if (line.wants_help) return line;
  RETURN_IF_ERROR(ApplyEnvironment(table, environment));
  for (const auto& [name, path] : line.flags) {
    if (name == "config") RETURN_IF_ERROR(ApplyConfigFile(path, table));
  }
  RETURN_IF_ERROR(ApplyFlags(line, table));
  return line;
}

std::string PrintConfig(const OptionTable& table) {
  std::vector<std::pair<std::string, std::string>> lines;
  std::size_t width = 0;
  for (const Option& option : table.options()) {
    if (!option.in_file) continue;
    std::string setting = HasValue(option)
                              ? fmt::format("{}: {}", option.name, YamlValue(option))
                              : fmt::format("# {}: {}", option.name, option.default_note);
    width = std::max(width, std::min<std::size_t>(setting.size(), 40));
    lines.emplace_back(std::move(setting), DescribeOrigin(option.origin));
  }
  std::string text;
  for (const auto& [setting, origin] : lines) {
    text += fmt::format("{:<{}}  # {}\n", setting, width, origin);
  }
  return text;
}

}  // namespace braid
