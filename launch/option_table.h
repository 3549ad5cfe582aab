#pragma once

#include "base/status.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace braid {

/// Where the value of an option came from; a later kind wins over an earlier one.
struct Origin {
  enum class Kind : std::uint8_t { kDefault, kEnvironment, kFile, kFlag };
  Kind kind = Kind::kDefault;
  std::string place;  ///< the variable, "file:line", "--flag", or why a default is what it is
};

/// "flag --tp", "run.yaml:3", "env BRAID_MODEL", "default".
std::string DescribeOrigin(const Origin& origin);

/// Where an option's value goes, and which values it may have. The field holds the default until
/// it is set. Borrowed: the struct of fields outlives the table.
struct SwitchTarget {
  bool* value;
};
struct IntegerTarget {
  std::int64_t* value;
  std::int64_t minimum;
  std::int64_t maximum;
};
struct RealTarget {
  double* value;
  double minimum;
  double maximum;
  bool above_minimum = false;  ///< the minimum itself is not allowed
};
struct TextTarget {
  std::string* value;
  std::vector<std::string> choices = {};  ///< empty: any text
};
/// Text where none and the empty text are different things.
struct OptionalTextTarget {
  std::optional<std::string>* value;
};
/// Different integers, comma-separated.
struct IntegerListTarget {
  std::vector<std::int32_t>* value;
  std::int32_t minimum;
  std::int32_t maximum;
};
/// A value of any other type; launch/option_targets.h makes them.
struct ParsedTarget {
  enum class Form : std::uint8_t { kNumber, kText, kTextList };
  std::function<bool(std::string_view)> store;  ///< false: not allowed, and nothing changed
  std::function<std::string()> text;            ///< of a list: comma-separated
  std::string allowed;                          ///< as AllowedValues says it
  Form form = Form::kNumber;
  /// What is wrong with a text that `store` refuses, or empty; null: there is no more to say.
  std::function<std::string(std::string_view)> why = {};
};
/// No value of its own: a short form of what several other options say.
struct ShortFormTarget {
  using Settings = std::vector<std::pair<std::string, std::string>>;  ///< option name and text
  /// Errors: InvalidArgument as SetOption's: what the option must be.
  std::function<Result<Settings>(std::string_view)> expand;
  std::string allowed;
};
class OptionTable;
/// A sequence of mappings, each with options of its own; in files only.
struct EntriesTarget {
  std::function<void(std::size_t)> resize;
  std::function<std::size_t()> size;
  std::function<OptionTable(std::size_t)> entry;  ///< of one that there is; valid until `resize`
  std::string allowed;
};
using OptionTarget =
    std::variant<SwitchTarget, IntegerTarget, RealTarget, TextTarget, OptionalTextTarget,
                 IntegerListTarget, ParsedTarget, ShortFormTarget, EntriesTarget>;

/// One option of a command: the flag --name (a switch that is on: also --no-name) and, where
/// `in_file`, a key of its configuration file: `name`, or `key` within the mapping `section`.
struct Option {
  std::string name;
  OptionTarget target;
  std::string value_name;  ///< "N", "PATH"; empty for switches
  std::string help;
  std::string default_note = {};  ///< shown instead of the default value, where that says more
  std::string environment = {};   ///< variable that may set it, or empty
  char letter = '\0';             ///< of a short flag
  bool in_file = true;
  bool in_flags = true;
  std::string section = {};
  std::string key = {};        ///< empty: `name`
  bool names_section = false;  ///< `section: value` in a file sets this option
  bool may_name_file = false;  ///< as a flag it may name a configuration file, *.yaml or *.yml
  Origin origin = {};
  std::string initial = {};  ///< its value as text when it was added

  const std::string& file_key() const { return key.empty() ? name : key; }
};

/// "slo.tpot" for a key of a section, else "name".
std::string FileName(const Option& option);

/// The options of one command; flags, configuration file, help and --print-config all read this
/// one list.
/// Thread: a value that points into a struct of fields.
class OptionTable {
 public:
  void Add(Option option);

  std::vector<Option>& options() { return options_; }
  const std::vector<Option>& options() const { return options_; }

  /// Null where there is no such option.
  Option* Find(std::string_view name);
  const Option* Find(std::string_view name) const;
  /// By place in a file. An empty key finds the option that names the section.
  Option* FindInFile(std::string_view section, std::string_view key);

  /// SetOption, where a short form sets the options that it stands for.
  Status Set(Option& option, std::string_view text, const Origin& origin);

 private:
  std::vector<Option> options_;
};

/// "an integer from 1 to 64", "inproc or mpi", "true or false".
std::string AllowedValues(const Option& option);

/// The value as a person would write it; of a text, as it is.
std::string ValueText(const Option& option);

/// Parses `text` into the option's field; it is no short form and has no entries.
/// Errors: InvalidArgument saying what is allowed; the field keeps its value.
Status SetOption(Option& option, std::string_view text, Origin origin);

}  // namespace braid
