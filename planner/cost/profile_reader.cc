#include "planner/cost/builtin_models.h"
#include "planner/cost/profile.h"
#include "planner/cost/profile_figures.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <exception>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>

namespace braid {
namespace {

constexpr std::size_t kMaxBytes = 1024 * 1024;
constexpr std::size_t kMaxComplaints = 20;
constexpr std::size_t kMaxPoints = 10'000;

std::string Number(double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

class Complaints {
 public:
  explicit Complaints(const std::string& file) : file_(file) {}

  void Add(const YAML::Mark& mark, const std::string& message) {
    if (++count_ > kMaxComplaints) return;
    if (!text_.empty()) text_ += '\n';
    text_ += file_;
    // The library counts from 0, and has -1 where it does not know.
    if (!mark.is_null()) {
      text_ += ':';
      text_ += std::to_string(mark.line + 1);
      text_ += ':';
      text_ += std::to_string(mark.column + 1);
    }
    text_ += ": ";
    text_ += message;
  }

  Status ToStatus() const {
    if (count_ == 0) return {};
    if (count_ <= kMaxComplaints) return InvalidArgument(text_);
    return InvalidArgument(text_ + "\n" + file_ + ": and " +
                           std::to_string(count_ - kMaxComplaints) + " more");
  }

 private:
  const std::string& file_;
  std::size_t count_ = 0;
  std::string text_;
};

/// The number that a scalar spells, all of it.
std::optional<double> NumberOf(const YAML::Node& node) {
  if (!node.IsScalar() || node.Tag() == "!") return std::nullopt;
  const std::string& text = node.Scalar();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

/// Walks one document and collects what is wrong with it.
class Reader {
 public:
  explicit Reader(const std::string& file) : complaints_(file) {}

  Result<Profile> Read(const YAML::Node& root) {
    if (!root.IsMap()) {
      complaints_.Add(root.Mark(), "a profile is a mapping with name, figures and points");
      return complaints_.ToStatus();
    }
    std::set<std::string> seen;
    for (const auto& pair : root) {
      const std::string key = Key(pair.first, "name, figures, points", seen);
      if (key == "name") {
        profile_.name = Text(pair.second, "name");
      } else if (key == "figures") {
        ReadFigures(pair.second);
      } else if (key == "points") {
        ReadPoints(pair.second);
      } else if (!key.empty()) {
        complaints_.Add(pair.first.Mark(),
                        "unknown key '" + key + "'; known are name, figures, points");
      }
    }
    if (!seen.contains("name")) complaints_.Add(root.Mark(), "name is missing");
    CheckFigures(root);
    RETURN_IF_ERROR(complaints_.ToStatus());
    return std::move(profile_);
  }

  Complaints& complaints() { return complaints_; }

 private:
  /// The key's text; empty, and a complaint, where it is none or stands a second time.
  std::string Key(const YAML::Node& node, const char* known, std::set<std::string>& seen) {
    if (!node.IsScalar()) {
      complaints_.Add(node.Mark(), std::string("a key must be one of ") + known);
      return {};
    }
    if (!seen.insert(node.Scalar()).second) {
      complaints_.Add(node.Mark(), "key '" + node.Scalar() + "' stands here a second time");
      return {};
    }
    return node.Scalar();
  }

  std::string Text(const YAML::Node& node, const std::string& what) {
    if (node.IsScalar() && !node.Scalar().empty()) return node.Scalar();
    complaints_.Add(node.Mark(), what + " must be a text");
    return {};
  }

  double Value(const YAML::Node& node, const std::string& what, double least, double most) {
    const std::optional<double> value = NumberOf(node);
    if (value && *value >= least && *value <= most) return *value;
    complaints_.Add(node.Mark(), what + " must be a number from " + Number(least) + " to " +
                                     Number(most) +
                                     (node.IsScalar() ? ", not '" + node.Scalar() + "'" : ""));
    return least;
  }

  std::int32_t Count(const YAML::Node& node, const std::string& what) {
    constexpr double kMost = 100'000'000;
    const double value = Value(node, what, 1, kMost);
    if (value != std::floor(value)) {
      complaints_.Add(node.Mark(), what + " must be a whole number, not " + Number(value));
    }
    return static_cast<std::int32_t>(value);
  }

  void ReadFigures(const YAML::Node& node) {
    if (!node.IsMap()) {
      complaints_.Add(node.Mark(), "figures must be a mapping of keys to {value, source}");
      return;
    }
    std::set<std::string> seen;
    for (const auto& pair : node) {
      const std::string name = Key(pair.first, "the figures of docs/cost_model.md", seen);
      if (name.empty()) continue;
      const FigureKey* key = nullptr;
      for (const FigureKey& candidate : kFigureKeys) {
        if (candidate.name == name) key = &candidate;
      }
      if (key == nullptr) {
        complaints_.Add(pair.first.Mark(), "unknown figure '" + name + "'; known are " + Known());
        continue;
      }
      ReadFigure(pair.second, *key);
    }
  }

  static std::string Known() {
    std::string names;
    for (const FigureKey& key : kFigureKeys) {
      names += (names.empty() ? "" : ", ") + std::string(key.name);
    }
    return names;
  }

  void ReadFigure(const YAML::Node& node, const FigureKey& key) {
    const std::string name(key.name);
    Figure& figure = profile_.*key.figure;
    // Named, so that a broken figure is not reported as missing as well.
    figure.source.assign(1, '?');
    if (!node.IsMap()) {
      complaints_.Add(node.Mark(), name + " must be {value: number, source: text}");
      return;
    }
    std::set<std::string> seen;
    for (const auto& pair : node) {
      const std::string field = Key(pair.first, "value, source", seen);
      if (field == "value") {
        figure.value = Value(pair.second, name, key.least, key.most);
      } else if (field == "source") {
        figure.source = Text(pair.second, "the source of " + name);
      } else if (!field.empty()) {
        complaints_.Add(pair.first.Mark(), "unknown key '" + field + "'; known are value, source");
      }
    }
    if (!seen.contains("value")) complaints_.Add(node.Mark(), name + " has no value");
    if (!seen.contains("source")) complaints_.Add(node.Mark(), name + " has no source");
  }

  void CheckFigures(const YAML::Node& root) {
    for (const FigureKey& key : kFigureKeys) {
      if (key.required && !(profile_.*key.figure).known()) {
        complaints_.Add(root.Mark(), "the figure " + std::string(key.name) + " is missing");
      }
    }
    if (!profile_.flops_f32.known() && !profile_.flops_f16.known() &&
        !profile_.flops_int8.known()) {
      complaints_.Add(root.Mark(), "one of flops_f32, flops_f16, flops_int8 is needed");
    }
  }

  void ReadPoints(const YAML::Node& node) {
    if (!node.IsSequence()) {
      complaints_.Add(node.Mark(), "points must be a sequence");
      return;
    }
    if (node.size() > kMaxPoints) {
      complaints_.Add(node.Mark(), std::to_string(node.size()) + " points; at most " +
                                       std::to_string(kMaxPoints));
      return;
    }
    for (const YAML::Node& item : node) ReadPoint(item);
  }

  void ReadPoint(const YAML::Node& node) {
    constexpr const char* kKnown =
        "model, what, tp, degree, masters, batch, length, ns, fit, source";
    if (!node.IsMap()) {
      complaints_.Add(node.Mark(), std::string("a point must be a mapping of ") + kKnown);
      return;
    }
    CalibrationPoint point;
    std::set<std::string> seen;
    for (const auto& pair : node) {
      const std::string key = Key(pair.first, kKnown, seen);
      if (!key.empty() && !ReadPointField(key, pair.second, point)) {
        complaints_.Add(pair.first.Mark(), "unknown key '" + key + "'; known are " + kKnown);
      }
    }
    if (point.masters > point.degree) {
      complaints_.Add(node.Mark(), "more masters than instances: " + std::to_string(point.masters) +
                                       " of " + std::to_string(point.degree));
    }
    for (const char* needed : {"model", "what", "tp", "batch", "length", "ns", "source"}) {
      if (!seen.contains(needed)) {
        complaints_.Add(node.Mark(), std::string("the point has no ") + needed);
      }
    }
    profile_.points.push_back(std::move(point));
  }

  bool ReadPointField(const std::string& key, const YAML::Node& node, CalibrationPoint& point) {
    if (key == "model") {
      point.model = Text(node, key);
      if (const Result<ModelSpec> model = BuiltinModel(point.model); !model.ok()) {
        complaints_.Add(node.Mark(), model.error().message());
      }
    } else if (key == "what") {
      const std::string what = Text(node, key);
      point.what =
          what == "decode" ? CalibrationPoint::What::kDecode : CalibrationPoint::What::kPrefill;
      if (what != "decode" && what != "prefill") {
        complaints_.Add(node.Mark(), "what must be prefill or decode, not '" + what + "'");
      }
    } else if (key == "tp") {
      point.tensor_size = Count(node, key);
    } else if (key == "degree") {
      point.degree = Count(node, key);
    } else if (key == "masters") {
      point.masters = Count(node, key);
    } else if (key == "batch") {
      point.batch = Count(node, key);
    } else if (key == "length") {
      point.length = Count(node, key);
    } else if (key == "ns") {
      constexpr double kMost = 1e15;
      point.ns = Value(node, key, 1, kMost);
    } else if (key == "fit") {
      const std::string text = Text(node, key);
      point.fit = text == "true";
      if (text != "true" && text != "false") {
        complaints_.Add(node.Mark(), "fit must be true or false, not '" + text + "'");
      }
    } else if (key == "source") {
      point.source = Text(node, key);
    } else {
      return false;
    }
    return true;
  }

  Complaints complaints_;
  Profile profile_;
};

/// Counts documents without YAML::LoadAll: on some texts the library sees documents without end.
class DocumentCount : public YAML::EventHandler {
 public:
  static int Of(const std::string& text) {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    DocumentCount handler;
    while (handler.count_ < 2 && parser.HandleNextDocument(handler)) {
    }
    return handler.count_;
  }

  void OnDocumentStart(const YAML::Mark&) override { ++count_; }
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

 private:
  int count_ = 0;
};

}  // namespace

Result<Profile> ParseProfile(std::string_view text, const std::string& file) {
  if (text.size() > kMaxBytes) {
    return InvalidArgument(file + ": " + std::to_string(text.size()) +
                           " bytes are too many for a profile; at most " +
                           std::to_string(kMaxBytes));
  }
  Reader reader(file);
  try {
    const std::string copy(text);
    const int documents = DocumentCount::Of(copy);
    if (documents != 1) {
      return InvalidArgument(file + ": a profile is one YAML document, this has " +
                             (documents == 0 ? "none" : "several"));
    }
    return reader.Read(YAML::Load(copy));
  } catch (const YAML::Exception& error) {
    reader.complaints().Add(error.mark, "not YAML: " + error.msg);
  } catch (const std::exception& error) {
    return InvalidArgument(file + ": not YAML: " + error.what());
  }
  return reader.complaints().ToStatus();
}

Result<Profile> LoadProfile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    return NotFound("cannot open the profile " + path + ": " +
                    std::generic_category().message(errno) +
                    "; give the path of a YAML file, or a built-in name without .yaml or '/'");
  std::string text(kMaxBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad() || (stream.fail() && !stream.eof())) {
    return NotFound("cannot read the profile " + path);
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return ParseProfile(text, path);
}

}  // namespace braid
