#include "launch/config_file.h"

#include "launch/suggestion.h"
#include "launch/text_file.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <exception>
#include <map>
#include <sstream>
#include <utility>
#include <variant>
#include <vector>

namespace braid {
namespace {

// A configuration has some twenty short lines; the parser's time on malicious input grows faster
// than its size.
constexpr std::size_t kMaxBytes = 64 * 1024;
constexpr std::size_t kMaxComplaints = 10;

/// Collects complaints about one file.
class Complaints {
 public:
  explicit Complaints(const std::string& file) : file_(file) {}

  void Add(const YAML::Mark& mark, std::string_view message) {
    ++count_;
    if (count_ > kMaxComplaints) return;
    // The library counts from 0, and has -1 where it does not know.
    const std::string place =
        mark.is_null() ? file_ : fmt::format("{}:{}:{}", file_, mark.line + 1, mark.column + 1);
    text_ += fmt::format("{}{}: {}", text_.empty() ? "" : "\n", place, message);
  }

  Status ToStatus() const {
    if (count_ == 0) return {};
    if (count_ <= kMaxComplaints) return InvalidArgument(text_);
    return InvalidArgument(
        fmt::format("{}\n{}: and {} more", text_, file_, count_ - kMaxComplaints));
  }

 private:
  const std::string& file_;
  std::size_t count_ = 0;
  std::string text_;
};

bool IsText(const Option& option) {
  if (const auto* parsed = std::get_if<ParsedTarget>(&option.target)) {
    return parsed->form != ParsedTarget::Form::kNumber;
  }
  return std::holds_alternative<TextTarget>(option.target) ||
         std::holds_alternative<OptionalTextTarget>(option.target) ||
         std::holds_alternative<ShortFormTarget>(option.target);
}

bool IsList(const Option& option) {
  if (const auto* parsed = std::get_if<ParsedTarget>(&option.target)) {
    return parsed->form == ParsedTarget::Form::kTextList;
  }
  return std::holds_alternative<IntegerListTarget>(option.target);
}

/// The text of a value, as SetOption takes it.
/// Errors: InvalidArgument where its kind is not the option's.
Result<std::string> TextOf(const YAML::Node& value, const Option& option) {
  const auto wrong = [&](std::string_view what) {
    return InvalidArgument(fmt::format("must be {}, not {}", AllowedValues(option), what));
  };
  if (value.IsNull() || !value.IsDefined()) return wrong("nothing");
  if (value.IsMap()) return wrong("a mapping");
  if (value.IsSequence()) {
    if (!IsList(option)) return wrong("a sequence");
    std::string text;
    for (const YAML::Node& item : value) {
      if (!item.IsScalar()) return wrong("a sequence of other things");
      text += (text.empty() ? "" : ",") + item.Scalar();
    }
    return text;
  }
  // The library tags quoted scalars "!": text, whatever they look like.
  if (value.Tag() == "!" && !IsText(option))
    return wrong(fmt::format("the text '{}'", value.Scalar()));
  return value.Scalar();
}

/// Keys that may stand in a section, or at the top where it is empty.
std::vector<std::string> KeysOf(const OptionTable& table, std::string_view section) {
  std::vector<std::string> keys;
  const auto add = [&keys](const std::string& key) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  };
  for (const Option& option : table.options()) {
    if (!option.in_file) continue;
    if (option.section == section && !std::holds_alternative<ShortFormTarget>(option.target)) {
      add(option.file_key());
    }
    if (section.empty() && !option.section.empty()) add(option.section);
  }
  return keys;
}

struct Entry {
  YAML::Node key;
  YAML::Node value;

  /// Where to point at for the value.
  YAML::Mark place() const {
    return value.Mark().is_null() || value.IsNull() ? key.Mark() : value.Mark();
  }
};

/// Sets the options of one table from mappings, section by section.
class MappingReader {
 public:
  /// `path` stands before keys in messages: "workload.classes[1]." or empty.
  MappingReader(const std::string& file, std::string path, OptionTable& table,
                Complaints& complaints)
      : file_(file), path_(std::move(path)), table_(table), complaints_(complaints) {}

  void Apply(const YAML::Node& mapping, const std::string& section);

 private:
  void ApplyEntry(const Entry& entry, const std::string& section);
  void ApplyValue(const Entry& entry, Option& option);
  void ApplyEntries(const Entry& entry, Option& option, const EntriesTarget& target);
  void ComplainOfKey(const Entry& entry, const std::string& section);
  bool IsSection(const std::string& name) const;
  Origin OriginOf(const Entry& entry) const {
    return {Origin::Kind::kFile, fmt::format("{}:{}", file_, entry.key.Mark().line + 1)};
  }

