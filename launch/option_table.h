#pragma once

#include "base/status.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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
using OptionTarget = std::variant<SwitchTarget, IntegerTarget, RealTarget, TextTarget,
                                  OptionalTextTarget, IntegerListTarget>;

/// One option of a command: the flag --name and, where `in_file`, the key `name` of its
/// configuration file.
struct Option {
  std::string name;
  OptionTarget target;
  std::string value_name;  ///< "N", "PATH"; empty for switches
  std::string help;
  std::string default_note = {};  ///< shown instead of the default value, where that says more
  std::string environment = {};   ///< variable that may set it, or empty
  char letter = '\0';             ///< of a short flag
  bool in_file = true;
  Origin origin = {};
};

/// The options of one command; flags, configuration file, help and --print-config all read this
/// one list.
/// Thread: a value that points into a struct of fields.
class OptionTable {
 public:
  void Add(Option option) { options_.push_back(std::move(option)); }

  std::vector<Option>& options() { return options_; }
  const std::vector<Option>& options() const { return options_; }

  /// Null where there is no such option.
  Option* Find(std::string_view name);
  const Option* Find(std::string_view name) const;

 private:
  std::vector<Option> options_;
};

/// "an integer from 1 to 64", "inproc or mpi", "true or false".
std::string AllowedValues(const Option& option);

/// The value as a person would write it; of a text, as it is.
std::string ValueText(const Option& option);

/// Parses `text` into the option's field.
/// Errors: InvalidArgument saying what is allowed; the field keeps its value.
Status SetOption(Option& option, std::string_view text, Origin origin);

}  // namespace braid
