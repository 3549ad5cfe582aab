#include "launch/command_line.h"

#include "launch/suggestion.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <variant>

namespace braid {
namespace {

std::string HelpOf(const Option& option) {
  std::string text = option.help;
  const bool plain_text = std::holds_alternative<OptionalTextTarget>(option.target) ||
                          (std::holds_alternative<TextTarget>(option.target) &&
                           std::get<TextTarget>(option.target).choices.empty());
  const bool is_switch = std::holds_alternative<SwitchTarget>(option.target);
  if (!plain_text && !is_switch) text += fmt::format("; {}", AllowedValues(option));
  if (!is_switch && !std::holds_alternative<ShortFormTarget>(option.target)) {
    text +=
        fmt::format(" [{}]", option.default_note.empty() ? ValueText(option) : option.default_note);
  }
  if (!option.environment.empty()) text += fmt::format(" (or variable {})", option.environment);
  return text;
}

bool IsOnByDefault(const Option& option) {
  return std::holds_alternative<SwitchTarget>(option.target) && option.initial == "true";
}

void AddTo(CLI::App& app, const Option& option, CommandLine& line) {
  const std::string flags = option.letter == '\0'
                                ? "--" + option.name
                                : fmt::format("-{},--{}", option.letter, option.name);
  if (std::holds_alternative<SwitchTarget>(option.target)) {
    const auto set = [&line, name = option.name](bool value) {
      return [&line, name, value](std::int64_t) {
        line.flags.emplace_back(name, value ? "true" : "false");
      };
    };
    const std::string off = "--no-" + option.name;
    CLI::Option* on = app.add_flag_function(flags, set(true), HelpOf(option));
    if (!IsOnByDefault(option)) return;
    // What a switch does that is on already is said where it can be switched off.
    on->group("");
    app.add_flag_function(off, set(false), "off: " + option.help);
    return;
  }
  const auto store = [&line, name = option.name](const CLI::results_t& results) {
    line.flags.emplace_back(name, results.back());
    return true;
  };
  app.add_option(flags, store, HelpOf(option))
      ->type_name(option.value_name)
      ->take_last()
      ->allow_extra_args(false);
}

/// The arguments last first, as the library wants them. It takes the next argument for the value of
/// `--name=`, whose value is empty: that one becomes two.
std::vector<std::string> ReversedArguments(std::span<const std::string> arguments) {
  std::vector<std::string> reversed;
  for (auto argument = arguments.rbegin(); argument != arguments.rend(); ++argument) {
    const bool has_empty_value =
        argument->starts_with("--") && argument->find('=') == argument->size() - 1;
    if (has_empty_value) reversed.emplace_back();
    reversed.push_back(has_empty_value ? argument->substr(0, argument->size() - 1) : *argument);
  }
  return reversed;
}

Status UnknownFlag(const CommandSyntax& syntax, const OptionTable& table,
                   const std::string& argument) {
  std::vector<std::string> names = {"help"};
  for (const Option& option : table.options()) {
    if (!option.in_flags) continue;
    names.push_back(option.name);
    if (IsOnByDefault(option)) names.push_back("no-" + option.name);
  }
  const std::string flag = argument.substr(0, argument.find('='));
  const std::string word = flag.substr(std::min(flag.find_first_not_of('-'), flag.size()));
  std::string suggestion = DidYouMean(word, names);
  if (const auto quote = suggestion.find('\''); quote != std::string::npos) {
    suggestion.insert(quote + 1, "--");
  }
  return InvalidArgument(
      fmt::format("unknown flag {}{}; see braid {} --help", flag, suggestion, syntax.name));
}

/// Makes of what the library did not understand an argument, or complains of the first.
Status CheckExtras(const CommandSyntax& syntax, const OptionTable& table,
                   const std::vector<std::string>& extras, CommandLine& line) {
  bool missing = !syntax.positional.empty();
  for (const std::string& extra : extras) {
    if (extra.size() > 1 && extra.starts_with("-")) return UnknownFlag(syntax, table, extra);
    if (!missing) {
      return InvalidArgument(fmt::format("unexpected argument '{}'{}{}; see braid {} --help", extra,
                                         syntax.hint.empty() ? "" : ": ", syntax.hint,
                                         syntax.name));
    }
    line.positional = extra;
    missing = false;
  }
  if (!missing) return {};
  return InvalidArgument(fmt::format("{} is missing; usage: braid {} {}", syntax.positional,
                                     syntax.name, syntax.positional));
}

std::string HelpText(CLI::App& app, const CommandSyntax& syntax) {
  const std::string arguments =
      syntax.positional.empty() ? "" : fmt::format("{} ", syntax.positional);
  std::string text =
      fmt::format("{}\nUsage: braid {} {}[OPTIONS]\n", syntax.summary, syntax.name, arguments);
  if (!syntax.positional.empty()) {
    text += fmt::format("\n  {}  {}\n", syntax.positional, syntax.positional_help);
  }
  // The library's help begins with a usage line of its own, which knows less than ours.
  const std::string options = app.help();
  text += '\n' + options.substr(std::min(options.find("Options:"), options.size()));
  if (!syntax.footer.empty()) text += "\n" + syntax.footer;
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

/// The library takes --switch=VALUE and looks at no value.
Status CheckSwitches(const CommandSyntax& syntax, const OptionTable& table,
                     std::span<const std::string> arguments) {
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || !argument.starts_with("--")) continue;
    std::string_view name = std::string_view(argument).substr(2, equals - 2);
    const bool off = name.starts_with("no-") && table.Find(name) == nullptr;
    if (off) name.remove_prefix(3);
    const Option* option = table.Find(name);
    if (option == nullptr || !std::holds_alternative<SwitchTarget>(option->target)) continue;
    return InvalidArgument(fmt::format("{} takes no value: leave out '{}'; see braid {} --help",
                                       argument.substr(0, equals), argument.substr(equals),
                                       syntax.name));
  }
  return {};
}

/// What the library says of a flag without its value is "--rate: 1 required R missing".
std::string MissingValue(const std::string& text) {
  constexpr std::string_view kMiddle = ": 1 required ";
  constexpr std::string_view kEnd = " missing";
  const std::size_t middle = text.find(kMiddle);
  if (middle == std::string::npos || !text.ends_with(kEnd)) return text;
  const std::size_t value = middle + kMiddle.size();
  return fmt::format("{} needs a value: {} {}", text.substr(0, middle), text.substr(0, middle),
                     text.substr(value, text.size() - kEnd.size() - value));
}

}  // namespace

Result<CommandLine> ParseCommandLine(const CommandSyntax& syntax, const OptionTable& table,
                                     std::span<const std::string> arguments) {
  CommandLine line;
  RETURN_IF_ERROR(CheckSwitches(syntax, table, arguments));
  try {
    CLI::App app;
    app.allow_extras();
    app.set_help_flag("-h,--help", "show this");
    app.get_formatter()->column_width(30);
    for (const Option& option : table.options()) {
      if (option.in_flags) AddTo(app, option, line);
    }
    try {
      app.parse(ReversedArguments(arguments));
    } catch (const CLI::CallForHelp&) {
      line.wants_help = true;
      line.help = HelpText(app, syntax);
      return line;
    }
    RETURN_IF_ERROR(CheckExtras(syntax, table, app.remaining(), line));
  } catch (const CLI::Error& error) {
    return InvalidArgument(
        fmt::format("{}; see braid {} --help", MissingValue(error.what()), syntax.name));
  } catch (const std::exception& error) {
    return Internal(fmt::format("reading the command line: {}", error.what()));
  }
  return line;
}

}  // namespace braid
