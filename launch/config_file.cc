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
  return std::holds_alternative<TextTarget>(option.target) ||
         std::holds_alternative<OptionalTextTarget>(option.target);
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
    if (!std::holds_alternative<IntegerListTarget>(option.target)) return wrong("a sequence");
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

std::vector<std::string> KeysOf(const OptionTable& table) {
  std::vector<std::string> keys;
  for (const Option& option : table.options()) {
    if (option.in_file) keys.push_back(option.name);
  }
  return keys;
}

struct Entry {
  YAML::Node key;
  YAML::Node value;
};

void ApplyEntry(const Entry& entry, const std::string& file, OptionTable& table,
                std::map<std::string, int>& first_lines, Complaints& complaints) {
  const YAML::Mark mark = entry.key.Mark();
  if (!entry.key.IsScalar()) {
    complaints.Add(mark, "a key must be the name of an option");
    return;
  }
  const std::string& name = entry.key.Scalar();
  Option* option = table.Find(name);
  if (option == nullptr || !option->in_file) {
    const std::vector<std::string> keys = KeysOf(table);
    const std::string suggestion = DidYouMean(name, keys);
    complaints.Add(
        mark, fmt::format(
                  "unknown key '{}'{}{}", name, suggestion,
                  suggestion.empty() ? fmt::format("; known are {}", fmt::join(keys, ", ")) : ""));
    return;
  }
  if (const auto [first, is_new] = first_lines.try_emplace(name, mark.line + 1); !is_new) {
    complaints.Add(mark, fmt::format("key '{}' stands in line {} already", name, first->second));
    return;
  }
  const YAML::Mark place =
      entry.value.Mark().is_null() || entry.value.IsNull() ? mark : entry.value.Mark();
  const Result<std::string> text = TextOf(entry.value, *option);
  if (!text.ok()) {
    complaints.Add(place, name + " " + text.error().message());
    return;
  }
  const Origin origin{Origin::Kind::kFile, fmt::format("{}:{}", file, mark.line + 1)};
  if (const Status status = SetOption(*option, *text, origin); !status.ok()) {
    complaints.Add(place, name + " " + status.message());
  }
}

void ApplyDocument(const YAML::Node& root, const std::string& file, OptionTable& table,
                   Complaints& complaints) {
  if (root.IsNull() || !root.IsDefined()) return;
  if (!root.IsMap()) {
    complaints.Add(root.Mark(), "must be a mapping of options to values, like 'tp: 2'");
    return;
  }
  std::map<std::string, int> first_lines;
  for (const auto& pair : root) {
    ApplyEntry({pair.first, pair.second}, file, table, first_lines, complaints);
  }
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