  const std::string& file_;
  std::string path_;
  OptionTable& table_;
  Complaints& complaints_;
  std::map<std::string, int> first_lines_;
};

void MappingReader::Apply(const YAML::Node& mapping, const std::string& section) {
  for (const auto& pair : mapping) ApplyEntry({pair.first, pair.second}, section);
}

bool MappingReader::IsSection(const std::string& name) const {
  const auto& options = table_.options();
  return !name.empty() && std::any_of(options.begin(), options.end(), [&](const Option& option) {
    return option.in_file && option.section == name;
  });
}

void MappingReader::ComplainOfKey(const Entry& entry, const std::string& section) {
  const std::string& name = entry.key.Scalar();
  const std::vector<std::string> keys = KeysOf(table_, section);
  std::string advice = DidYouMean(name, keys);
  for (const Option& option : table_.options()) {
    if (option.in_file && option.section != section && option.file_key() == name) {
      advice = option.section.empty()
                   ? " (it stands at the top level)"
                   : fmt::format(" (it stands in the section '{}')", option.section);
    }
  }
  if (advice.empty()) advice = fmt::format("; known are {}", fmt::join(keys, ", "));
  const std::string where = section.empty() ? "" : fmt::format(" in section '{}'", section);
  complaints_.Add(entry.key.Mark(), fmt::format("unknown key '{}'{}{}", name, where, advice));
}

void MappingReader::ApplyEntry(const Entry& entry, const std::string& section) {
  const YAML::Mark mark = entry.key.Mark();
  if (!entry.key.IsScalar()) {
    complaints_.Add(mark, "a key must be the name of an option");
    return;
  }
  const std::string& name = entry.key.Scalar();
  Option* option = name.empty() ? nullptr : table_.FindInFile(section, name);
  const bool is_section = section.empty() && option == nullptr && IsSection(name);
  if (option == nullptr && !is_section) {
    ComplainOfKey(entry, section);
    return;
  }
  const auto [first, is_new] = first_lines_.try_emplace(section + "." + name, mark.line + 1);
  if (!is_new) {
    complaints_.Add(mark, fmt::format("key '{}' stands in line {} already", name, first->second));
    return;
  }
  if (option != nullptr) {
    ApplyValue(entry, *option);
  } else if (entry.value.IsMap()) {
    Apply(entry.value, name);
  } else if (Option* named = table_.FindInFile(name, ""); named != nullptr) {
    if (!entry.value.IsNull()) ApplyValue(entry, *named);
  } else {
    complaints_.Add(entry.place(), fmt::format("{} must be a mapping", name));
  }
}

void MappingReader::ApplyValue(const Entry& entry, Option& option) {
  if (const auto* entries = std::get_if<EntriesTarget>(&option.target)) {
    ApplyEntries(entry, option, *entries);
    return;
  }
  const std::string name = path_ + FileName(option);
  const Result<std::string> text = TextOf(entry.value, option);
  if (!text.ok()) {
    complaints_.Add(entry.place(), name + " " + text.error().message());
    return;
  }
  const Status status = table_.Set(option, *text, OriginOf(entry));
  if (!status.ok()) complaints_.Add(entry.place(), name + " " + status.message());
}

void MappingReader::ApplyEntries(const Entry& entry, Option& option, const EntriesTarget& target) {
  const std::string name = path_ + FileName(option);
  if (!entry.value.IsSequence() || entry.value.size() == 0) {
    complaints_.Add(entry.place(), fmt::format("{} must be {}", name, target.allowed));
    return;
  }
  target.resize(entry.value.size());
  if (target.size() != entry.value.size()) {
    complaints_.Add(entry.place(), fmt::format("{} must be {}", name, target.allowed));
    return;
  }
  for (std::size_t i = 0; i < entry.value.size(); ++i) {
    const YAML::Node item = entry.value[i];
    const std::string item_name = fmt::format("{}[{}]", name, i);
    if (!item.IsMap()) {
      complaints_.Add(item.Mark().is_null() ? entry.place() : item.Mark(),
                      fmt::format("{} must be a mapping", item_name));
      continue;
    }
    OptionTable table = target.entry(i);
    MappingReader(file_, item_name + ".", table, complaints_).Apply(item, "");
  }
  option.origin = OriginOf(entry);
}

void ApplyDocument(const YAML::Node& root, const std::string& file, OptionTable& table,
                   Complaints& complaints) {
  if (root.IsNull() || !root.IsDefined()) return;
  if (!root.IsMap()) {
    complaints.Add(root.Mark(), "must be a mapping of options to values, like 'tp: 2'");
    return;
  }
  MappingReader(file, "", table, complaints).Apply(root, "");
}

/// Where the first two documents of a text begin. Not YAML::LoadAll: on some texts, such as a
/// single comma, the library sees documents without end.
class DocumentStarts : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { starts_.push_back(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

  static std::vector<YAML::Mark> Find(const std::string& text) {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    DocumentStarts handler;
    while (handler.starts_.size() < 2 && parser.HandleNextDocument(handler)) {
    }
    return handler.starts_;
  }

 private:
  std::vector<YAML::Mark> starts_;
};

}  // namespace

Status ApplyConfigText(std::string_view text, const std::string& file, OptionTable& table) {
  if (text.size() > kMaxBytes) {
    return InvalidArgument(fmt::format("{}: {} bytes are too many for a configuration; at most {}",
                                       file, text.size(), kMaxBytes));
  }
  Complaints complaints(file);
  try {
    const std::string copy(text);
    const std::vector<YAML::Mark> starts = DocumentStarts::Find(copy);
    if (starts.size() > 1) {
      complaints.Add(starts[1], "a configuration is one document; another begins here");
    } else if (!starts.empty()) {
      ApplyDocument(YAML::Load(copy), file, table, complaints);
    }
  } catch (const YAML::Exception& error) {
    complaints.Add(error.mark, "not YAML: " + error.msg);
  } catch (const std::exception& error) {
    return InvalidArgument(fmt::format("{}: not YAML: {}", file, error.what()));
  }
  return complaints.ToStatus();
}

Status ApplyConfigFile(const std::string& path, OptionTable& table) {
  ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path, kMaxBytes, "configuration"));
  return ApplyConfigText(text, path, table);
}

}  // namespace braid
